// ---- the network: the same numbers as PlainNetwork in plain_network.py

function unpack(numbers, shapes) {
  let at = 0;
  const take = (count) => numbers.subarray(at, (at += count));
  return shapes.map(([outputs, inputs, side, stride]) => {
    const weights = take(outputs * inputs * side * side);
    return { outputs, inputs, side, stride, weights, bias: take(outputs) };
  });
}

function look(layers, picture, size) {
  let x = { values: picture, size };
  for (const layer of layers.slice(0, 3)) x = convolve(x.values, x.size, layer, true);
  const scores = convolve(convolve(x.values, x.size, layers[3], true).values, x.size, layers[4], false).values;
  const map = tk.softmax(scores);
  const { outputs, inputs, weights, bias } = layers[5];
  const places = map.length;
  const pooled = Array.from({ length: inputs }, (_, c) => {
    let sum = 0;
    for (let n = 0; n < places; n++) sum += x.values[c * places + n] * map[n];
    return sum;
  });
  const answers = Array.from({ length: outputs }, (_, k) => {
    let sum = bias[k];
    for (let c = 0; c < inputs; c++) sum += weights[k * inputs + c] * pooled[c];
    return sum;
  });
  return { map, grid: x.size, shares: tk.softmax(answers) };
}

// ---- the picture

// A square picture brought to fewer pixels, each the mean of what it covers.
function shrink(values, many, few) {
  const step = many / few;
  const made = new Float64Array(few * few);
  const cover = (n, m) => Math.max(Math.min((n + 1) * step, m + 1) - Math.max(n * step, m), 0) / step;
  for (let row = 0; row < few; row++) {
    for (let column = 0; column < few; column++) {
      let sum = 0;
      for (let y = Math.floor(row * step); y < Math.min(Math.ceil((row + 1) * step), many); y++) {
        for (let x = Math.floor(column * step); x < Math.min(Math.ceil((column + 1) * step), many); x++) {
          sum += cover(row, y) * cover(column, x) * values[y * many + x];
        }
      }
      made[row * few + column] = sum;
    }
  }
  return made;
}

// Grey from 0 to 1, stretched from the darkest to the brightest pixel.
function stretched(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  return values.map((value) => (value - low) / Math.max(high - low, 1e-6));
}

function render({ model, el }) {
  const size = model.get("size");
  const [dim, bright] = model.get("dim");
  const names = model.get("names");
  const layers = unpack(tk.floats(model.get("numbers")), model.get("shapes"));
  const backgrounds = tk.floats(model.get("backgrounds"));
  const bank = Float64Array.from(tk.bytes(model.get("digits")), (value) => value / 255);
  const started = Object.fromEntries(["photograph", "digit", "side", "corner"].map((name) => [name, model.get(name)]));
  const OWN = -1;
  let own = null; // the reader's photograph, stretched
  let ink = "none"; // what that photograph holds: nothing to read, a bright digit, a dark one
  let pen = new Float64Array(size * size);
  let draws = false;
  let down = false; // the pen that is moved by keys
  let cursor = [size / 2, size / 2]; // x and y in pixels
  let last = null;
  let seen = null;
  let quiet = false; // while several traits change at once

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Drag the digit, or focus the picture and press the arrow keys. Or draw one of your own with the pen.",
  });
  const pair = tk.element("div", { class: "tk-pair" }); // side by side on a telephone too: one looks at both
  card.stage.append(pair);
  const board = tk.canvas(pair, {
    label: "The picture. Arrow keys move the digit or the pen; the space bar puts the pen down or lifts it.",
    caption: `what it gets: ${size} × ${size}`, draw: drawPicture, onPoint, onKey,
  });
  board.element.style.touchAction = "none"; // a finger moves or draws here, and scrolls elsewhere
  const heat = tk.canvas(pair, { label: "The network's map over the picture", caption: "where its weight goes", draw: drawMap });
  const key = tk.colourBar(card.stage, { label: "weight of a place" });
  const bars = tk.element("div", { style: "display:grid;grid-template-rows:repeat(5,auto);grid-auto-flow:column;grid-auto-columns:1fr;gap:0.3rem 1.4rem" });
  card.stage.append(bars);
  const meters = Array.from({ length: 10 }, (_, k) => {
    const row = tk.element("div", { style: "display:grid;grid-template-columns:0.8rem 1fr 3.2rem;gap:0.5rem;align-items:center" });
    const value = tk.element("span", { class: "tk-value", style: "text-align:right" });
    row.append(tk.element("span", {}, String(k)));
    bars.append(row);
    const meter = tk.meter(row);
    row.append(value);
    return { meter, value };
  });
  const small = tk.blank(size, size);
  let cells = null;

  // ---- what the network gets

  function background() {
    const index = model.get("photograph");
    if (index !== OWN) return Float64Array.from(backgrounds.subarray(index * size * size, (index + 1) * size * size));
    if (!own) return new Float64Array(size * size);
    return own.map((value) => (ink === "none" ? dim * value : ink === "dark" ? 1 - value : value));
  }

  function picture() {
    const made = background();
    const [digit, side, [top, left]] = [model.get("digit"), model.get("side"), model.get("corner")];
    const over = Float64Array.from(pen);
    if (digit >= 0) {
      const stamp = shrink(bank.subarray(digit * 784, (digit + 1) * 784), 28, side);
      for (let n = 0; n < side * side; n++) {
        const at = (top + Math.floor(n / side)) * size + left + (n % side);
        over[at] = Math.max(over[at], stamp[n]);
      }
    }
    for (let n = 0; n < made.length; n++) made[n] = made[n] * (1 - over[n]) + bright * over[n];
    return made;
  }

  // The square around what was put on the photograph, [top, left, bottom, right]; null for nothing or for two things.
  function square() {
    const [digit, side, [top, left]] = [model.get("digit"), model.get("side"), model.get("corner")];
    const inked = [];
    pen.forEach((value, n) => { if (value > 0.3) inked.push(n); });
    if (digit >= 0) return inked.length ? null : [top, left, top + side, left + side];
    if (!inked.length) return null;
    const rows = inked.map((n) => Math.floor(n / size)), columns = inked.map((n) => n % size);
    return [Math.min(...rows), Math.min(...columns), Math.max(...rows) + 1, Math.max(...columns) + 1];
  }

  function inside({ map, grid }, [top, left, bottom, right]) {
    const cell = size / grid;
    const part = (from, to, n) => Math.max(Math.min(to, (n + 1) * cell) - Math.max(from, n * cell), 0) / cell;
    let sum = 0;
    map.forEach((weight, n) => { sum += weight * part(top, bottom, Math.floor(n / grid)) * part(left, right, n % grid); });
    return sum;
  }

  // ---- pictures

  function drawPicture(g, width, height) {
    if (!seen) return;
    g.imageSmoothingEnabled = false;
    g.drawImage(small, 0, 0, width, height);
    const scale = width / size;
    const [side, [top, left]] = [model.get("side"), model.get("corner")];
    if (!draws && model.get("digit") >= 0) tk.outline(g, left * scale, top * scale, side * scale, side * scale, "#ff7a3c", 2);
    if (draws && document.activeElement === board.element) {
      tk.outline(g, (cursor[0] - 1) * scale, (cursor[1] - 1) * scale, 2 * scale, 2 * scale, down ? "#ff7a3c" : "#8ecbff", 2);
    }
  }

  function drawMap(g, width, height) {
    if (!seen) return;
    g.imageSmoothingEnabled = false;
    g.drawImage(small, 0, 0, width, height);
    g.drawImage(cells, 0, 0, width, height);
  }

  function show() {
    const values = picture();
    const g = small.getContext("2d", { willReadFrequently: true });
    const pixels = g.createImageData(size, size);
    values.forEach((value, n) => pixels.data.set([255 * value, 255 * value, 255 * value, 255], 4 * n));
    g.putImageData(pixels, 0, 0);
    seen = look(layers, values, size);
    const top = Math.max(...seen.map);
    cells = tk.heat(seen.map, seen.grid, seen.grid, top, cells);
    key.set(top);
    const best = seen.shares.indexOf(Math.max(...seen.shares));
    meters.forEach(({ meter, value }, k) => {
      meter.set(seen.shares[k]);
      value.textContent = tk.percent(seen.shares[k]);
      value.style.fontWeight = k === best ? "700" : "400";
    });
    card.say(told(best));
    board.redraw();
    heat.redraw();
  }

  function told(best) {
    const answer = `${best}, ${tk.percent(seen.shares[best])}`;
    const box = square();
    if (box) {
      const share = ((box[2] - box[0]) * (box[3] - box[1])) / (size * size);
      return `It answers ${answer}. ${tk.percent(inside(seen, box))} of its weight lies in the digit's square, ` +
        `which is ${tk.percent(share)} of the picture.`;
    }
    if (model.get("digit") >= 0) return `It answers ${answer}. There is more than one thing to read.`;
    if (model.get("photograph") === OWN && !own) return "Open a photograph of your own first.";
    if (model.get("photograph") === OWN && ink !== "none") {
      return `It answers ${answer}. If your photograph holds no digit, that says nothing about it.`;
    }
    return `No digit is there. The ten shares sum to 100 % all the same, so that the answer, ${answer}, says nothing ` +
      "about the photograph. The map still shows where the weight goes.";
  }

  // ---- by pointer and by keys

  const within = (value, most) => Math.min(Math.max(Math.round(value), 0), most);

  function place(top, left) {
    const most = size - model.get("side");
    change({ corner: [within(top, most), within(left, most)] });
  }

  function change(values) {
    quiet = true;
    tk.put(model, values);
    quiet = false;
    refresh();
  }

  function refresh() {
    chosen.set(model.get("photograph"));
    digit.set(model.get("digit"));
    side.set(model.get("side"));
    show();
  }

  // A line of the pen, about 2.6 pixels wide, with soft edges.
  function line([x0, y0], [x1, y1]) {
    const long = Math.max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9);
    for (let n = 0; n < pen.length; n++) {
      const x = (n % size) + 0.5, y = Math.floor(n / size) + 0.5;
      const part = Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long, 0), 1);
      const far = Math.hypot(x - x0 - part * (x1 - x0), y - y0 - part * (y1 - y0));
      pen[n] = Math.max(pen[n], Math.min(Math.max(1.8 - far, 0), 1));
    }
  }

  function onPoint({ x, y }, event) {
    if (event.type === "pointermove" && !(event.buttons & 1)) return;
    if (event.type === "pointerdown" && board.element.setPointerCapture) {
      try { board.element.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
    }
    const at = [x * size, y * size];
    if (draws) {
      line(event.type === "pointerdown" || !last ? at : last, at);
      last = cursor = at;
      show();
    } else if (model.get("digit") >= 0) {
      place(at[1] - model.get("side") / 2, at[0] - model.get("side") / 2);
    }
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (draws && event.key === " ") {
      event.preventDefault();
      down = !down;
      if (down) line(cursor, cursor);
      show();
      return;
    }
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [right, under] = moves[event.key].map((step) => step * (event.shiftKey ? 4 : 1));
    if (draws) {
      const to = [Math.min(Math.max(cursor[0] + right, 0), size), Math.min(Math.max(cursor[1] + under, 0), size)];
      if (down) line(cursor, to);
      cursor = to;
      show();
    } else {
      const [top, left] = model.get("corner");
      place(top + under, left + right);
    }
  }
  for (const event of ["focus", "blur"]) board.element.addEventListener(event, () => board.redraw());

  // ---- controls

  const chosen = tk.select(card.controls, {
    label: "Photograph", options: [...names.map((name, index) => [index, name]), [OWN, "your own"]],
    value: model.get("photograph"), onChange: (value) => change({ photograph: value }),
  });
  opener(card, {
    rows: size, columns: size,
    onPicture: (values) => {
      own = stretched(Float64Array.from({ length: size * size }, (_, n) => (values[3 * n] + values[3 * n + 1] + values[3 * n + 2]) / 3));
      change({ photograph: OWN });
    },
  });

  const digit = tk.select(card.controls, {
    label: "Digit on it", options: [[-1, "none"], ...Array.from({ length: 10 }, (_, k) => [k, String(k)])],
    value: model.get("digit"), onChange: (value) => change({ digit: value }),
  });
  const side = tk.slider(card.controls, {
    label: "Its size", min: Math.min(8, size), max: Math.min(28, size), value: model.get("side"), format: (v) => `${v} pixels`,
    onInput: (value) => {
      const [top, left] = model.get("corner");
      const grown = (value - model.get("side")) / 2;
      change({ side: value, corner: [within(top - grown, size - value), within(left - grown, size - value)] });
    },
  });
  tk.choice(card.controls, {
    label: "The pointer", options: [[false, "moves the digit"], [true, "draws with a pen"]], value: draws,
    onChange: (value) => { draws = value; show(); },
  });
  tk.choice(card.controls, {
    label: "Your own photograph is", value: ink, onChange: (value) => { ink = value; show(); },
    options: [["none", "a background"], ["bright", "one of a bright digit"], ["dark", "one of a dark digit"]],
  });
  const row = tk.element("div", { class: "tk-wide", style: "display:flex;flex-wrap:wrap;gap:0.5rem" });
  card.controls.append(row);
  const wipe = () => { pen = new Float64Array(size * size); down = false; };
  tk.button(row, { label: "Start again", picture: "reset", first: true, onClick: () => { wipe(); change(started); } });
  tk.button(row, { label: "Wipe the pen", onClick: () => { wipe(); show(); } });
  tk.button(row, { label: "Photograph alone", onClick: () => { wipe(); change({ digit: -1 }); } });

  tk.watch(model, ["photograph", "digit", "side", "corner"], () => { if (!quiet) refresh(); });
  show();
}
export default { render };
