function render({ model, el }) {
  const [rows, columns] = model.get("grid");
  const [high, wide] = model.get("size");
  const cells = rows * columns;
  const regions = model.get("regions");
  const versions = model.get("versions");
  const views = model.get("pictures").length;
  const codes = tk.bytes(model.get("codes"));
  const marked = tk.bytes(model.get("marked"));
  const shares = tk.floats(model.get("shares"));
  const loaded = Array.from({ length: views }, () => ({ picture: null, grey: null }));
  let held = false;

  const at = () => model.get("scene") * versions.length + model.get("version");

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Hover, tap or press the arrow keys to ask a cell. A click holds it; Escape or a second click lets go. The white line is around what the network marks.",
  });
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const ratio = () => high / wide;
  const asks = tk.canvas(pair, {
    label: `The picture in ${rows} by ${columns} cells. Arrow keys move from cell to cell.`,
    caption: "ask a cell", ratio, draw: drawAsk, onPoint, onKey,
  });
  const draws = tk.canvas(pair, { label: "The places from which the cell draws", caption: "it draws on these places", ratio, draw: drawMap });
  const key = tk.colourBar(card.stage, { label: "share" });

  // ---- the weights of the cell that is asked

  let weights = new Float64Array(cells);
  let small = null;
  function compute() {
    const from = (at() * cells + model.get("query")) * cells;
    let sum = 0;
    for (let i = 0; i < cells; i++) sum += weights[i] = (codes[from + i] / 255) ** 4;
    for (let i = 0; i < cells; i++) weights[i] /= sum;
    const most = Math.max(...weights);
    small = tk.heat(weights, rows, columns, most, small);
    key.set(most);
  }

  const inside = (y, x) => marked[(at() * high + y) * wide + x];

  // How much of a cell the network marks.
  function part(cell) {
    const h = high / rows, w = wide / columns;
    const top = Math.floor(cell / columns) * h, left = (cell % columns) * w;
    let sum = 0;
    for (let y = top; y < top + h; y++) for (let x = left; x < left + w; x++) sum += inside(y, x);
    return sum / (h * w);
  }

  // ---- drawing

  function edges(g, width, height) {
    const w = width / wide, h = height / high;
    for (const [colour, line] of [["rgba(0,0,0,0.7)", 4], ["#ffffff", 2]]) {
      g.strokeStyle = colour;
      g.lineWidth = line;
      g.beginPath();
      for (let y = 0; y < high; y++) {
        for (let x = 0; x < wide; x++) {
          const here = inside(y, x);
          if (x + 1 < wide && inside(y, x + 1) !== here) { g.moveTo((x + 1) * w, y * h); g.lineTo((x + 1) * w, (y + 1) * h); }
          if (y + 1 < high && inside(y + 1, x) !== here) { g.moveTo(x * w, (y + 1) * h); g.lineTo((x + 1) * w, (y + 1) * h); }
        }
      }
      g.stroke();
    }
  }

  function mark(g, width, height) {
    const w = width / columns, h = height / rows, cell = model.get("query");
    tk.outline(g, (cell % columns) * w, Math.floor(cell / columns) * h, w, h, "#ff7a3c", held ? 4 : 2.5);
  }

  function drawAsk(g, width, height) {
    const { picture } = loaded[at()];
    if (picture) {
      g.imageSmoothingEnabled = false; // few pixels: show them
      g.drawImage(picture, 0, 0, width, height);
    }
    edges(g, width, height);
    mark(g, width, height);
  }

  function drawMap(g, width, height) {
    compute();
    tk.mapOver(g, loaded[at()].grey, small, 0, 0, width, height);
    mark(g, width, height);
  }

  // ---- telling

  function tell() {
    compute();
    const cell = model.get("query");
    const share = part(cell);
    const word = share >= 0.5 ? "marks" : share > 0 ? "marks in part" : "does not mark";
    const taken = regions.map((name, r) => {
      let weight = 0, area = 0;
      for (let i = 0; i < cells; i++) {
        const covered = shares[(at() * regions.length + r) * cells + i];
        weight += weights[i] * covered;
        area += covered / cells;
      }
      return `${tk.percent(weight)} from ${name} (${tk.percent(area)} of the picture)`;
    });
    card.say(
      `The network ${word} the cell in row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}. ` +
      `It takes ${taken.join(", ")}. Spread as if over ${tk.effective(weights).toFixed(0)} of ${cells} cells.`,
    );
  }

  // ---- asking

  function ask(query) {
    if (query !== model.get("query")) tk.put(model, { query });
  }

  function onPoint({ x, y }, event) {
    const cell = Math.floor(y * rows) * columns + Math.floor(x * columns);
    if (event.type === "pointerdown") {
      held = !(held && cell === model.get("query"));
      ask(cell);
      show();
    } else if (!held) ask(cell);
  }

  function onKey(event) {
    const query = model.get("query");
    const row = Math.floor(query / columns), column = query % columns;
    const moves = {
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      Home: [row, 0], End: [row, columns - 1], PageUp: [0, column], PageDown: [rows - 1, column],
    };
    if (event.key === "Escape") { held = false; show(); return; }
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [r, c] = moves[event.key];
    held = true; // so that a resting mouse does not take it back
    ask(Math.min(Math.max(r, 0), rows - 1) * columns + Math.min(Math.max(c, 0), columns - 1));
    show();
  }

  // ---- controls

  const controls = {
    version: tk.choice(card.controls, {
      label: "Change one thing", options: versions.map((name, i) => [i, name]), value: model.get("version"),
      onChange: (version) => tk.put(model, { version }),
    }),
  };
  const scenes = views / versions.length;
  const thumbs = Array.from({ length: scenes }, () => tk.blank(96, Math.round((96 * high) / wide)));
  if (scenes > 1) {
    controls.scene = tk.choice(card.controls, {
      label: "Picture", options: thumbs.map((_, i) => [i, String(i + 1)]), pictures: thumbs, value: model.get("scene"),
      onChange: (scene) => tk.put(model, { scene }),
    });
  }

  function show() {
    for (const name in controls) controls[name].set(model.get(name));
    asks.redraw();
    draws.redraw();
    tell();
  }
  tk.watch(model, ["query", "scene", "version"], show);
  model.get("pictures").forEach((url, i) => tk.image(url, (picture, grey) => {
    loaded[i] = { picture, grey };
    if (i % versions.length === 0) {
      const thumb = thumbs[i / versions.length], g = thumb.getContext("2d");
      g.imageSmoothingEnabled = false;
      g.drawImage(picture, 0, 0, thumb.width, thumb.height);
    }
    show();
  }));
  show();
}
export default { render };
