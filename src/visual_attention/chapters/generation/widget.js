function render({ model, el }) {
  const [samples, steps, heads, height, width] = model.get("shape");
  const [rows, columns] = model.get("grid");
  const patches = rows * columns;
  const names = model.get("names");
  const times = model.get("times");
  const partners = model.get("partners");
  const codes = tk.bytes(model.get("codes"));
  const pixels = { state: tk.bytes(model.get("states")), foreseen: tk.bytes(model.get("guesses")) };

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Move through time, and click a patch (or focus the picture and press the arrow keys) to see where it looks.",
  });
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const ratio = height / width;
  const asks = tk.canvas(pair, {
    label: `The picture in ${rows} by ${columns} patches. Arrow keys move from patch to patch.`,
    caption: "", ratio, draw: drawAsk, onPoint, onKey,
  });
  const looks = tk.canvas(pair, { label: "Where the patch looks", caption: "it looks here", ratio, draw: drawLook });
  const key = tk.colourBar(card.stage, { label: "weight" });
  const strip = tk.canvas(card.stage, {
    label: "How much the patch gives to its counterpart, over time", caption: "weight on its counterpart, from noise to picture",
    ratio: (w) => 90 / w, draw: drawStrip, onPoint: ({ x }, event) => { if (event.buttons & 1) go(Math.round(x * (steps - 1))); },
  });
  strip.figure.hidden = partners.length === 0;

  // ---- the weights of the chosen patch at a step

  function weightsAt(step) {
    const mean = new Float64Array(patches);
    const chosen = model.get("head");
    for (let head = 0; head < heads; head++) {
      if (chosen >= 0 && head !== chosen) continue;
      const from = (((model.get("sample") * steps + step) * heads + head) * patches + model.get("query")) * patches;
      const weights = new Float64Array(patches);
      let sum = 0;
      for (let i = 0; i < patches; i++) sum += weights[i] = (codes[from + i] / 255) ** 4;
      for (let i = 0; i < patches; i++) mean[i] += weights[i] / sum / (chosen >= 0 ? 1 : heads);
    }
    return mean;
  }
  const now = () => weightsAt(model.get("step"));
  const best = (weights) => weights.indexOf(Math.max(...weights));

  // ---- drawing

  const small = tk.blank(width, height);
  const grey = tk.blank(width, height);
  function paint(kind, canvas, colourless) {
    const g = canvas.getContext("2d", { willReadFrequently: true });
    const image = g.createImageData(width, height);
    const from = (model.get("sample") * steps + model.get("step")) * height * width * 3;
    for (let i = 0; i < height * width; i++) {
      const [r, gr, b] = [0, 1, 2].map((c) => pixels[kind][from + 3 * i + c]);
      const light = 0.299 * r + 0.587 * gr + 0.114 * b;
      image.data.set(colourless ? [light, light, light, 255] : [r, gr, b, 255], 4 * i);
    }
    g.putImageData(image, 0, 0);
    return canvas;
  }
  function mark(g, w, h, patch, colour, line) {
    tk.outline(g, (patch % columns) * w / columns, Math.floor(patch / columns) * h / rows, w / columns, h / rows, colour, line);
  }
  function drawAsk(g, w, h) {
    g.imageSmoothingEnabled = false;
    g.drawImage(paint(model.get("shown"), small, false), 0, 0, w, h);
    if (partners.length) mark(g, w, h, partners[model.get("query")], "#ffffff", 1);
    mark(g, w, h, model.get("query"), "#ff7a3c", 2.5);
  }
  let heat = null;
  function drawLook(g, w, h) {
    const weights = now();
    const most = weights[best(weights)];
    heat = tk.heat(weights, rows, columns, most, heat);
    key.set(most);
    g.imageSmoothingEnabled = false;
    g.drawImage(paint(model.get("shown"), grey, true), 0, 0, w, h);
    g.drawImage(heat, 0, 0, w, h);
    if (partners.length) mark(g, w, h, partners[model.get("query")], "#ffffff", 1);
    mark(g, w, h, model.get("query"), "#ff7a3c", 2.5);
  }
  function drawStrip(g, w, h) {
    const colours = tk.colours(card.root);
    const values = Array.from({ length: steps }, (_, step) => weightsAt(step)[partners[model.get("query")]]);
    const top = Math.max(...values, 2 / patches);
    const at = (step, value) => [6 + (w - 12) * step / Math.max(steps - 1, 1), h - 16 - (h - 32) * value / top];
    g.fillStyle = colours.raised;
    g.fillRect(0, 0, w, h);
    g.strokeStyle = colours.muted;
    g.fillStyle = colours.ink;
    g.font = "12px system-ui, sans-serif";
    g.lineWidth = 1;
    g.setLineDash([4, 4]);
    g.beginPath();
    g.moveTo(...at(0, 1 / patches));
    g.lineTo(...at(steps - 1, 1 / patches));
    g.stroke();
    g.setLineDash([]);
    g.textAlign = "right";
    g.fillText(`at most ${tk.percent(Math.max(...values))}; dashed: equal shares`, w - 6, 12);
    g.textAlign = "left";
    g.fillText("noise", 6, h - 3);
    g.textAlign = "right";
    g.fillText("picture", w - 6, h - 3);
    g.strokeStyle = colours.second;
    g.lineWidth = 2.5;
    g.beginPath();
    values.forEach((value, step) => g.lineTo(...at(step, value)));
    g.stroke();
    const [x, y] = at(model.get("step"), values[model.get("step")]);
    g.fillStyle = colours.accent;
    g.beginPath();
    g.arc(x, y, 6, 0, 2 * Math.PI);
    g.fill();
  }

  // ---- asking and telling

  const place = (patch) => `row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}`;
  function tell() {
    const weights = now();
    const query = model.get("query");
    const most = best(weights);
    const how = heads === 1 ? "" : model.get("head") < 0 ? " (mean of all maps)" : ` (${names[model.get("head")]})`;
    const other = partners.length ? ` Its counterpart, ${place(partners[query])}, gets ${tk.percent(weights[partners[query]])}.` : "";
    card.say(
      `Time ${times[model.get("step")].toFixed(2)}: the patch in ${place(query)}${how} looks most at ` +
      `${most === query ? "itself" : place(most)}, ${tk.percent(weights[most])} of its weight.${other}`,
    );
  }
  const go = (step) => tk.put(model, { step });
  function ask(query) {
    if (query !== model.get("query")) tk.put(model, { query });
  }
  function onPoint({ x, y }, event) {
    if (event.type === "pointerdown") ask(Math.floor(y * rows) * columns + Math.floor(x * columns));
  }
  function onKey(event) {
    const row = Math.floor(model.get("query") / columns), column = model.get("query") % columns;
    const moves = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column] };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [r, c] = moves[event.key];
    ask(Math.min(Math.max(r, 0), rows - 1) * columns + Math.min(Math.max(c, 0), columns - 1));
  }

  // ---- controls

  const player = tk.player(card.controls, {
    count: steps, value: model.get("step"), label: "Time", interval: 500, format: (step) => times[step].toFixed(2), onStep: go,
  });
  const controls = {};
  if (samples > 1) {
    controls.sample = tk.choice(card.controls, {
      label: "Picture", options: Array.from({ length: samples }, (_, i) => [i, String(i + 1)]), value: model.get("sample"),
      onChange: (sample) => tk.put(model, { sample }),
    });
  }
  controls.shown = tk.choice(card.controls, {
    label: "Show the picture", options: [["state", "as it is now"], ["foreseen", "as the model expects it to end"]],
    value: model.get("shown"), onChange: (shown) => tk.put(model, { shown }),
  });
  if (heads > 1) {
    controls.head = tk.select(card.controls, {
      label: "Map", options: [[-1, "mean of all"], ...names.map((name, i) => [i, name])], value: model.get("head"),
      onChange: (head) => tk.put(model, { head }),
    });
  }

  function refresh() {
    player.set(model.get("step"));
    for (const name in controls) controls[name].set(model.get(name));
    asks.caption.textContent = model.get("shown") === "state" ? "the picture now: ask a patch" : "the picture as expected: ask a patch";
    tell();
    for (const one of [asks, looks, strip]) one.redraw();
  }
  tk.watch(model, ["sample", "step", "query", "head", "shown"], refresh);
  refresh();
}
export default { render };
