function render({ model, el }) {
  const [side, grid] = model.get("shape");
  const cells = grid * grid;
  const methods = model.get("methods");
  const names = model.get("names");
  const fillings = model.get("fillings");
  const pixels = tk.bytes(model.get("pictures"));
  const orders = tk.bytes(model.get("orders"));
  const scores = tk.floats(model.get("scores"));
  const chance = methods.length - 1;

  const order = (method) => {
    const from = (method * names.length + model.get("picture")) * cells;
    return orders.subarray(from, from + cells);
  };
  const curve = (method) => {
    const from = ((model.get("filling") * methods.length + method) * names.length + model.get("picture")) * (cells + 1);
    return scores.subarray(from, from + cells + 1);
  };

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "The slider takes cells away: at the left those that the map calls highest, at the right as many at random.",
  });
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const shown = [0, 1].map((which) =>
    tk.canvas(pair, {
      label: which ? "The picture without as many cells at random" : "The picture without the map's highest cells",
      caption: " ", draw: (g, width, height) => drawPicture(g, width, height, which ? chance : model.get("method")),
    }));
  const chart = tk.canvas(card.stage, {
    label: "The probability of the answer against the number of cells that are gone", ratio: (w) => (w < 480 ? 0.6 : 0.32), draw: drawChart,
  });

  // ---- the picture with its cells taken from the filling

  const small = tk.blank(side, side);
  function drawPicture(g, width, height, method) {
    const gone = new Set(order(method).subarray(0, model.get("removed")));
    const pen = small.getContext("2d", { willReadFrequently: true });
    const made = pen.createImageData(side, side);
    const size = side / grid;
    for (let i = 0; i < side * side; i++) {
      const cell = Math.floor(Math.floor(i / side) / size) * grid + Math.floor((i % side) / size);
      const source = gone.has(cell) ? 1 + model.get("filling") : 0;
      const value = pixels[(source * names.length + model.get("picture")) * side * side + i];
      for (let c = 0; c < 3; c++) made.data[4 * i + c] = value;
      made.data[4 * i + 3] = 255;
    }
    pen.putImageData(made, 0, 0);
    g.imageSmoothingEnabled = false;
    g.drawImage(small, 0, 0, width, height);
    g.imageSmoothingEnabled = true;
    const step = width / grid;
    for (const cell of gone) {
      const [x, y] = [(cell % grid) * step, Math.floor(cell / grid) * step];
      tk.outline(g, x + 3, y + 3, step - 6, step - 6, "#ff7a3c", 1);
    }
  }

  // ---- both curves: the map's whole, the random one dashed

  function drawChart(g, width, height) {
    const colour = tk.colours(card.root);
    const [left, right, top, bottom] = [54, width - 12, 12, height - 40];
    const x = (k) => left + ((right - left) * k) / cells;
    const y = (p) => bottom - (bottom - top) * p;
    g.font = "13px system-ui, sans-serif";
    g.fillStyle = colour.muted;
    g.strokeStyle = colour.line;
    g.lineWidth = 1;
    g.textAlign = "right";
    for (const p of [0, 0.5, 1]) {
      g.beginPath();
      g.moveTo(left, y(p));
      g.lineTo(right, y(p));
      g.stroke();
      g.fillText(`${100 * p} %`, left - 6, y(p) + 4);
    }
    g.textAlign = "center";
    for (let k = 0; k <= cells; k += 6) g.fillText(String(k), x(k), bottom + 16);
    g.fillText("cells gone", (left + right) / 2, bottom + 33);
    for (const [method, stroke, dash] of [[chance, colour.second, [6, 5]], [model.get("method"), colour.accent, []]]) {
      g.strokeStyle = stroke;
      g.lineWidth = 2.5;
      g.setLineDash(dash);
      g.beginPath();
      curve(method).forEach((p, k) => (k ? g.lineTo(x(k), y(p)) : g.moveTo(x(k), y(p))));
      g.stroke();
      g.setLineDash([]);
      g.fillStyle = stroke;
      g.beginPath();
      g.arc(x(model.get("removed")), y(curve(method)[model.get("removed")]), 5, 0, 2 * Math.PI);
      g.fill();
    }
  }

  // ---- controls

  const pick = (name, label, options) => tk.select(card.controls, {
    label, options, value: model.get(name), onChange: (value) => tk.put(model, { [name]: value }),
  });
  const controls = {
    removed: tk.slider(card.controls, {
      label: "Cells gone", min: 0, max: cells, value: model.get("removed"), format: (v) => `${v} of ${cells}`,
      onInput: (removed) => tk.put(model, { removed }),
    }),
    method: pick("method", "In the order of", methods.slice(0, chance)),
    filling: pick("filling", "Replaced by", fillings),
    picture: pick("picture", "Picture", names),
  };

  function show() {
    for (const name in controls) controls[name].set(model.get(name));
    const removed = model.get("removed");
    const [mine, random] = [model.get("method"), chance].map((method) => curve(method)[removed]);
    shown[0].caption.textContent = `${methods[model.get("method")]}: ${tk.percent(mine)} (whole line)`;
    shown[1].caption.textContent = `at random: ${tk.percent(random)} (dashed line)`;
    card.say(
      `${removed} of ${cells} cells replaced (${fillings[model.get("filling")]}). For the answer ` +
      `${model.get("answers")[model.get("picture")]} the network keeps ${tk.percent(mine)} when ${methods[model.get("method")]} ` +
      `chooses the cells, and ${tk.percent(random)} when chance does.`,
    );
    for (const one of [...shown, chart]) one.redraw();
  }
  tk.watch(model, Object.keys(controls), show);
  show();
}
export default { render };
