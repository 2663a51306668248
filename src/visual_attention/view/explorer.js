// ---- patches that look at those that look like them: the same numbers as the softmax of their likeness in Python

// Each patch's colours without the mean of all patches, at length 1: (rows * columns, side * side * 3).
function directionsOf(values, rows, columns, side) {
  const count = rows * columns, width = 3 * columns * side, length = 3 * side * side;
  const patches = Array.from({ length: count }, (_, patch) => {
    const from = Math.floor(patch / columns) * side * width + (patch % columns) * side * 3;
    const made = new Float64Array(length);
    for (let y = 0; y < side; y++) made.set(values.subarray(from + y * width, from + y * width + 3 * side), 3 * y * side);
    return made;
  });
  const mean = new Float64Array(length);
  for (const patch of patches) patch.forEach((value, i) => { mean[i] += value / count; });
  for (const patch of patches) {
    let sum = 0;
    patch.forEach((value, i) => { patch[i] = value - mean[i]; sum += patch[i] ** 2; });
    patch.forEach((value, i) => { patch[i] = value / Math.max(Math.sqrt(sum), 1e-12); });
  }
  return patches;
}

function cosines(directions, query) {
  return directions.map((one) => one.reduce((sum, value, i) => sum + value * directions[query][i], 0));
}

function painted(values, { rows, columns }) {
  const made = tk.blank(columns, rows), g = made.getContext("2d"), data = g.createImageData(columns, rows);
  for (let n = 0; n < rows * columns; n++) data.data.set([0, 1, 2, 3].map((k) => (k < 3 ? 255 * values[3 * n + k] : 255)), 4 * n);
  g.putImageData(data, 0, 0);
  return made.toDataURL();
}

function render({ model, el }) {
  const [layers, heads, tokens] = model.get("shape");
  const [rows, columns] = model.get("grid");
  const patches = rows * columns;
  const extra = tokens - patches; // 1 with a class token, which comes first
  const names = model.get("names");
  const top = 2 ** model.get("bits") - 1;
  const codes = model.get("bits") === 8 ? tk.bytes(model.get("codes")) : tk.shorts(model.get("codes"));
  let picture = null;
  let grey = null;
  let held = false;
  let own = null; // the directions of the patches of the reader's own picture, where likeness is what is asked

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Hover, tap or press the arrow keys to ask a patch. A click holds it; Escape or a second click lets go.",
  });
  const ratio = () => (picture ? picture.naturalHeight / picture.naturalWidth : rows / columns);
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const asks = tk.canvas(pair, {
    label: `The picture in ${rows} by ${columns} patches. Arrow keys move from patch to patch.`,
    caption: "ask a patch", ratio, draw: drawAsk, onPoint, onKey,
  });
  const looks = tk.canvas(pair, { label: "Where the patch looks", caption: "it looks here", ratio, draw: drawLook });
  const key = tk.colourBar(card.stage, { label: "weight" });

  // ---- the weights of one patch, for every head and their mean; kept until something they depend on changes

  let made = "";
  let all = []; // mean, head 1, head 2 ...: each { weights over the grid, self: weight on the class token, spread }
  let brightest = 1; // one scale for the small maps, which are compared; the large one has its own
  function compute() {
    const now = [model.get("layer"), model.get("query"), model.get("temperature")].join();
    if (now === made) return;
    made = now;
    const power = 4 / model.get("temperature");
    const mean = new Float64Array(tokens);
    const single = [];
    for (let head = 0; head < heads; head++) {
      const from = ((model.get("layer") * heads + head) * tokens + model.get("query") + extra) * tokens;
      let weights = new Float64Array(tokens);
      let sum = 0;
      if (own) weights = tk.softmax(cosines(own, model.get("query")), model.get("temperature") / model.get("likeness"));
      else for (let i = 0; i < tokens; i++) weights[i] = (codes[from + i] / top) ** power; // exp(log w / temperature)
      for (const weight of weights) sum += weight;
      for (let i = 0; i < tokens; i++) mean[i] += (weights[i] /= sum) / heads;
      single.push(weights);
    }
    all = [mean, ...single].map((weights, i) => ({
      weights: weights.subarray(extra), self: extra ? weights[0] : 0, spread: tk.effective(weights), heat: all[i] && all[i].heat,
    }));
    brightest = 0;
    for (const { weights } of heads > 1 ? all.slice(1) : all) for (const weight of weights) brightest = Math.max(brightest, weight);
    drawThumbs();
  }
  let large = null;
  function shown() {
    compute();
    return all[model.get("head") + 1];
  }
  function paint() {
    const { weights } = shown();
    const most = weights[best()];
    large = tk.heat(weights, rows, columns, most, large);
    key.set(most);
  }

  // ---- drawing

  const overlay = () => (model.get("overlay") === null ? el.clientWidth < 480 : model.get("overlay"));

  function mark(g, width, height, patch, colour, line) {
    const w = width / columns, h = height / rows;
    tk.outline(g, (patch % columns) * w, Math.floor(patch / columns) * h, w, h, colour, line);
  }

  function drawAsk(g, width, height) {
    paint();
    if (overlay()) tk.mapOver(g, grey, large, 0, 0, width, height);
    else if (picture) g.drawImage(tk.sized(picture, g, width, height), 0, 0, width, height);
    if (overlay()) mark(g, width, height, best(), "#000000", 1);
    if (model.get("query") >= 0) mark(g, width, height, model.get("query"), "#ff7a3c", held ? 4 : 2.5);
    tell();
  }

  function drawLook(g, width, height) {
    paint();
    tk.mapOver(g, grey, large, 0, 0, width, height);
    mark(g, width, height, best(), "#000000", 1);
    if (model.get("query") >= 0) mark(g, width, height, model.get("query"), "#ff7a3c", 2.5);
  }

  const thumbs = heads > 1 ? Array.from({ length: heads + 1 }, () => tk.blank(1, 1)) : [];
  function drawThumbs() {
    thumbs.forEach((thumb, i) => {
      const width = 112, height = Math.round(width * ratio());
      if (thumb.width !== width || thumb.height !== height) [thumb.width, thumb.height] = [width, height];
      all[i].heat = tk.heat(all[i].weights, rows, columns, brightest, all[i].heat);
      tk.mapOver(thumb.getContext("2d"), grey, all[i].heat, 0, 0, width, height);
    });
  }

  // ---- telling

  const best = () => {
    const { weights } = shown();
    let at = 0;
    for (let i = 1; i < patches; i++) if (weights[i] > weights[at]) at = i;
    return at;
  };
  const place = (patch) => `row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}`;

  function tell() {
    const one = shown();
    const query = model.get("query");
    const who = query < 0 ? "The class token" : `The patch in ${place(query)}`;
    const how = heads === 1 ? "" : model.get("head") < 0 ? " (mean of the heads)" : ` (${names[model.get("head")]})`;
    const target = best() === query ? "itself" : place(best());
    const itself = query >= 0 && best() !== query ? ` Its own patch gets ${tk.percent(one.weights[query])}.` : "";
    const token = extra ? ` The class token gets ${tk.percent(one.self)}.` : "";
    const t = model.get("temperature");
    const heat = t === 1 ? "" : ` Temperature ${tk.number(t)}: the weights' logarithms ÷ ${tk.number(t)}, then a softmax again.`;
    card.say(
      `${who}${how} looks most at ${target}: ${tk.percent(one.weights[best()])} of its weight.${itself}${token} ` +
      `Spread as if over ${one.spread.toFixed(1)} of ${tokens} ${extra ? "tokens" : "patches"}.${heat}`,
    );
  }

  // ---- asking

  function ask(query) {
    if (query !== model.get("query")) tk.put(model, { query });
  }

  function onPoint({ x, y }, event) {
    const patch = Math.floor(y * rows) * columns + Math.floor(x * columns);
    if (event.type === "pointerdown") {
      held = event.pointerType === "mouse" && !(held && patch === model.get("query"));
      ask(patch);
      refresh();
    } else if (!held) ask(patch);
  }

  function onKey(event) {
    const query = Math.max(model.get("query"), 0);
    const row = Math.floor(query / columns), column = query % columns;
    const moves = {
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      Home: [row, 0], End: [row, columns - 1], PageUp: [0, column], PageDown: [rows - 1, column],
    };
    if (event.key === "Escape") { held = false; refresh(); return; }
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [r, c] = moves[event.key];
    held = true; // so that a resting mouse does not take it back
    ask(Math.min(Math.max(r, 0), rows - 1) * columns + Math.min(Math.max(c, 0), columns - 1));
    refresh();
  }

  // ---- controls

  const controls = {};
  if (heads > 1) {
    controls.head = tk.choice(card.controls, {
      label: "Head (the small maps share one colour scale)", options: [[-1, "mean"], ...names.map((name, i) => [i, name])], pictures: thumbs,
      value: model.get("head"), onChange: (head) => tk.put(model, { head }),
    });
  }
  if (layers > 1) {
    controls.layer = tk.slider(card.controls, {
      label: "Layer", min: 0, max: layers - 1, value: model.get("layer"), format: (v) => `${v + 1} of ${layers}`,
      onInput: (layer) => tk.put(model, { layer }),
    });
  }
  controls.temperature = tk.slider(card.controls, {
    label: "Temperature", min: 0.1, max: 10, log: true, value: model.get("temperature"),
    onInput: (temperature) => tk.put(model, { temperature }),
  });
  const over = tk.toggle(card.controls, {
    label: "Map over the picture", value: overlay(), onChange: (overlay) => tk.put(model, { overlay }),
  });
  if (model.get("likeness")) offerOwn();
  if (extra) tk.button(card.controls, { label: "Ask the class token", onClick: () => { held = true; ask(-1); refresh(); } });

  function refresh() {
    for (const name in controls) controls[name].set(model.get(name));
    over.set(overlay());
    pair.classList.toggle("tk-one", overlay());
    looks.figure.hidden = overlay();
    asks.caption.textContent = overlay() ? "ask a patch: the map shows where it looks" : "ask a patch";
    asks.redraw();
    looks.redraw();
  }
  tk.watch(model, ["query", "head", "layer", "temperature", "overlay"], refresh);
  new ResizeObserver(() => { if (model.get("overlay") === null) refresh(); }).observe(el);
  function open(url, directions) {
    tk.image(url, (image, inGrey) => {
      [picture, grey, made, own] = [image, inGrey, "", directions];
      refresh();
    });
  }
  function offerOwn() {
    const side = model.get("side");
    const shape = { rows: rows * side, columns: columns * side };
    opener(card, { ...shape, onPicture: (values) => open(painted(values, shape), directionsOf(values, rows, columns, side)) });
    tk.button(card.controls, { label: "The first picture again", picture: "reset", onClick: () => open(model.get("picture"), null) });
  }
  open(model.get("picture"), null);
  refresh();
}
export default { render };
