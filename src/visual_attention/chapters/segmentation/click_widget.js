// ---- the network: the same numbers as `Prompted` in prompt.py

const WAVES = [8, 16, 32, 64];

function network(numbers, shapes) {
  const parts = {};
  let at = 0;
  for (const [name, shape] of shapes) {
    const count = shape.reduce((a, b) => a * b, 1);
    parts[name] = numbers.subarray(at, (at += count));
    parts[name].shape = shape;
  }
  return parts;
}

// Rows x inputs -> rows x outputs.
function linear(net, name, x, relu = false) {
  const weight = net[`${name}.weight`], bias = net[`${name}.bias`]; // some have none
  const [outputs, inputs] = weight.shape;
  const rows = x.length / inputs;
  const made = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias ? bias[o] : 0;
      for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[r * inputs + i];
      made[r * outputs + o] = relu && sum < 0 ? 0 : sum;
    }
  }
  return made;
}

// One look: what each query finds among the keys, which are values too; even: all places weigh alike.
function attend(net, name, queries, keys, heads, even) {
  const q = linear(net, `${name}.query`, queries), k = linear(net, `${name}.key`, keys), v = linear(net, `${name}.value`, keys);
  const dim = net[`${name}.query.bias`].length, own = dim / heads;
  const tokens = queries.length / dim, places = keys.length / dim;
  const mixed = new Float64Array(tokens * dim);
  const weights = new Float64Array(tokens * places); // the mean over heads
  for (let h = 0; h < heads; h++) {
    for (let t = 0; t < tokens; t++) {
      const scores = new Float64Array(places);
      for (let n = 0; n < places; n++) {
        let sum = 0;
        for (let i = h * own; i < (h + 1) * own; i++) sum += q[t * dim + i] * k[n * dim + i];
        scores[n] = even ? 0 : sum / Math.sqrt(own);
      }
      const shares = tk.softmax(scores);
      for (let n = 0; n < places; n++) {
        weights[t * places + n] += shares[n] / heads;
        for (let i = h * own; i < (h + 1) * own; i++) mixed[t * dim + i] += shares[n] * v[n * dim + i];
      }
    }
  }
  return { mixed: linear(net, `${name}.proj`, mixed), weights };
}

const plus = (a, b) => a.map((value, i) => value + b[i]);

// Sine and cosine of a row and a column, as `code` in prompt.py.
function codeOf(row, column) {
  return [row, column].flatMap((at) => {
    const angles = WAVES.map((wave) => (2 * Math.PI * at) / wave);
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });
}

function pooled({ values, size }) {
  const half = size / 2, channels = values.length / (size * size);
  const made = new Float64Array(channels * half * half);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < half; y++) {
      for (let x = 0; x < half; x++) {
        const at = (c * size + 2 * y) * size + 2 * x;
        made[(c * half + y) * half + x] = Math.max(values[at], values[at + 1], values[at + size], values[at + size + 1]);
      }
    }
  }
  return { values: made, size: half };
}

function grown({ values, size }) {
  const channels = values.length / (size * size), large = 2 * size;
  const made = new Float64Array(4 * values.length);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < large; y++) {
      for (let x = 0; x < large; x++) made[(c * large + y) * large + x] = values[(c * size + (y >> 1)) * size + (x >> 1)];
    }
  }
  return { values: made, size: large };
}

// What is made of a picture once: keys of the places, vectors of the pixels.
function see(net, picture, size) {
  const layer = (name, x) => {
    const weights = net[`${name}.weight`];
    const [outputs, inputs, side] = weights.shape;
    return convolve(x.values, x.size, { outputs, inputs, side, stride: 1, weights, bias: net[`${name}.bias`] }, true);
  };
  const joined = (a, b) => ({ values: Float64Array.from([...a.values, ...b.values]), size: a.size });
  const fine = layer("first", { values: picture, size });
  const middle = layer("second", pooled(fine));
  const coarse = layer("third", pooled(middle));
  const places = layer("up_middle", joined(grown(coarse), middle));
  const pixels = layer("up_fine", joined(grown(places), fine));
  const rows = ({ values, size: s }, more) => {
    const channels = values.length / (s * s), width = channels + more;
    const made = new Float64Array(s * s * width);
    for (let n = 0; n < s * s; n++) for (let c = 0; c < channels; c++) made[n * width + c] = values[c * s * s + n];
    return { made, width, channels };
  };
  const codes = (s, step) => {
    const all = [];
    for (let y = 0; y < s; y++) for (let x = 0; x < s; x++) all.push(...codeOf(y * step + (step - 1) / 2, x * step + (step - 1) / 2));
    return Float64Array.from(all);
  };
  const half = places.size;
  const keys = plus(linear(net, "what", rows(places, 0).made), linear(net, "where", codes(half, 2)));
  const code = codes(size, 1), wide = code.length / (size * size);
  const { made, width, channels } = rows(pixels, wide);
  for (let n = 0; n < size * size; n++) for (let i = 0; i < wide; i++) made[n * width + channels + i] = code[n * wide + i];
  const content = linear(net, "pixel.0", made, true);
  return { keys, content, code, wide, half };
}

// The score of each pixel, and what the last click takes from each place.
function answer(net, seen, clicks, heads, looks) {
  const kinds = net["kind.weight"], dim = kinds.shape[1];
  const kind = (k) => Float64Array.from(kinds.subarray(k * dim, (k + 1) * dim));
  const asked = clicks.map(([row, column, sign]) => plus(linear(net, "where", codeOf(row, column)), kind(sign < 0 ? 1 : 0)));
  const queries = Float64Array.from(asked.flatMap((query) => [...query]));
  const looked = attend(net, "looks.0", queries, seen.keys, heads, !looks);
  const found = [...plus(looked.mixed, Float64Array.from(clicks.flatMap(([, , sign]) => [...kind(sign < 0 ? 1 : 0)])))];
  while (found.length < 2 * dim) found.push(...kind(2));
  const read = linear(net, "read", linear(net, "think.0", found, true));
  const count = seen.code.length / seen.wide, places = seen.half * seen.half;
  const scores = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    let sum = read[dim + seen.wide];
    for (let i = 0; i < dim; i++) sum += seen.content[n * dim + i] * read[i];
    for (let i = 0; i < seen.wide; i++) sum += seen.code[n * seen.wide + i] * read[dim + i];
    scores[n] = sum;
  }
  return { scores, weights: looked.weights.slice(-places) };
}

// ---- the widget

function render({ model, el }) {
  const size = model.get("size"), heads = model.get("heads"), names = model.get("names");
  const net = network(tk.floats(model.get("numbers")), model.get("shapes"));
  const values = tk.bytes(model.get("values")), things = tk.bytes(model.get("things"));
  const OWN = -1, area = size * size;
  const loaded = {}; // scene -> { picture, grey }
  const encoded = {}; // scene -> what `see` gives
  let own = null;
  let cursor = model.get("clicks").length ? model.get("clicks")[0].slice(0, 2) : [size >> 1, size >> 1];
  let result = null, small = null;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Click on a thing, or move with the arrow keys and press Enter. A second click corrects the answer; a third begins anew, as Escape does.",
  });
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const board = tk.canvas(pair, {
    label: `The picture, ${size} by ${size} pixels. Arrow keys move, Enter clicks, Escape begins anew.`,
    caption: "click here", draw: drawBoard, onPoint, onKey,
  });
  const heat = tk.canvas(pair, { label: "Where the last click looked", caption: "where the last click looked", draw: drawMap });
  const key = tk.colourBar(card.stage, { label: "share" });

  function picture(scene) {
    if (scene === OWN) return own;
    return Float64Array.from(values.subarray(scene * 3 * area, (scene + 1) * 3 * area), (value) => value / 255);
  }

  function compute() {
    const scene = model.get("scene"), clicks = model.get("clicks");
    if (scene === OWN && !own) { result = null; return; }
    encoded[scene] = encoded[scene] || see(net, picture(scene), size);
    result = clicks.length ? answer(net, encoded[scene], clicks, heads, model.get("looks")) : null;
    if (result) {
      const most = Math.max(...result.weights);
      small = tk.heat(result.weights, size / 2, size / 2, most, small);
      key.set(most);
    }
  }

  // ---- pictures

  function drawBoard(g, width, height) {
    const shown = loaded[model.get("scene")];
    const w = width / size, h = height / size;
    if (shown) {
      g.imageSmoothingEnabled = false; // few pixels: show them
      g.drawImage(shown.picture, 0, 0, width, height);
    }
    if (result) {
      const inside = (y, x) => result.scores[y * size + x] > 0;
      for (const [colour, line] of [["rgba(0,0,0,0.75)", 4.5], ["#ffffff", 2]]) {
        g.strokeStyle = colour;
        g.lineWidth = line;
        g.beginPath();
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) {
            if (x + 1 < size && inside(y, x + 1) !== inside(y, x)) { g.moveTo((x + 1) * w, y * h); g.lineTo((x + 1) * w, (y + 1) * h); }
            if (y + 1 < size && inside(y + 1, x) !== inside(y, x)) { g.moveTo(x * w, (y + 1) * h); g.lineTo((x + 1) * w, (y + 1) * h); }
          }
        }
        g.stroke();
      }
    }
    model.get("clicks").forEach((click) => cross(g, click, w, h));
    if (document.activeElement === board.element) tk.outline(g, cursor[1] * w, cursor[0] * h, w, h, "#8ecbff", 2);
  }

  // A plus for "this", a minus for "not this".
  function cross(g, [row, column, sign], w, h) {
    const x = (column + 0.5) * w, y = (row + 0.5) * h, arm = 1.2 * w;
    for (const [colour, line] of [["#000000", 6], ["#ff7a3c", 3]]) {
      g.strokeStyle = colour;
      g.lineWidth = line;
      g.beginPath();
      g.moveTo(x - arm, y);
      g.lineTo(x + arm, y);
      if (sign > 0) { g.moveTo(x, y - arm); g.lineTo(x, y + arm); }
      g.stroke();
    }
  }

  function drawMap(g, width, height) {
    const shown = loaded[model.get("scene")];
    if (!shown) return;
    if (result) tk.mapOver(g, shown.grey, small, 0, 0, width, height);
    else g.drawImage(shown.grey, 0, 0, width, height);
    model.get("clicks").forEach((click) => cross(g, click, width / size, height / size));
  }

  // ---- telling

  function tell() {
    const scene = model.get("scene"), clicks = model.get("clicks");
    if (!result) {
      card.say(scene === OWN && !own ? "Open a photograph of your own first." : "No click yet, so no mask.");
      return;
    }
    let marked = 0;
    for (const score of result.scores) marked += score > 0;
    let text = `${clicks.length === 1 ? "One click" : "Two clicks"}: ${marked} of ${area} pixels are marked`;
    if (scene !== OWN) {
      const under = things[scene * area + clicks[0][0] * size + clicks[0][1]];
      let both = 0, either = 0;
      result.scores.forEach((score, n) => {
        const meant = under > 0 && things[scene * area + n] === under;
        both += score > 0 && meant;
        either += score > 0 || meant;
      });
      text += under ? `; IoU with the thing under the first click ${(both / either).toFixed(2)}` : "; the first click lies on no thing";
    }
    card.say(`${text}. It looked at ${tk.effective(result.weights).toFixed(0)} of ${result.weights.length} places, counted by their shares.`);
  }

  // ---- clicking

  function click(row, column) {
    const before = model.get("clicks");
    const next = before.length === 1 ? [...before, [row, column, model.get("sign")]] : [[row, column, 1]];
    tk.put(model, { clicks: next });
  }

  function onPoint({ x, y }, event) {
    if (event.type !== "pointerdown") return;
    const within = (share) => Math.min(Math.max(Math.floor(share * size), 0), size - 1);
    cursor = [within(y), within(x)];
    click(...cursor);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = cursor;
    const moves = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column] };
    if (event.key in moves) {
      event.preventDefault();
      cursor = moves[event.key].map((place) => Math.min(Math.max(place, 0), size - 1));
      board.redraw();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      click(...cursor);
    } else if (event.key === "Escape") tk.put(model, { clicks: [] });
  }

  // ---- controls

  const controls = {
    sign: tk.choice(card.controls, {
      label: "A second click says", options: [[1, "this too"], [-1, "not this"]], value: model.get("sign"),
      onChange: (sign) => tk.put(model, { sign }),
    }),
    looks: tk.toggle(card.controls, { label: "Let the clicks look", value: model.get("looks"), onChange: (looks) => tk.put(model, { looks }) }),
    scene: tk.select(card.controls, {
      label: "Picture", options: [...names.map((name, i) => [i, name]), [OWN, "one of your own"]], value: model.get("scene"),
      onChange: (scene) => tk.put(model, { scene: Number(scene), clicks: [] }),
    }),
  };
  tk.button(card.controls, { label: "Begin anew", onClick: () => tk.put(model, { clicks: [] }) });
  opener(card, {
    rows: size, columns: size,
    onPicture: (read) => {
      own = new Float64Array(3 * area);
      for (let n = 0; n < area; n++) for (let c = 0; c < 3; c++) own[c * area + n] = read[3 * n + c];
      const [shown, grey] = [tk.blank(size, size), tk.blank(size, size)];
      for (const [canvas, plain] of [[shown, false], [grey, true]]) {
        const g = canvas.getContext("2d"), data = g.createImageData(size, size);
        for (let n = 0; n < area; n++) {
          const colour = [0, 1, 2].map((c) => 255 * read[3 * n + c]);
          const mean = (colour[0] + colour[1] + colour[2]) / 3;
          data.data.set([...(plain ? [mean, mean, mean] : colour), 255], 4 * n);
        }
        g.putImageData(data, 0, 0);
      }
      loaded[OWN] = { picture: shown, grey };
      delete encoded[OWN];
      tk.put(model, { scene: OWN, clicks: [] });
      show();
    },
  });

  function show() {
    for (const name in controls) controls[name].set(model.get(name));
    compute();
    board.redraw();
    heat.redraw();
    tell();
  }
  tk.watch(model, ["clicks", "scene", "sign", "looks"], show);
  model.get("pictures").forEach((url, i) => tk.image(url, (shown, grey) => {
    loaded[i] = { picture: shown, grey };
    board.redraw();
    heat.redraw();
  }));
  show();
}
export default { render };
