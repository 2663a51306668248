function render({ model, el }) {
  const S = model.get("sizes");
  const pixels = tk.bytes(model.get("images"));
  const labels = model.get("labels");
  const net = network(S, tk.shorts(model.get("weights")));
  const score = { you: 0, model: 0, draw: 0 };
  const counted = new Set();
  const runs = {};
  const OWN = -1;
  let photograph = null; // the reader's, grey from 0 to 255, which the page alone knows
  let ours = false; // whether it is shown
  let turned = false; // whether bright and dark change places in it

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Step through the model's glimpses. Then choose “You” and look yourself: click the picture, or give it the focus, " +
      "move with the arrow keys and press Enter. The same network reads what you look at.",
  });
  const columns = tk.element("div", { class: "tk-columns" });
  const left = tk.element("div");
  const right = tk.element("div");
  columns.append(left, right);
  card.stage.append(columns);
  let aim = { x: 0, y: 0 };
  let aimed = false;

  const picture = tk.canvas(left, {
    label: "The picture", ratio: 1, draw: drawPicture, caption: "The picture, as far as it was seen",
    onPoint: (at, event) => {
      if (model.get("who") !== "you" || over()) return;
      aim = { x: 2 * at.x - 1, y: 2 * at.y - 1 };
      aimed = true;
      if (event.type === "pointerdown") place();
      else picture.redraw();
    },
    onKey: (event) => {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const move = moves[event.key];
      if (model.get("who") !== "you" || over() || !(move || event.key === "Enter" || event.key === " ")) return;
      event.preventDefault();
      aimed = true;
      if (!move) return place();
      aim = { x: clamp(aim.x + 0.1 * move[0]), y: clamp(aim.y + 0.1 * move[1]) };
      card.say(`Aim at x = ${aim.x.toFixed(1)}, y = ${aim.y.toFixed(1)}. Enter looks there.`);
      picture.redraw();
    },
  });
  const patches = tk.canvas(right, { label: "What the sensor sees", ratio: 0.42, draw: drawPatches, caption: "What the sensor sees now" });
  right.append(tk.element("p", { class: "tk-caption", style: "margin-top: 0.8rem" }, "Belief after this glimpse"));
  const bars = Array.from({ length: S.classes }, (_, digit) => {
    const row = tk.element("div", { style: "display: grid; grid-template-columns: 1.2rem 1fr 3.2rem; gap: 0.5rem; align-items: center" });
    const name = tk.element("span", { class: "tk-value" }, String(digit));
    row.append(name);
    const meter = tk.meter(row);
    const value = tk.element("span", { class: "tk-value", style: "text-align: right" });
    row.append(value);
    right.append(row);
    return { name, meter, value };
  });

  const who = tk.choice(card.controls, {
    label: "Who looks?", options: [["model", "The model"], ["you", "You"]], value: model.get("who"),
    onChange: (v) => tk.put(model, { who: v, step: 0 }),
  });
  const which = tk.select(card.controls, {
    label: "Picture", options: [...labels.map((_, i) => [i, `picture ${i + 1}`]), [OWN, "your own"]], value: model.get("index"), onChange: open,
  });
  const player = tk.player(card.controls, {
    count: S.glimpses, value: model.get("step"), label: "Glimpse", interval: 900, onStep: (step) => tk.put(model, { step }),
  });
  const yours = tk.element("div", { class: "tk-player tk-wide" });
  card.controls.append(yours);
  const undo = tk.button(yours, {
    label: "Take back the last glimpse", picture: "previous", onClick: () => tk.put(model, { mine: model.get("mine").slice(0, -1) }),
  });
  tk.button(yours, { label: "Next picture", picture: "next", first: true, onClick: () => open((index() + 1) % labels.length) });
  const whole = tk.toggle(card.controls, {
    label: "Show the whole picture", value: model.get("whole"), onChange: (v) => tk.put(model, { whole: v }),
  });
  opener(card, {
    rows: S.side, columns: S.side,
    onPicture: (values) => {
      photograph = asDigit(values);
      delete runs[OWN];
      open(OWN);
    },
  });
  tk.toggle(card.controls, {
    label: "Your own has dark ink on bright paper", value: turned, onChange: (v) => { turned = v; delete runs[OWN]; show(); },
  });
  const tally = tk.element("p", { class: "tk-hint tk-wide" });
  card.controls.append(tally);

  function open(number) {
    aimed = false;
    ours = number === OWN && photograph !== null;
    if (number !== OWN) tk.put(model, { index: number });
    tk.put(model, { mine: [], step: 0 });
    show();
    if (number === OWN && !ours) card.say("Open a photograph of your own first.");
  }

  function place() {
    const mine = model.get("mine");
    if (mine.length < S.glimpses) tk.put(model, { mine: [...mine, [aim.x, aim.y]] });
  }

  const index = () => (ours ? OWN : model.get("index"));
  function image() {
    if (ours) return turned ? photograph.map((value) => 255 - value) : photograph;
    return pixels.subarray(model.get("index") * S.side * S.side, (model.get("index") + 1) * S.side * S.side);
  }
  const own = () => (runs[index()] ||= net.run(image(), null));
  // After the reader's last glimpse the whole picture is uncovered, with the model's places beside the reader's.
  const over = () => model.get("who") === "you" && model.get("mine").length >= S.glimpses;
  // What has been seen so far, by whoever looks now.
  const now = () => (model.get("who") === "you" ? net.run(image(), model.get("mine")) : own().slice(0, model.get("step") + 1));

  function show() {
    const you = model.get("who") === "you";
    const seen = now();
    const last = seen[seen.length - 1];
    const belief = last ? last.belief : new Array(S.classes).fill(1 / S.classes);
    const best = top(belief);
    bars.forEach((bar, digit) => {
      bar.meter.set(belief[digit]);
      bar.value.textContent = tk.percent(belief[digit]);
      bar.name.style.fontWeight = digit === best && last ? "700" : "400";
    });
    who.set(model.get("who"));
    which.set(index());
    whole.set(model.get("whole"));
    player.element.hidden = you;
    yours.hidden = !you;
    player.set(model.get("step"));
    undo.input.disabled = !seen.length;
    picture.caption.textContent = over()
      ? "Uncovered: your places (dots), the model's (rings)"
      : model.get("whole") ? "The whole picture, also where nobody looked" : "The picture, as far as it was seen";
    card.say(you ? tellYou(seen, belief, best) : tellModel(last, belief, best));
    picture.redraw();
    patches.redraw();
  }

  function tellModel(last, belief, best) {
    const end = model.get("step") === S.glimpses - 1;
    const truth = ours ? " What it shows, you alone know; the network knows ten digits and nothing else." : ` It is a ${labels[index()]}.`;
    return `Glimpse ${model.get("step") + 1} of ${S.glimpses}, at x = ${last.x.toFixed(2)}, y = ${last.y.toFixed(2)}: the model ` +
      `believes in ${best} with ${tk.percent(belief[best])}.` + (end ? truth : "");
  }

  function tellYou(seen, belief, best) {
    if (!seen.length) return `Place the first of your ${S.glimpses} glimpses.`;
    const so = `Glimpse ${seen.length} of ${S.glimpses}: with your places the network believes in ${best} with ${tk.percent(belief[best])}.`;
    if (seen.length < S.glimpses) return so;
    const rival = own()[S.glimpses - 1].belief;
    if (ours) {
      return `${so} With its own it believes in ${top(rival)} with ${tk.percent(rival[top(rival)])}. What your picture shows, you alone know.`;
    }
    const truth = labels[index()];
    const winner = Math.abs(belief[truth] - rival[truth]) < 0.005 ? "draw" : belief[truth] > rival[truth] ? "you" : "model";
    if (!counted.has(index())) {
      counted.add(index());
      score[winner] += 1;
      tally.textContent = `So far: you ${score.you}, the model ${score.model}, draws ${score.draw}. The first try on a picture counts.`;
    }
    const end = { draw: "A draw.", you: "You looked better.", model: "The model looked better." }[winner];
    return `It is a ${truth}. Belief in it: ${tk.percent(belief[truth])} from your places, ${tk.percent(rival[truth])} from the model's. ${end}`;
  }

  function small(values, width) {
    const made = tk.blank(width, width);
    const g = made.getContext("2d");
    const data = g.createImageData(width, width);
    for (let i = 0; i < width * width; i++) {
      data.data[4 * i] = data.data[4 * i + 1] = data.data[4 * i + 2] = values[i];
      data.data[4 * i + 3] = 255;
    }
    g.putImageData(data, 0, 0);
    return made;
  }

  function drawPicture(g, width, height) {
    const seen = now();
    const unit = width / S.side;
    const at = (v) => ((v + 1) / 2) * width;
    g.imageSmoothingEnabled = false;
    g.fillStyle = "#3a4757";
    g.fillRect(0, 0, width, height);
    if (model.get("whole") || over()) g.drawImage(small(image(), S.side), 0, 0, width, height);
    else {
      for (let k = S.scales - 1; k >= 0; k--) {
        const side = S.size * 2 ** k * unit;
        for (const one of seen) {
          g.drawImage(small(one.patches[k].map((v) => 255 * v), S.size), at(one.x) - side / 2, at(one.y) - side / 2, side, side);
        }
      }
    }
    g.imageSmoothingEnabled = true;
    if (!seen.length && !model.get("whole")) {
      g.font = "600 15px system-ui, sans-serif";
      g.textAlign = "center";
      g.fillStyle = "#ffffff";
      g.fillText("Where do you look first?", width / 2, height / 2);
    }
    const colour = tk.colours(card.root);
    if (over()) path(g, own(), at, "#8fd0ff", true);
    path(g, seen, at, "#ff9a66", false);
    const last = seen[seen.length - 1];
    if (last && !over()) {
      for (let k = 0; k < S.scales; k++) {
        const side = S.size * 2 ** k * unit;
        tk.outline(g, at(last.x) - side / 2, at(last.y) - side / 2, side, side, "#ff7a3c", k ? 1 : 2.5);
      }
    }
    if (model.get("who") === "you" && aimed && seen.length < S.glimpses) {
      const side = S.size * unit;
      tk.outline(g, at(aim.x) - side / 2, at(aim.y) - side / 2, side, side, colour.second, 2);
    }
  }

  // Places in their order: a line with dots, or dashes with rings; small, for the picture lies beneath them.
  function path(g, seen, at, colour, dashed) {
    for (const [stroke, thick] of [["rgba(0, 0, 0, 0.7)", 4], [colour, 2]]) {
      g.setLineDash(dashed ? [6, 5] : []);
      g.strokeStyle = stroke;
      g.lineWidth = thick;
      g.beginPath();
      seen.forEach((one, i) => (i ? g.lineTo(at(one.x), at(one.y)) : g.moveTo(at(one.x), at(one.y))));
      g.stroke();
    }
    g.setLineDash([]);
    g.font = "700 12px system-ui, sans-serif";
    g.textAlign = "center";
    g.textBaseline = "middle";
    seen.forEach((one, i) => {
      g.beginPath();
      g.arc(at(one.x), at(one.y), 4, 0, 7);
      g.fillStyle = dashed ? "#16202c" : colour;
      g.fill();
      g.lineWidth = dashed ? 2 : 1.5;
      g.strokeStyle = dashed ? colour : "rgba(0, 0, 0, 0.8)";
      g.stroke();
      if (dashed) return; // the model's numbers would cover what lies beneath
      const beside = (v) => (v > 18 ? v - 11 : v + 11);
      g.lineWidth = 3.5;
      g.strokeStyle = "rgba(0, 0, 0, 0.85)";
      g.strokeText(String(i + 1), beside(at(one.x)), beside(at(one.y)));
      g.fillStyle = "#ffffff";
      g.fillText(String(i + 1), beside(at(one.x)), beside(at(one.y)));
    });
  }

  function drawPatches(g, width, height) {
    const seen = now();
    const last = seen[seen.length - 1];
    const gap = 8;
    const side = (width - gap * (S.scales - 1)) / S.scales;
    g.imageSmoothingEnabled = false;
    g.font = "13px system-ui, sans-serif";
    g.textAlign = "left";
    for (let k = 0; k < S.scales; k++) {
      const x = k * (side + gap);
      g.fillStyle = "#3a4757";
      g.fillRect(x, 0, side, side);
      if (last) g.drawImage(small(last.patches[k].map((v) => 255 * v), S.size), x, 0, side, side);
      g.fillStyle = tk.colours(card.root).ink;
      g.fillText(`${S.size * 2 ** k} pixels wide`, x, Math.min(side + 16, height - 3));
    }
  }

  tk.watch(model, ["index"], () => { ours = false; });
  tk.watch(model, ["index", "step", "who", "mine", "whole"], show);
  show();
}

// Grey, stretched from the darkest to the brightest pixel, from 0 to 255.
function asDigit(values) {
  const grey = Array.from({ length: values.length / 3 }, (_, n) => (values[3 * n] + values[3 * n + 1] + values[3 * n + 2]) / 3);
  const low = Math.min(...grey), high = Math.max(...grey);
  return grey.map((value) => Math.round((255 * (value - low)) / Math.max(high - low, 1e-6)));
}

function clamp(v) {
  return Math.min(Math.max(v, -1), 1);
}

function top(values) {
  return values.indexOf(Math.max(...values));
}

function half(bits) {
  const exponent = (bits >> 10) & 31;
  const part = bits & 1023;
  const size = exponent ? 2 ** (exponent - 15) * (1 + part / 1024) : 2 ** -14 * (part / 1024);
  return bits & 32768 ? -size : size;
}

// The recurrent attention model: weights row by row in the order in which glimpse_player.py packs them.
function network(S, packed) {
  let at = 0;
  function layer(inputs, outputs) {
    const weight = Float64Array.from(packed.subarray(at, (at += inputs * outputs)), half);
    const bias = Float64Array.from(packed.subarray(at, (at += outputs)), half);
    return (x) => {
      const y = Array.from(bias);
      for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) y[o] += weight[o * inputs + i] * x[i];
      return y;
    };
  }
  const relu = (x) => x.map((v) => Math.max(v, 0));
  const see = layer(S.scales * S.size * S.size, S.hidden);
  const where = layer(2, S.hidden);
  const whatOut = layer(S.hidden, S.dim);
  const whereOut = layer(S.hidden, S.dim);
  const recur = layer(2 * S.dim, S.dim);
  const classify = layer(S.dim, S.classes);
  const locate = layer(S.dim, 2);

  // The share of each image pixel in each pixel of a patch.
  function shares(centre, zoom) {
    return Array.from({ length: S.size }, (_, s) => {
      const begin = ((centre + 1) * S.side) / 2 - (S.size * zoom) / 2 + zoom * s;
      const row = [];
      for (let p = Math.max(Math.floor(begin), 0); p < Math.min(Math.ceil(begin + zoom), S.side); p++) {
        row.push([p, (Math.min(begin + zoom, p + 1) - Math.max(begin, p)) / zoom]);
      }
      return row;
    });
  }

  function patch(image, x, y, zoom) {
    const columns = shares(x, zoom);
    const out = [];
    for (const row of shares(y, zoom)) {
      for (const column of columns) {
        let sum = 0;
        for (const [r, a] of row) for (const [c, b] of column) sum += (a * b * image[r * S.side + c]) / 255;
        out.push(sum);
      }
    }
    return out;
  }

  function run(image, places) {
    let state = new Array(S.dim).fill(0);
    const moments = [];
    for (let t = 0; t < (places ? places.length : S.glimpses); t++) {
      let [x, y] = [0, 0];
      if (places) [x, y] = places[t].map(clamp);
      else if (t) [x, y] = locate(state).map(Math.tanh);
      const patches = Array.from({ length: S.scales }, (_, k) => patch(image, x, y, 2 ** k));
      const what = whatOut(relu(see(patches.flat())));
      const place = whereOut(relu(where([x, y])));
      state = relu(recur([...state, ...relu(what.map((v, i) => v + place[i]))]));
      moments.push({ x, y, patches, belief: Array.from(tk.softmax(classify(state))) });
    }
    return moments;
  }
  return { run };
}
export default { render };
