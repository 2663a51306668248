// Centres of patches that lie inside the picture with nothing missing: a list of places.
function wholePatches(hole, rows, columns, size) {
  const half = (size - 1) / 2;
  const found = [];
  for (let r = half; r < rows - half; r++) {
    for (let c = half; c < columns - half; c++) {
      let broken = false;
      for (let a = -half; a <= half && !broken; a++) {
        for (let b = -half; b <= half && !broken; b++) broken = hole[(r + a) * columns + c + b] > 0;
      }
      if (!broken) found.push(r * columns + c);
    }
  }
  return found;
}

// The rim of what is unknown: unknown places that touch a known one, also by a corner.
function rimOf(known, rows, columns) {
  const rim = [];
  for (let at = 0; at < rows * columns; at++) {
    if (known[at]) continue;
    const r = Math.floor(at / columns), c = at % columns;
    let touches = false;
    for (let a = Math.max(r - 1, 0); a <= Math.min(r + 1, rows - 1); a++) {
      for (let b = Math.max(c - 1, 0); b <= Math.min(c + 1, columns - 1); b++) touches = touches || known[a * columns + b] > 0;
    }
    if (touches) rim.push(at);
  }
  return rim;
}

// What one unknown place takes from each source: the softmax of minus the mean squared difference.
function sharesOf(at, values, known, sources, { rows, columns, size, temperature }) {
  const half = (size - 1) / 2;
  const r = Math.floor(at / columns), c = at % columns;
  const steps = [];
  for (let a = -half; a <= half; a++) {
    for (let b = -half; b <= half; b++) {
      if (r + a < 0 || r + a >= rows || c + b < 0 || c + b >= columns) continue;
      if (known[at + a * columns + b]) steps.push(3 * (a * columns + b));
    }
  }
  const scores = new Float64Array(sources.length);
  for (let s = 0; s < sources.length; s++) {
    const from = 3 * sources[s];
    let sum = 0;
    for (let i = 0; i < steps.length; i++) {
      const x = 3 * at + steps[i], y = from + steps[i];
      const red = values[x] - values[y], green = values[x + 1] - values[y + 1], blue = values[x + 2] - values[y + 2];
      sum += red * red + green * green + blue * blue;
    }
    scores[s] = -sum / (3 * steps.length);
  }
  return tk.softmax(scores, temperature);
}

// Fill a hole from its rim inwards; one place a step, so that a page can draw in between.
// values (rows * columns * 3) are filled in place, shares[place] becomes what it takes from each source.
function* peel(values, hole, sources, shares, shape) {
  const known = Uint8Array.from(hole, (missing) => (missing ? 0 : 1));
  for (let i = 0; i < hole.length; i++) if (hole[i]) values.fill(0, 3 * i, 3 * i + 3);
  if (!sources.length) return;
  for (let rim = rimOf(known, shape.rows, shape.columns); rim.length; rim = rimOf(known, shape.rows, shape.columns)) {
    const found = [];
    for (const at of rim) {
      const taken = sharesOf(at, values, known, sources, shape);
      const mixed = [0, 0, 0];
      for (let s = 0; s < sources.length; s++) {
        for (let k = 0; k < 3; k++) mixed[k] += taken[s] * values[3 * sources[s] + k];
      }
      shares.set(at, taken);
      found.push(mixed);
      yield;
    }
    rim.forEach((at, i) => { known[at] = 1; values.set(found[i], 3 * at); });
  }
}

function decibels(values, truth, hole) {
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!hole[Math.floor(i / 3)]) continue;
    sum += (Math.min(Math.max(values[i], 0), 1) - truth[i]) ** 2;
    count++;
  }
  return sum > 0 ? Math.min(-10 * Math.log10(sum / count), 60) : 60;
}

function meanFill(truth, hole) {
  const values = Float32Array.from(truth);
  for (let k = 0; k < 3; k++) {
    let sum = 0, count = 0;
    hole.forEach((missing, i) => { if (!missing) { sum += truth[3 * i + k]; count++; } });
    hole.forEach((missing, i) => { if (missing) values[3 * i + k] = count ? sum / count : 0; });
  }
  return values;
}

function render({ model, el }) {
  const [rows, columns] = model.get("grid");
  const cells = rows * columns;
  const size = model.get("patch");
  const names = model.get("names");
  const pixels = tk.bytes(model.get("pixels")); // (P, rows, columns, 3)
  const small = tk.blank(columns, rows), grey = tk.blank(columns, rows);
  const OWN = -1;
  let own = null; // the reader's picture, which the page alone knows
  let mine = false; // whether it is shown
  let truth, hole, values, sources, shares, work;
  let rest = 0; // the animation frame that goes on with the filling
  let brush = "erases", wide = 2, look = -1, cursor = -1, last = -1, peeking = false, all = false;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Drag over the picture to erase. Or focus it: arrow keys move (with Shift, five at once), the space bar erases.",
  });
  const pair = tk.element("div", { class: "tk-columns" });
  card.stage.append(pair);
  const board = tk.canvas(pair, {
    label: "The picture. Arrow keys move, the space bar uses the brush.",
    caption: "erased and filled again", ratio: rows / columns, draw: drawPicture, onPoint, onKey,
  });
  board.element.style.touchAction = "none"; // a finger erases here and scrolls elsewhere
  const origin = tk.canvas(pair, {
    label: "From where it is copied", caption: "", ratio: rows / columns, draw: drawOrigin,
  });
  const bar = tk.colourBar(card.stage, { label: "share taken" });

  // ---- the filling

  function load() {
    const at = 3 * cells * model.get("chosen");
    truth = mine ? own : Float32Array.from(pixels.subarray(at, at + 3 * cells), (x) => x / 255);
    picture.set(mine ? OWN : model.get("chosen"));
    paintPixels(grey, truth, true);
    start();
  }
  function start() {
    hole = new Uint8Array(cells);
    for (const at of model.get("hole")) hole[at] = 1;
    if (!hole[look]) look = middle();
    values = Float32Array.from(truth);
    sources = wholePatches(hole, rows, columns, size);
    shares = new Map();
    work = peel(values, hole, sources, shares, { rows, columns, size, temperature: model.get("temperature") });
    if (!rest) rest = requestAnimationFrame(goOn);
  }
  function goOn() {
    const until = performance.now() + 24;
    let done = false;
    while (!done && performance.now() < until) done = work.next().done;
    rest = done ? 0 : requestAnimationFrame(goOn);
    show(done);
  }
  // The erased place nearest to the middle of all that is erased, -1 if there is none.
  function middle() {
    const list = model.get("hole");
    if (!list.length) return -1;
    const r = list.reduce((sum, at) => sum + Math.floor(at / columns), 0) / list.length;
    const c = list.reduce((sum, at) => sum + (at % columns), 0) / list.length;
    const far = (at) => Math.hypot(Math.floor(at / columns) - r, (at % columns) - c);
    return list.reduce((best, at) => (far(at) < far(best) ? at : best), list[0]);
  }

  // ---- pictures

  function paintPixels(canvas, from, flat = false) {
    const g = canvas.getContext("2d", { willReadFrequently: true });
    const image = g.createImageData(columns, rows);
    for (let i = 0; i < cells; i++) {
      const [red, green, blue] = [0, 1, 2].map((k) => 255 * from[3 * i + k]);
      const light = 0.299 * red + 0.587 * green + 0.114 * blue;
      image.data.set(flat ? [light, light, light, 255] : [red, green, blue, 255], 4 * i);
    }
    g.putImageData(image, 0, 0);
  }
  const corner = (at, w, h) => [(at % columns) * w, Math.floor(at / columns) * h];
  function around(g, at, w, h, colour) {
    const half = (size - 1) / 2;
    const [x, y] = corner(at, w, h);
    tk.outline(g, x - half * w, y - half * h, size * w, size * h, colour, 2);
  }
  function drawPicture(g, width, height) {
    const w = width / columns, h = height / rows;
    paintPixels(small, peeking ? truth : values);
    g.imageSmoothingEnabled = false;
    g.drawImage(small, 0, 0, width, height);
    for (let at = 0; at < cells; at++) {
      if (!hole[at]) continue;
      const [x, y] = corner(at, w, h);
      if (!peeking && !shares.has(at)) { // nothing there yet
        g.fillStyle = (Math.floor(at / columns) + (at % columns)) % 2 ? "#8d8d8d" : "#e2e2e2";
        g.fillRect(x, y, w + 0.5, h + 0.5);
      }
      g.fillStyle = "#ffffff";
      const edge = [[-1, x - 1, y - 1, 2, h + 2], [1, x + w - 1, y - 1, 2, h + 2], [-columns, x - 1, y - 1, w + 2, 2], [columns, x - 1, y + h - 1, w + 2, 2]];
      for (const [step, left, top, broad, high] of edge) if (!hole[at + step]) g.fillRect(left, top, broad, high);
    }
    if (look >= 0) around(g, look, w, h);
    if (cursor >= 0) {
      const [x, y] = corner(cursor, w, h);
      tk.outline(g, x - wide * w, y - wide * h, (2 * wide + 1) * w, (2 * wide + 1) * h, "#7cc4f2", 2);
    }
  }
  // What one erased place, or all of them together, takes from each place.
  function taken() {
    const sum = new Float64Array(cells);
    const chosen = all ? [...shares.values()] : shares.has(look) ? [shares.get(look)] : [];
    for (const one of chosen) sources.forEach((at, s) => { sum[at] += one[s]; });
    return sum;
  }
  function best(sum) {
    return sum.reduce((top, value, at) => (value > sum[top] ? at : top), 0);
  }
  function drawOrigin(g, width, height) {
    const sum = taken(), top = best(sum);
    g.imageSmoothingEnabled = false;
    g.drawImage(grey, 0, 0, width, height);
    g.drawImage(tk.heat(sum, rows, columns, sum[top]), 0, 0, width, height);
    if (!all && sum[top] > 0) around(g, top, width / columns, height / rows);
    origin.caption.textContent = all ? "how often each pixel is copied" : "where the marked pixel is copied from";
    bar.set(sum[top]);
  }

  // ---- the reader

  function use(at) {
    const next = Uint8Array.from(hole);
    const from = last < 0 ? at : last;
    const [r0, c0, r1, c1] = [Math.floor(from / columns), from % columns, Math.floor(at / columns), at % columns];
    const steps = Math.max(Math.abs(r1 - r0), Math.abs(c1 - c0), 1);
    for (let i = 0; i <= steps; i++) { // a quick hand leaves no gaps
      const r = Math.round(r0 + ((r1 - r0) * i) / steps), c = Math.round(c0 + ((c1 - c0) * i) / steps);
      for (let a = Math.max(r - wide, 0); a <= Math.min(r + wide, rows - 1); a++) {
        for (let b = Math.max(c - wide, 0); b <= Math.min(c + wide, columns - 1); b++) next[a * columns + b] = brush === "erases" ? 1 : 0;
      }
    }
    last = at;
    tk.put(model, { hole: [...next.keys()].filter((i) => next[i]) });
  }
  function lookAt(at) {
    if (!hole[at] || at === look) return;
    look = at;
    show(!rest);
  }
  function onPoint({ x, y }, event) {
    const at = Math.floor(y * rows) * columns + Math.floor(x * columns);
    const pressed = event.type === "pointerdown" || event.buttons & 1;
    cursor = -1;
    if (event.type === "pointerdown") {
      last = -1;
      try { board.element.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
    }
    if (pressed && brush !== "looks") use(at);
    else lookAt(at);
  }
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = cursor >= 0 ? cursor : look >= 0 ? look : Math.floor(rows / 2) * columns + Math.floor(columns / 2);
    const far = event.shiftKey ? 5 : 1;
    const moves = { ArrowLeft: [0, -far], ArrowRight: [0, far], ArrowUp: [-far, 0], ArrowDown: [far, 0] };
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      cursor = at;
      last = -1;
      if (brush !== "looks") use(at);
      return;
    }
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [down, right] = cursor < 0 ? [0, 0] : moves[event.key]; // the first key shows where the cursor is
    cursor = Math.min(Math.max(Math.floor(at / columns) + down, 0), rows - 1) * columns + Math.min(Math.max((at % columns) + right, 0), columns - 1);
    if (hole[cursor]) look = cursor;
    show(!rest);
  }
  board.element.addEventListener("blur", () => { cursor = -1; board.redraw(); });

  const picture = tk.select(card.controls, {
    label: "Picture", options: [...names.map((name, i) => [i, name]), [OWN, "your own"]], value: model.get("chosen"), onChange: choose,
  });
  opener(card, { rows, columns, onPicture: (values) => { own = values; choose(OWN); } });
  function choose(which) {
    if (which === OWN && !own) {
      picture.set(mine ? OWN : model.get("chosen"));
      card.say("Open a photograph of your own first.");
      return;
    }
    mine = which === OWN;
    if (mine || which === model.get("chosen")) load();
    else tk.put(model, { chosen: which });
  }
  const heat = tk.slider(card.controls, {
    label: "Temperature of the softmax", min: 0.00001, max: 1, log: true, value: model.get("temperature"),
    onInput: (temperature) => tk.put(model, { temperature }),
  });
  tk.choice(card.controls, {
    label: "The brush", options: [["erases", "erases"], ["restores", "restores"], ["looks", "only looks"]], value: brush, onChange: (value) => { brush = value; },
  });
  tk.choice(card.controls, {
    label: "Its size", options: [[1, "3 × 3"], [2, "5 × 5"], [4, "9 × 9"]], value: wide, onChange: (value) => { wide = value; board.redraw(); },
  });
  tk.toggle(card.controls, { label: "Show what was there", value: peeking, onChange: (value) => { peeking = value; show(!rest); } });
  tk.toggle(card.controls, { label: "Show the sources of the whole hole", value: all, onChange: (value) => { all = value; show(!rest); } });
  const row = tk.element("div", { class: "tk-wide", style: "display:flex;flex-wrap:wrap;gap:0.5rem" });
  card.controls.append(row);
  const first = model.get("hole");
  tk.button(row, { label: "The first hole again", picture: "reset", first: true, onClick: () => tk.put(model, { hole: first }) });
  tk.button(row, { label: "Nothing erased", onClick: () => tk.put(model, { hole: [] }) });

  const place = (at) => `row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}`;
  function show(done) {
    board.caption.textContent = peeking ? "as it was" : "erased and filled again";
    board.redraw();
    origin.redraw();
    const count = model.get("hole").length;
    if (!count) card.say("Nothing is erased.");
    else if (!sources.length) card.say(`${count} pixels are erased. No patch of ${size} × ${size} is whole, so there is nothing to copy from.`);
    else if (!done) card.say(`${count} pixels are erased. Filling …`);
    else {
      const ours = decibels(values, truth, hole).toFixed(1), mean = decibels(meanFill(truth, hole), truth, hole).toFixed(1);
      const one = shares.get(look), top = one.reduce((at, share, s) => (share > one[at] ? s : at), 0);
      card.say(
        `${count} pixels are erased and filled: ${ours} dB, the mean of the rest ${mean} dB. ` +
        `The marked pixel, ${place(look)}, takes most from ${place(sources[top])}, ${tk.percent(one[top])}. ` +
        `Its weight is spread over ${tk.number(tk.effective(one))} places.`,
      );
    }
  }
  tk.watch(model, ["hole"], start);
  tk.watch(model, ["temperature"], () => { heat.set(model.get("temperature")); start(); });
  tk.watch(model, ["chosen"], () => { mine = false; load(); });
  load();
}
export default { render };
