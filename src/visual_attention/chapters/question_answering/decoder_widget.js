// ---- the network: the same numbers as `PictureDecoder` in decoder.py

function network(numbers, shapes, start) {
  const parts = {};
  let at = start;
  for (const [name, shape] of shapes) {
    const count = shape.reduce((a, b) => a * b, 1);
    parts[name] = numbers.subarray(at, (at += count));
    parts[name].shape = shape;
  }
  return parts;
}

// Rows x inputs -> rows x outputs.
function linear(net, name, x, relu = false) {
  const weight = net[`${name}.weight`], bias = net[`${name}.bias`];
  const [outputs, inputs] = weight.shape;
  const rows = x.length / inputs;
  const made = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o];
      for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[r * inputs + i];
      made[r * outputs + o] = relu && sum < 0 ? 0 : sum;
    }
  }
  return made;
}

function normed(net, name, x) {
  const weight = net[`${name}.weight`], bias = net[`${name}.bias`], dim = weight.length;
  const made = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += dim) {
    const row = x.subarray(at, at + dim);
    const mean = row.reduce((a, b) => a + b, 0) / dim;
    const spread = Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / dim + 1e-5);
    for (let i = 0; i < dim; i++) made[at + i] = ((row[i] - mean) / spread) * weight[i] + bias[i];
  }
  return made;
}

const plus = (a, b) => a.map((value, i) => value + b[i]);

// What each token takes from those before it and from itself; the mean over heads is kept.
function attend(qkv, count, dim, heads) {
  const own = dim / heads, mixed = new Float64Array(count * dim), weights = new Float64Array(count * count);
  const part = (n, which, i) => qkv[n * 3 * dim + which * dim + i];
  for (let h = 0; h < heads; h++) {
    for (let t = 0; t < count; t++) {
      const scores = new Float64Array(t + 1);
      for (let n = 0; n <= t; n++) {
        for (let i = h * own; i < (h + 1) * own; i++) scores[n] += part(t, 0, i) * part(n, 1, i);
        scores[n] /= Math.sqrt(own);
      }
      const shares = tk.softmax(scores);
      for (let n = 0; n <= t; n++) {
        weights[t * count + n] += shares[n] / heads;
        for (let i = h * own; i < (h + 1) * own; i++) mixed[t * dim + i] += shares[n] * part(n, 2, i);
      }
    }
  }
  return { mixed, weights };
}

// Scores of the next word after each token, and each block's weights: cells 9 x F, tokens a list of numbers.
function decode(net, depth, heads, cells, tokens) {
  const code = net["cells.code"], [places, wide] = code.shape, features = cells.length / places;
  const joined = new Float64Array(places * (features + wide));
  for (let n = 0; n < places; n++) {
    for (let i = 0; i < features; i++) joined[n * (features + wide) + i] = cells[n * features + i];
    for (let i = 0; i < wide; i++) joined[n * (features + wide) + features + i] = code[n * wide + i];
  }
  const embedding = net["words.embedding.weight"], order = net["words.order"], dim = embedding.shape[1];
  const words = tokens.flatMap((word, t) => Array.from({ length: dim }, (_, i) => embedding[word * dim + i] + order[t * dim + i]));
  let x = Float64Array.from([...linear(net, "cells.proj", joined), ...words]);
  const count = places + tokens.length, maps = [];
  for (let k = 0; k < depth; k++) {
    const name = `blocks.${k}`;
    const { mixed, weights } = attend(linear(net, `${name}.qkv`, normed(net, `${name}.norms.0`, x)), count, dim, heads);
    maps.push(weights);
    x = plus(x, linear(net, `${name}.proj`, mixed));
    x = plus(x, linear(net, `${name}.think.2`, linear(net, `${name}.think.0`, normed(net, `${name}.norms.1`, x), true)));
  }
  return { scores: linear(net, "head", normed(net, "norm", x.subarray(places * dim))), maps, count, places };
}

// The likeliest words, one after the other, each with its share; and the weights of the last pass.
function say(net, depth, heads, cells, question, longest) {
  const tokens = [...question], shares = [];
  let made = null;
  for (let word = 0; word < longest; word++) {
    made = decode(net, depth, heads, cells, tokens);
    const wide = made.scores.length / tokens.length;
    const now = tk.softmax(made.scores.subarray((tokens.length - 1) * wide));
    const best = tk.highest(now);
    tokens.push(best);
    shares.push(now[best]);
  }
  return { tokens, shares, ...made };
}

// ---- the widget

function render({ model, el }) {
  const side = 3, places = side * side;
  const words = model.get("words"), colours = model.get("colours"), names = model.get("names"), sides = model.get("sides");
  const depth = model.get("depth"), heads = model.get("heads"), longest = 4, pixels = model.get("pixels");
  const numbers = tk.floats(model.get("numbers")), features = tk.floats(model.get("features")), tiles = tk.bytes(model.get("tiles"));
  const length = model.get("shapes").reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const nets = model.get("trainings").map((_, i) => network(numbers, model.get("shapes"), i * length));
  const width = features.length / (model.get("scenes").length * (places + 1));
  const word = (text) => words.indexOf(text);
  let cursor = 0, held = -1, made = null, slots = null;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Compose a question. Click a thing and then a place to move it; Delete removes it. Step through the words to see where each looked.",
  });
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const board = tk.canvas(pair, {
    label: "The picture, 3 by 3 places. Arrow keys move, Enter takes a thing and puts it down, Delete removes it, Escape brings all back.",
    caption: "the picture", draw: drawBoard, onPoint, onKey,
  });
  const map = tk.canvas(pair, { label: "Where the chosen word looked in the picture", caption: "where the word looked", draw: drawMap });
  const key = tk.colourBar(card.stage, { label: "share" });
  const sentence = tk.element("div", { class: "tk-words", style: "display:flex;flex-wrap:wrap;gap:0.35rem 0.7rem;align-items:end" });
  card.stage.append(sentence);

  // ---- what is computed

  const tileAt = (place) => model.get("order")[place];
  const content = (place) => model.get("contents")[model.get("scene")][tileAt(place)]; // [name, colour], -1 for nothing
  const told = (place) => (content(place)[0] < 0 ? "an empty place" : `the ${colours[content(place)[1]]} ${names[content(place)[0]]}`);

  function cells() {
    const from = (place) => (model.get("scene") * (places + 1) + tileAt(place)) * width;
    return Float64Array.from(Array.from({ length: places }, (_, place) => [...features.subarray(from(place), from(place) + width)]).flat());
  }

  // As `answer` in sentences.py.
  function truth() {
    const [first, middle, last] = model.get("question");
    const all = Array.from({ length: places }, (_, place) => content(place));
    if (first === "many") {
      const many = all.filter(([name, colour]) => name >= 0 && colours[colour] === last).length;
      return [["none", "one", "two", "three", "four"][many], many === 1 ? "is" : "are", last, "."];
    }
    let place = all.findIndex(([name]) => names[name] === last);
    if (place >= 0 && middle !== "of") {
      const [down, right] = sides[middle];
      const row = Math.floor(place / side) + down, column = (place % side) + right;
      place = row >= 0 && row < side && column >= 0 && column < side ? row * side + column : -1;
    }
    if (place < 0 || all[place][0] < 0) return ["none", "is", "there", "."];
    return [names[all[place][0]], "is", colours[all[place][1]], "."];
  }

  function compute() {
    const question = [...model.get("question").map(word), word("?")];
    made = say(nets[model.get("training")], depth, heads, cells(), question, longest);
  }

  // The tokens that look: the question's three words, then whoever says each word of the answer.
  const answer = () => made.tokens.slice(4).map((number) => words[number]);
  const spoken = () => { // as `text` in sentences.py: up to the full stop
    const said = answer(), end = said.indexOf(".");
    return said.slice(0, end < 0 ? said.length : end + 1).filter(Boolean).join(" ");
  };
  const label = (step) => (step < 3 ? `reading “${model.get("question")[step]}”` : `saying “${answer()[step - 3]}”`);
  const row = () => {
    const at = places + model.get("step");
    return made.maps[model.get("block")].subarray(at * made.count, (at + 1) * made.count);
  };

  // ---- pictures

  function drawTiles(g, w, h, grey) {
    g.imageSmoothingEnabled = false; // few pixels: show them
    const small = tk.blank(pixels, pixels), inner = small.getContext("2d");
    for (let place = 0; place < places; place++) {
      const data = inner.createImageData(pixels, pixels), area = pixels * pixels;
      const from = (model.get("scene") * (places + 1) + tileAt(place)) * 3 * area;
      for (let n = 0; n < area; n++) {
        const colour = [0, 1, 2].map((c) => tiles[from + c * area + n]);
        const mean = (colour[0] + colour[1] + colour[2]) / 3;
        data.data.set([...(grey ? [mean, mean, mean] : colour), 255], 4 * n);
      }
      inner.putImageData(data, 0, 0);
      g.drawImage(small, (place % side) * w, Math.floor(place / side) * h, w, h);
    }
  }

  function drawBoard(g, wide, high) {
    const w = wide / side, h = high / side;
    drawTiles(g, w, h, false);
    const frame = (place, colour) => tk.outline(g, (place % side) * w + 2, Math.floor(place / side) * h + 2, w - 4, h - 4, colour, 3);
    if (held >= 0) frame(held, "#ff7a3c");
    if (document.activeElement === board.element && cursor !== held) frame(cursor, "#8ecbff");
  }

  function drawMap(g, wide, high) {
    drawTiles(g, wide / side, high / side, true);
    const shares = row().slice(0, places), most = Math.max(...shares);
    g.imageSmoothingEnabled = false;
    g.drawImage(tk.heat(shares, side, side, Math.max(...row())), 0, 0, wide, high);
    const best = tk.highest(shares);
    if (most > 0) tk.outline(g, ((best % side) * wide) / side + 2, (Math.floor(best / side) * high) / side + 2, wide / side - 4, high / side - 4, "#ff7a3c", 2);
  }

  // ---- moving

  function press(place) {
    cursor = place;
    if (held < 0) {
      if (content(place)[0] >= 0) held = place;
      return show();
    }
    const order = [...model.get("order")];
    [order[held], order[place]] = [order[place], order[held]];
    held = -1;
    tk.put(model, { order });
  }

  function remove(place) {
    const order = [...model.get("order")];
    order[place] = places; // the spare empty tile
    held = -1;
    tk.put(model, { order });
  }

  const whole = () => Array.from({ length: places }, (_, place) => place);

  function onPoint({ x, y }, event) {
    if (event.type !== "pointerdown") return;
    const within = (part) => Math.min(Math.max(Math.floor(part * side), 0), side - 1);
    press(within(y) * side + within(x));
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const line = Math.floor(cursor / side), column = cursor % side;
    const moves = { ArrowLeft: [line, column - 1], ArrowRight: [line, column + 1], ArrowUp: [line - 1, column], ArrowDown: [line + 1, column] };
    if (event.key in moves) {
      const [y, x] = moves[event.key].map((at) => Math.min(Math.max(at, 0), side - 1));
      cursor = y * side + x;
      card.say(`On ${told(cursor)}.`);
      board.redraw();
    } else if (event.key === "Enter" || event.key === " ") press(cursor);
    else if (event.key === "Delete" || event.key === "Backspace") remove(held >= 0 ? held : cursor);
    else if (event.key === "Escape") { held = -1; tk.put(model, { order: whole() }); } else return;
    event.preventDefault();
  }

  // ---- telling

  function tell() {
    const said = spoken(), right = truth();
    const there = right[2] !== "there", denies = said === "none is there .";
    let verdict = said === right.join(" ") ? "That is true." : `True would be: ${right.join(" ")}`;
    if (!there && !denies) verdict = "Nothing is there: this answer is invented.";
    const picture = row().subarray(0, places), best = tk.highest(picture);
    const share = picture.reduce((a, b) => a + b, 0);
    const look = `${label(model.get("step"))[0].toUpperCase()}${label(model.get("step")).slice(1)}, block ${model.get("block") + 1} puts ${tk.percent(share)} on the picture, most of it, ${tk.percent(picture[best])}, on ${told(best)}.`;
    const holding = held >= 0 ? ` You hold ${told(held)}: choose its new place.` : "";
    card.say(`${model.get("question").join(" ")}? It says: ${said} (first word ${tk.percent(made.shares[0])}). ${verdict} ${look}${holding}`);
  }

  function showWords() {
    const weights = row(), texts = [...model.get("question"), "?", ...answer().slice(0, 3)];
    const shares = [weights.subarray(0, places).reduce((a, b) => a + b, 0), ...Array.from({ length: texts.length }, (_, t) => weights[places + t])];
    sentence.replaceChildren(...["picture", ...texts].map((text, i) => {
      const box = tk.element("div", { style: "min-width:2.6rem" }, tk.element("span", { style: `font-weight:${i - 1 === model.get("step") ? 800 : 500}` }, text));
      tk.meter(box).set(shares[i]);
      box.append(tk.element("span", { class: "tk-value" }, tk.percent(shares[i])));
      return box;
    }));
  }

  // ---- controls

  const asks = tk.element("div", { class: "tk-wide", style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:0.5rem" });
  card.controls.append(asks);
  const ask = (place, text) => tk.put(model, { question: model.get("question").map((old, i) => (i === place ? text : old)) });
  const first = tk.select(asks, {
    label: "First word", options: [["colour", "colour"], ["many", "many"]], value: model.get("question")[0],
    onChange: (text) => tk.put(model, { question: text === "many" ? ["many", "are", colours[0]] : ["colour", "of", names[0]] }),
  });
  const rest = tk.element("div", { style: "display:contents" });
  asks.append(rest);

  function showSlots() {
    const form = model.get("question")[0];
    if (!slots || slots.form !== form) {
      rest.replaceChildren();
      const options = form === "many" ? [["are"], colours] : [["of", ...Object.keys(sides)], names];
      slots = { form, fields: ["Second word", "Third word"].map((text, i) => tk.select(rest, {
        label: text, options: options[i].map((one) => [one, one]), value: model.get("question")[i + 1], onChange: (value) => ask(i + 1, value),
      })) };
    }
    first.set(form);
    slots.fields.forEach((field, i) => field.set(model.get("question")[i + 1]));
  }

  const player = tk.player(card.controls, {
    count: 7, value: model.get("step"), label: "Word", format: (step) => (made ? label(step) : ""), onStep: (step) => tk.put(model, { step }),
  });
  const controls = {
    block: tk.choice(card.controls, {
      label: "Weights of", options: Array.from({ length: depth }, (_, k) => [k, `block ${k + 1}`]), value: model.get("block"),
      onChange: (block) => tk.put(model, { block }),
    }),
    training: tk.choice(card.controls, {
      label: "In training, questions were about", options: model.get("trainings").map((text, i) => [i, text]), value: model.get("training"),
      onChange: (training) => tk.put(model, { training }),
    }),
    scene: tk.select(card.controls, {
      label: "Picture", options: model.get("scenes").map((text, i) => [i, text]), value: model.get("scene"),
      onChange: (scene) => { held = -1; tk.put(model, { scene, order: whole() }); },
    }),
  };
  tk.button(card.controls, { label: "Bring all things back", onClick: () => { held = -1; tk.put(model, { order: whole() }); } });

  function show() {
    compute();
    showSlots();
    for (const name in controls) controls[name].set(model.get(name));
    player.set(model.get("step"));
    key.set(Math.max(...row()));
    showWords();
    board.redraw();
    map.redraw();
    tell();
  }
  tk.watch(model, ["scene", "order", "question", "training", "step", "block"], show);
  show();
}
export default { render };
