function render({ model, el }) {
  const names = model.get("names");
  const reach = model.get("reach");
  const count = names.length;
  const kinds = ["query_points", "key_points"];
  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Drag a query (hollow) or a key (filled), or choose one below and press the arrow keys on the plane.",
  });
  const pair = tk.element("div", { class: "tk-columns" });
  card.stage.append(pair);
  const plane = tk.canvas(pair, {
    label: "The plane of queries and keys. Arrow keys move the chosen one.", caption: "queries (hollow) and keys",
    draw: drawPlane, onPoint, onKey,
  });
  plane.element.style.touchAction = "none"; // a finger drags the point, not the page
  const mixtures = tk.canvas(pair, {
    label: "The plane of values, with what each token takes", caption: "values, and what each token gets (hollow)", draw: drawValues,
  });

  // ---- scores and weights as a table

  const cells = [];
  const thin = "padding: 0.25rem 0.4rem; text-align: left; font-weight: 600; font-size: 0.88rem;";
  const head = tk.element("tr", {}, tk.element("td", {}), ...names.map((name) => tk.element("th", { scope: "col", style: thin }, `key of ${name}`)));
  const body = names.map((name) => {
    const row = names.map(() => {
      const score = tk.element("span", { class: "tk-value", style: "color: var(--tk-muted)" });
      const weight = tk.element("strong", { class: "tk-value" });
      const cell = tk.element("td", { style: "padding: 0.25rem 0.4rem; vertical-align: top;" }, score, tk.element("br"), weight);
      const meter = tk.meter(cell);
      return { cell, score, weight, meter };
    });
    cells.push(row);
    return tk.element("tr", {}, tk.element("th", { scope: "row", style: thin }, `query of ${name}`), ...row.map(({ cell }) => cell));
  });
  card.stage.append(tk.element(
    "table", { style: "width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0;" },
    tk.element("caption", { style: "caption-side: top; text-align: left; padding: 0 0 0.3rem; font-size: 0.9rem; color: var(--tk-muted);" },
      "score, and below it the weight: each row sums to 1"),
    tk.element("thead", {}, head), tk.element("tbody", {}, ...body),
  ));

  // ---- controls

  const options = kinds.flatMap((kind, k) => names.map((name, i) => [k * count + i, `${kind === "key_points" ? "key" : "query"} of ${name}`]));
  const move = tk.select(card.controls, {
    label: "Point that the arrow keys move", options, value: model.get("chosen"), onChange: (v) => tk.put(model, { chosen: v }),
  });
  const stretch = tk.slider(card.controls, {
    label: "Multiply all queries by", min: 0.1, max: 10, log: true, value: model.get("stretch"), onInput: (v) => tk.put(model, { stretch: v }),
  });
  const scaled = tk.toggle(card.controls, {
    label: "Divide the scores by √2", value: model.get("scaled"), onChange: (v) => tk.put(model, { scaled: v }),
  });
  const start = Object.fromEntries(["query_points", "key_points", "scaled", "stretch", "chosen"].map((name) => [name, model.get(name)]));
  tk.button(card.controls, { label: "Start again", picture: "reset", onClick: () => tk.put(model, start) });

  // ---- numbers

  const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
  function compute() {
    const factor = model.get("stretch") / (model.get("scaled") ? Math.SQRT2 : 1);
    const scores = model.get("query_points").map((query) => model.get("key_points").map((key) => factor * dot(query, key)));
    const weights = scores.map((row) => tk.softmax(row));
    const values = model.get("value_points");
    const outputs = weights.map((row) => [0, 1].map((axis) => row.reduce((sum, w, j) => sum + w * values[j][axis], 0)));
    return { scores, weights, outputs };
  }

  // ---- pictures

  const place = (point, width) => [(point[0] / reach / 2 + 0.5) * width, (0.5 - point[1] / reach / 2) * width];
  function axes(g, width, colours) {
    g.fillStyle = colours.raised;
    g.fillRect(0, 0, width, width);
    g.strokeStyle = colours.line;
    g.lineWidth = 1;
    for (let tick = -Math.floor(reach); tick <= reach; tick++) {
      const [x, y] = place([tick, tick], width);
      g.beginPath();
      g.moveTo(x, 0); g.lineTo(x, width); g.moveTo(0, y); g.lineTo(width, y);
      g.stroke();
    }
    g.strokeStyle = colours.edge;
    g.beginPath();
    g.moveTo(width / 2, 0); g.lineTo(width / 2, width); g.moveTo(0, width / 2); g.lineTo(width, width / 2);
    g.stroke();
  }
  const SIDES = [0, 4, 3, 4, 3]; // circle, square, triangle, diamond, triangle on its tip
  const TURNS = [0, Math.PI / 4, -Math.PI / 2, 0, Math.PI / 2];
  function mark(g, x, y, token, hollow, colour, surface, size = 9) {
    g.beginPath();
    if (SIDES[token] === 0) g.arc(x, y, size, 0, 2 * Math.PI);
    for (let i = 0; i < SIDES[token]; i++) {
      const angle = TURNS[token] + (2 * Math.PI * i) / SIDES[token];
      g.lineTo(x + 1.25 * size * Math.cos(angle), y + 1.25 * size * Math.sin(angle));
    }
    g.closePath();
    g.lineWidth = hollow ? 3 : 1.5;
    g.fillStyle = hollow ? surface : colour;
    g.strokeStyle = hollow ? colour : surface;
    g.fill();
    g.stroke();
  }
  function write(g, text, x, y, width, colours) {
    g.font = "600 13px system-ui, sans-serif";
    const long = g.measureText(text).width;
    const left = Math.min(Math.max(x + 13, 2), width - long - 2);
    const top = Math.min(Math.max(y - 11, 14), width - 4);
    g.lineWidth = 3;
    g.strokeStyle = colours.raised;
    g.strokeText(text, left, top);
    g.fillStyle = colours.ink;
    g.fillText(text, left, top);
  }
  function drawPlane(g, width) {
    const colours = tk.colours(card.root);
    axes(g, width, colours);
    kinds.forEach((kind, k) => model.get(kind).forEach((point, i) => {
      const [x, y] = place(point, width);
      if (k === 0) {
        g.strokeStyle = colours.accent;
        g.lineWidth = 1.5;
        g.beginPath();
        g.moveTo(width / 2, width / 2); g.lineTo(x, y);
        g.stroke();
      }
      if (model.get("chosen") === k * count + i) {
        g.strokeStyle = colours.ink;
        g.lineWidth = 2;
        g.setLineDash([4, 3]);
        g.strokeRect(x - 17, y - 17, 34, 34);
        g.setLineDash([]);
      }
      mark(g, x, y, i, k === 0, k === 0 ? colours.accent : colours.second, colours.surface);
      write(g, `${k === 0 ? "q" : "k"}${i + 1}`, x, y, width, colours);
    }));
  }
  function drawValues(g, width) {
    const colours = tk.colours(card.root);
    const { weights, outputs } = compute();
    const values = model.get("value_points");
    const token = model.get("chosen") % count;
    axes(g, width, colours);
    g.strokeStyle = colours.edge;
    g.lineWidth = 1;
    g.beginPath();
    values.forEach((value) => g.lineTo(...place(value, width)));
    g.closePath();
    g.stroke();
    values.forEach((value, j) => {
      g.strokeStyle = colours.accent;
      g.lineWidth = 12 * weights[token][j];
      g.beginPath();
      g.moveTo(...place(outputs[token], width)); g.lineTo(...place(value, width));
      g.stroke();
    });
    values.forEach((value, j) => {
      const [x, y] = place(value, width);
      mark(g, x, y, j, false, colours.second, colours.surface);
      write(g, `value ${j + 1}`, x, y, width, colours);
    });
    outputs.forEach((output, i) => {
      const [x, y] = place(output, width);
      mark(g, x, y, i, true, colours.accent, colours.surface, i === token ? 10 : 7);
    });
  }

  // ---- the reader acts

  function put(chosen, x, y) {
    const kind = kinds[Math.floor(chosen / count)];
    const inside = (v) => Number(Math.min(Math.max(v, -reach), reach).toFixed(2));
    const moved = model.get(kind).map((old, i) => (i === chosen % count ? [inside(x), inside(y)] : old));
    tk.put(model, { chosen, [kind]: moved });
  }
  let held = -1;
  function onPoint({ x, y }, event) {
    const at = [(x - 0.5) * 2 * reach, (0.5 - y) * 2 * reach];
    if (event.type === "pointerdown") {
      const points = [...model.get("query_points"), ...model.get("key_points")];
      const far = points.map((point) => Math.hypot(point[0] - at[0], point[1] - at[1]));
      const nearest = far.indexOf(Math.min(...far));
      const size = plane.element.clientWidth / (2 * reach); // pixels for a unit
      held = far[nearest] * size < 28 ? nearest : -1;
      if (held < 0) return;
      plane.element.setPointerCapture(event.pointerId);
    }
    if (held < 0 || (event.type === "pointermove" && event.buttons === 0)) {
      held = -1;
      return;
    }
    put(held, ...at);
  }
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  function onKey(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const chosen = model.get("chosen");
    const [x, y] = model.get(kinds[Math.floor(chosen / count)])[chosen % count];
    put(chosen, x + 0.1 * step[0], y + 0.1 * step[1]);
  }

  function show() {
    const { scores, weights } = compute();
    cells.forEach((row, i) => row.forEach(({ score, weight, meter }, j) => {
      score.textContent = scores[i][j].toFixed(2);
      weight.textContent = weights[i][j].toFixed(3);
      meter.set(weights[i][j]);
    }));
    move.set(model.get("chosen"));
    stretch.set(model.get("stretch"));
    scaled.set(model.get("scaled"));
    const token = model.get("chosen") % count;
    const shares = names.map((name, j) => `${tk.percent(weights[token][j])} of ${name}`).join(", ");
    card.say(`${names[token]} takes ${shares}: spread as if over ${tk.effective(weights[token]).toFixed(1)} of ${count} tokens.`);
    plane.redraw();
    mixtures.redraw();
  }
  tk.watch(model, ["query_points", "key_points", "scaled", "stretch", "chosen"], show);
  show();
}
export default { render };
