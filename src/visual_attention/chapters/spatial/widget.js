function render({ model, el }) {
  const [rows, columns] = model.get("grid");
  const cells = rows * columns;
  const classes = model.get("classes");
  const bias = model.get("bias");
  const parts = tk.floats(model.get("parts"));
  let picture = null;
  let opens = false; // what the brush does
  let wide = 1; // cells on each side of the brush's middle
  let cursor = -1;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Drag over the picture to paint. Or focus it, move by arrow keys, and paint by the space bar.",
  });
  const pair = tk.element("div", { class: "tk-columns" });
  card.stage.append(pair);
  const ratio = () => (picture ? picture.naturalHeight / picture.naturalWidth : rows / columns);
  const board = tk.canvas(pair, {
    label: `The picture in ${rows} by ${columns} cells. Arrow keys move, the space bar paints.`,
    caption: "dark cells are shut", ratio, draw, onPoint, onKey,
  });
  board.element.style.touchAction = "none"; // a finger paints here and scrolls elsewhere
  board.element.addEventListener("blur", () => { cursor = -1; board.redraw(); });

  const bars = tk.shareBars(pair, classes);

  function draw(g, width, height) {
    if (picture) g.drawImage(picture, 0, 0, width, height);
    const mask = model.get("mask");
    const w = width / columns, h = height / rows;
    for (let i = 0; i < cells; i++) {
      if (mask[i]) continue;
      const x = (i % columns) * w, y = Math.floor(i / columns) * h;
      g.fillStyle = "rgba(12, 14, 18, 0.86)";
      g.fillRect(x, y, w + 0.5, h + 0.5);
      g.strokeStyle = "rgba(255, 255, 255, 0.3)"; // a stroke, so that dark parts of the picture do not look shut
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(x + 2, y + h - 2);
      g.lineTo(x + w - 2, y + 2);
      g.stroke();
    }
    if (cursor >= 0) tk.outline(g, (cursor % columns) * w, Math.floor(cursor / columns) * h, w, h);
  }

  function paint(cell) {
    const row = Math.floor(cell / columns), column = cell % columns;
    const mask = [...model.get("mask")];
    for (let r = Math.max(row - wide, 0); r <= Math.min(row + wide, rows - 1); r++) {
      for (let c = Math.max(column - wide, 0); c <= Math.min(column + wide, columns - 1); c++) {
        mask[r * columns + c] = opens ? 1 : 0;
      }
    }
    tk.put(model, { mask });
  }

  function onPoint({ x, y }, event) {
    if (event.type === "pointermove" && !(event.buttons & 1)) return;
    if (event.type === "pointerdown" && board.element.setPointerCapture) {
      try { board.element.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
    }
    cursor = -1;
    paint(Math.floor(y * rows) * columns + Math.floor(x * columns));
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = cursor < 0 ? Math.floor(rows / 2) * columns + Math.floor(columns / 2) : cursor;
    const row = Math.floor(at / columns), column = at % columns;
    const moves = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column] };
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      cursor = at;
      paint(at);
      return;
    }
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [r, c] = cursor < 0 ? [row, column] : moves[event.key];
    cursor = Math.min(Math.max(r, 0), rows - 1) * columns + Math.min(Math.max(c, 0), columns - 1);
    board.redraw();
  }

  tk.choice(card.controls, {
    label: "The brush", options: [[false, "shuts"], [true, "opens"]], value: opens, onChange: (value) => { opens = value; },
  });
  tk.choice(card.controls, {
    label: "Its size", options: [[0, "1 cell"], [1, "3 × 3"], [2, "5 × 5"]], value: wide, onChange: (value) => { wide = value; },
  });
  const fill = (f) => () => tk.put(model, { mask: Array.from({ length: cells }, (_, i) => f(i)) });
  const quarter = (top, left) => (i) => Number((Math.floor(i / columns) < rows / 2) === top && (i % columns < columns / 2) === left);
  const row = tk.element("div", { class: "tk-wide", style: "display:flex;flex-wrap:wrap;gap:0.5rem" });
  card.controls.append(row);
  tk.button(row, { label: "All open", picture: "reset", first: true, onClick: fill(() => 1) });
  tk.button(row, { label: "All shut", onClick: fill(() => 0) });
  tk.button(row, { label: "Top left only", onClick: fill(quarter(true, true)) });
  tk.button(row, { label: "Top right only", onClick: fill(quarter(true, false)) });
  tk.button(row, { label: "Bottom left only", onClick: fill(quarter(false, true)) });
  tk.button(row, { label: "Bottom right only", onClick: fill(quarter(false, false)) });

  function shares(mask) {
    const open = Math.max(mask.reduce((sum, value) => sum + value, 0), 1);
    return tk.softmax(classes.map((_, k) => {
      let sum = 0;
      for (let i = 0; i < cells; i++) sum += mask[i] * parts[k * cells + i];
      return bias[k] + sum / open; // the average goes over the open places
    }));
  }

  function show() {
    const mask = model.get("mask");
    const now = shares(mask);
    const best = bars.set(now);
    const share = mask.reduce((sum, value) => sum + value, 0) / cells;
    const all = shares(mask.map(() => 1));
    const said = share === 0
      ? "Nothing is open: what is left is the bias of each class. "
      : `${tk.percent(share)} of the picture is open. `;
    card.say(
      `${said}The network says ${classes[best]}, ${tk.percent(now[best])}. ` +
      `With everything open: ${classes[tk.highest(all)]}, ${tk.percent(all[tk.highest(all)])}.`,
    );
    board.redraw();
  }
  tk.watch(model, ["mask"], show);
  tk.image(model.get("picture"), (image) => {
    picture = image;
    board.redraw();
  });
  show();
}
export default { render };
