// ---- the trackers: the same numbers as applications/tracking.py and tracking_controls.py

const TEMPLATE = 24, MARGIN = 2, PARTS = 8, WINDOW = 12;

// Weights of one tracker, taken from a row of numbers in order.
function unpackTracker(numbers, width, dim) {
  let at = 0;
  const take = (count) => numbers.subarray(at, (at += count));
  const conv = (outputs, inputs, side, stride, biased = true) => ({
    outputs, inputs, side, stride, weights: take(outputs * inputs * side * side),
    bias: biased ? take(outputs) : new Float32Array(outputs),
  });
  return {
    features: [conv(width / 2, 3, 3, 2), conv(width, width / 2, 3, 1), conv(width, width, 3, 1)],
    query: conv(dim, width, 1, 1, false), key: conv(dim, width, 1, 1, false),
    extent: [conv(8, dim + 1, 1, 1), conv(4, 8, WINDOW / 2, 1)],
    scale: take(1)[0], floor: take(1)[0], temperature: take(1)[0],
  };
}

// Vectors of length 1, place by place: (channels, size, size) -> (size * size, channels).
function vectors(x, size, channels) {
  const made = new Float32Array(size * size * channels);
  for (let n = 0; n < size * size; n++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += x[c * size * size + n] ** 2;
    const scale = 1 / Math.max(Math.sqrt(sum), 1e-12);
    for (let c = 0; c < channels; c++) made[n * channels + c] = x[c * size * size + n] * scale;
  }
  return made;
}

function read(net, picture, size, layer) {
  let x = { values: picture, size };
  for (const one of net.features) x = convolve(x.values, x.size, one, true);
  return { size: x.size, rows: vectors(convolve(x.values, x.size, layer, false).values, x.size, layer.outputs) };
}

const IN_DISC = Array.from({ length: PARTS * PARTS }, (_, j) => {
  const [y, x] = [Math.floor(j / PARTS), j % PARTS].map((v) => (v + 0.5) / (PARTS / 2) - 1);
  return x * x + y * y <= 1;
});
const DISC = IN_DISC.filter(Boolean).length;

// The keys of the target's inner 8 x 8 places, (64, dim).
function keysOf(net, template) {
  const { size, rows } = read(net, template, TEMPLATE, net.key);
  const dim = net.key.outputs, made = new Float32Array(PARTS * PARTS * dim);
  for (let j = 0; j < PARTS * PARTS; j++) {
    const from = ((Math.floor(j / PARTS) + MARGIN) * size + (j % PARTS) + MARGIN) * dim;
    made.set(rows.subarray(from, from + dim), j * dim);
  }
  return made;
}

// What a tracker makes of a search region: weights (N, 64), response, best centre, box, presence.
function look(net, kind, keys, region, side) {
  const dim = net.key.outputs, parts = PARTS * PARTS;
  const { size, rows } = read(net, region, side, net.query);
  const places = size * size, wide = size + 1;
  const similar = new Float32Array(places * parts), weights = new Float32Array(places * parts);
  const fits = new Float32Array(places), response = new Float32Array(wide * wide);
  for (let i = 0; i < places; i++) {
    for (let j = 0; j < parts; j++) {
      let sum = 0;
      for (let c = 0; c < dim; c++) sum += rows[i * dim + c] * keys[j * dim + c];
      similar[i * parts + j] = sum;
    }
  }
  const add = (row, column, value) => {
    if (row >= 0 && row < wide && column >= 0 && column < wide) response[row * wide + column] += value / DISC;
  };
  const from = PARTS / 2;
  for (let i = 0; i < places; i++) {
    const row = Math.floor(i / size), column = i % size;
    if (kind !== "correlation") {
      let sum = 0;
      for (let j = 0; j < parts; j++) {
        const raised = !IN_DISC[j] ? 0 : kind === "uniform" ? 1 : Math.exp((similar[i * parts + j] - 1) / net.temperature);
        weights[i * parts + j] = raised;
        sum += raised;
      }
      for (let j = 0; j < parts; j++) {
        weights[i * parts + j] /= sum;
        fits[i] += weights[i * parts + j] * similar[i * parts + j];
      }
    }
    // a place counts for each centre whose disc holds it
    for (let j = 0; j < parts; j++) {
      if (!IN_DISC[j]) continue;
      add(row + from - Math.floor(j / PARTS), column + from - (j % PARTS), kind === "correlation" ? similar[i * parts + j] : fits[i]);
    }
  }
  const best = tk.highest(response);
  const centre = [Math.floor(best / wide), best % wide];
  if (kind === "correlation") {
    for (let j = 0; j < parts; j++) {
      const row = centre[0] - from + Math.floor(j / PARTS), column = centre[1] - from + (j % PARTS);
      if (IN_DISC[j] && row >= 0 && row < size && column >= 0 && column < size) weights[(row * size + column) * parts + j] = 1;
    }
  }
  let total = Math.exp(net.scale * (net.floor - response[best]));
  const nowhere = total;
  for (const value of response) total += Math.exp(net.scale * (value - response[best]));
  return { size, weights, response, presence: 1 - nowhere / total, box: boxAt(net, rows, size, response, centre) };
}

function boxAt(net, rows, size, response, [top, left]) {
  const dim = net.key.outputs, wide = size + 1, half = WINDOW / 2;
  const seen = new Float32Array((dim + 1) * WINDOW * WINDOW);
  for (let y = 0; y < WINDOW; y++) {
    for (let x = 0; x < WINDOW; x++) {
      const row = top + y - half, column = left + x - half;
      if (row < 0 || row >= size || column < 0 || column >= size) continue;
      for (let c = 0; c < dim; c++) seen[(c * WINDOW + y) * WINDOW + x] = rows[(row * size + column) * dim + c];
      const at = row * wide + column;
      seen[(dim * WINDOW + y) * WINDOW + x] = (response[at] + response[at + 1] + response[at + wide] + response[at + wide + 1]) / 4;
    }
  }
  const [first, second] = net.extent;
  const hidden = convolve(seen, WINDOW, first, true).values;
  const answers = Array.from({ length: 4 }, (_, o) => {
    let sum = second.bias[o];
    for (let i = 0; i < 8; i++) {
      for (let y = 0; y < half; y++) {
        for (let x = 0; x < half; x++) {
          const at = (i * WINDOW + 2 * y) * WINDOW + 2 * x;
          const mean = (hidden[at] + hidden[at + 1] + hidden[at + WINDOW] + hidden[at + WINDOW + 1]) / 4;
          sum += second.weights[((o * 8 + i) * half + y) * half + x] * mean;
        }
      }
    }
    return Math.tanh(sum);
  });
  return [2 * left + 4 * answers[0], 2 * top + 4 * answers[1], 16 * Math.exp(answers[2]), 16 * Math.exp(answers[3])];
}

function render({ model, el }) {
  const side = model.get("side"), search = model.get("search");
  const films = model.get("films"), truth = model.get("truth"), makers = model.get("trackers");
  const bytes = tk.bytes(model.get("pixels"));
  const pixels = Float32Array.from(bytes, (value) => value / 255);
  const area = 3 * side * side, small = 3 * TEMPLATE * TEMPLATE;
  const starts = films.map(([, count], f) => films.slice(0, f).reduce((at, [, n]) => at + n * area + small, 0));
  const frameOf = (f, t) => pixels.subarray(starts[f] + t * area, starts[f] + (t + 1) * area);
  const templateOf = (f) => pixels.subarray(starts[f] + films[f][1] * area, starts[f] + films[f][1] * area + small);
  const plank = pixels.subarray(pixels.length - area);
  const all = tk.floats(model.get("numbers"));
  let from = 0;
  const nets = makers.map(([, , width, dim, count]) => unpackTracker(all.subarray(from, (from += count)), width, dim));
  const keys = {}, paths = {};
  let seen = null; // what is shown: the composed frame, the corner of the search region, the tracker's answer
  let dragging = false;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Step through the film. Switch the board on and drag it over the target. Choose a part of the target to see where it is found.",
  });
  const row = tk.element("div", { class: "tk-columns" });
  card.stage.append(row);
  const scene = tk.canvas(row, {
    label: "The frame. Arrow keys move the board.", caption: "true box dotted, tracker's box solid, search region dashed",
    draw: drawFrame, onPoint: onFrame, onKey: onFrameKey,
  });
  const map = tk.canvas(row, { label: "The search region, and where the chosen part is found", caption: "where this part is found", draw: drawMap });
  const target = tk.canvas(row, {
    label: "The target of the first frame in 8 by 8 parts. Arrow keys choose a part.", caption: "the target: choose a part",
    draw: drawTarget, onPoint: onTarget, onKey: onTargetKey,
  });
  const bar = tk.colourBar(card.stage, { label: "weight of the part" });

  // ---- following

  function region(picture, [x, y]) {
    const cut = new Float32Array(3 * search * search);
    for (let c = 0; c < 3; c++) {
      for (let r = 0; r < search; r++) {
        const at = c * side * side + (y + r) * side + x;
        cut.set(picture.subarray(at, at + search), (c * search + r) * search);
      }
    }
    return cut;
  }
  const even = (v) => { const low = Math.floor(v); return v - low === 0.5 ? low + (low % 2) : Math.round(v); }; // as torch rounds
  const cornerAround = (centre) => centre.map((v) => Math.min(Math.max(even(v - search / 2), 0), side - search));

  function ask(f, k, picture, corner) {
    const name = `${f} ${k}`;
    if (!keys[name]) keys[name] = keysOf(nets[k], templateOf(f));
    const answer = look(nets[k], makers[k][1], keys[name], region(picture, corner), search);
    answer.box = [answer.box[0] + corner[0], answer.box[1] + corner[1], answer.box[2], answer.box[3]];
    return answer;
  }

  // Where the search region of a frame lies, and the answer there without the board.
  function pathTo(f, k, t) {
    const path = (paths[`${f} ${k}`] ||= [{ centre: truth[f][0].slice(0, 2).map((v) => v * side) }]);
    path[0].corner = cornerAround(path[0].centre);
    while (path.length <= t) {
      const corner = cornerAround(path[path.length - 1].centre);
      const answer = ask(f, k, frameOf(f, path.length), corner);
      const centre = answer.presence >= 0.5 ? answer.box.slice(0, 2) : path[path.length - 1].centre;
      path.push({ corner, answer, centre });
    }
    return path[t];
  }

  const plate = () => {
    const size = model.get("board_size");
    return [Math.round(model.get("board_x") - size / 2), Math.round(model.get("board_y") - size / 2), size];
  };
  function composed(f, t) {
    const picture = frameOf(f, t);
    if (!model.get("covered")) return picture;
    const made = picture.slice();
    const [left, top, size] = plate();
    for (let c = 0; c < 3; c++) {
      for (let y = Math.max(top, 0); y < Math.min(top + size, side); y++) {
        for (let x = Math.max(left, 0); x < Math.min(left + size, side); x++) made[(c * side + y) * side + x] = plank[(c * side + y) * side + x];
      }
    }
    return made;
  }

  function update() {
    const f = model.get("film"), k = model.get("tracker"), t = Math.min(model.get("frame"), films[f][1] - 1);
    const { corner, answer } = pathTo(f, k, t);
    const picture = composed(f, t);
    const fresh = model.get("covered") || !answer ? ask(f, k, picture, corner) : answer;
    seen = { f, k, t, picture, corner, answer: fresh };
    tell();
  }

  // ---- drawing

  function painted(picture, size) {
    const made = tk.blank(size, size), g = made.getContext("2d"), data = g.createImageData(size, size);
    for (let n = 0; n < size * size; n++) {
      for (let c = 0; c < 3; c++) data.data[4 * n + c] = Math.round(255 * picture[c * size * size + n]);
      data.data[4 * n + 3] = 255;
    }
    g.putImageData(data, 0, 0);
    return made;
  }
  function plain(g, picture, size, width, height) {
    g.imageSmoothingEnabled = false;
    g.drawImage(painted(picture, size), 0, 0, width, height);
    g.imageSmoothingEnabled = true;
  }
  function frame(g, scale, [x, y, w, h], colour, line, dash) {
    const box = [(x - w / 2) * scale, (y - h / 2) * scale, w * scale, h * scale];
    for (const [ink, thick] of [["rgba(0, 0, 0, 0.75)", line + 2], [colour, line]]) {
      g.setLineDash(dash);
      g.strokeStyle = ink;
      g.lineWidth = thick;
      g.strokeRect(...box);
    }
    g.setLineDash([]);
  }
  const here = () => truth[seen.f][seen.t];

  function drawFrame(g, width, height) {
    if (!seen) return;
    const scale = width / side, [x, y] = seen.corner;
    plain(g, seen.picture, side, width, height);
    frame(g, scale, [x + search / 2, y + search / 2, search - 0.5, search - 0.5], "#c8d4ff", 1, [7, 5]);
    if (model.get("covered")) {
      const [left, top, size] = plate();
      frame(g, scale, [left + size / 2, top + size / 2, size, size], "#ffffff", 1, []);
    }
    if (here().length) frame(g, scale, here().map((v) => v * side), "#7cf28a", 2, [2, 3]);
    frame(g, scale, seen.answer.box, seen.answer.presence >= 0.5 ? "#ff7a3c" : "#ffb38a", 2.5, seen.answer.presence >= 0.5 ? [] : [6, 4]);
  }

  let heat = null;
  function drawMap(g, width, height) {
    if (!seen) return;
    const { size, weights } = seen.answer, part = model.get("part");
    const column = Float64Array.from({ length: size * size }, (_, i) => weights[i * PARTS * PARTS + part]);
    const most = Math.max(...column) || 1;
    heat = tk.heat(column, size, size, most, heat);
    const [x, y] = seen.corner, cut = region(seen.picture, seen.corner), grey = new Float32Array(cut.length);
    const n = search * search;
    for (let i = 0; i < n; i++) grey[i] = grey[n + i] = grey[2 * n + i] = 0.299 * cut[i] + 0.587 * cut[n + i] + 0.114 * cut[2 * n + i];
    tk.mapOver(g, painted(grey, search), heat, 0, 0, width, height);
    const [cx, cy, w, h] = seen.answer.box;
    frame(g, width / search, [cx - x, cy - y, w, h], "#ff7a3c", 2, []);
    bar.set(most);
  }

  function drawTarget(g, width, height) {
    if (!seen) return;
    plain(g, templateOf(seen.f), TEMPLATE, width, height);
    const cell = width / (PARTS + 2 * MARGIN);
    const [y, x] = [Math.floor(model.get("part") / PARTS), model.get("part") % PARTS];
    g.fillStyle = "rgba(0, 0, 0, 0.55)"; // what lies outside of the disc does not count
    for (let r = 0; r < PARTS + 2 * MARGIN; r++) {
      for (let c = 0; c < PARTS + 2 * MARGIN; c++) {
        const j = (r - MARGIN) * PARTS + c - MARGIN;
        const inside = r >= MARGIN && r < PARTS + MARGIN && c >= MARGIN && c < PARTS + MARGIN && IN_DISC[j];
        if (!inside) g.fillRect(c * cell, r * cell, cell + 0.5, cell + 0.5);
      }
    }
    tk.outline(g, (x + MARGIN) * cell, (y + MARGIN) * cell, cell, cell, "#ff7a3c", 2.5);
  }

  // ---- telling

  const shared = (a, b) => {
    const along = (i) => Math.max(Math.min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2) - Math.max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2), 0);
    return along(0) * along(1);
  };
  function tell() {
    const { f, t, answer } = seen, there = here();
    const box = there.map((v) => v * side);
    const both = there.length ? shared(answer.box, box) : 0;
    const overlap = there.length ? both / (answer.box[2] * answer.box[3] + box[2] * box[3] - both) : 0;
    const [left, top, size] = plate();
    const hidden = model.get("covered") && there.length ? ` The board covers ${tk.percent(shared([left + size / 2, top + size / 2, size, size], box) / (box[2] * box[3]))} of its box.` : "";
    const column = Array.from({ length: answer.size ** 2 }, (_, i) => answer.weights[i * PARTS * PARTS + model.get("part")]);
    const best = tk.highest(column);
    const part = IN_DISC[model.get("part")] ? `The chosen part weighs most at ${seen.corner[0] + 2 * (best % answer.size) + 1}, ${seen.corner[1] + 2 * Math.floor(best / answer.size) + 1}: ${tk.percent(column[best])}.`
      : "The chosen part lies outside of the target's disc and counts nowhere.";
    card.say(`Frame ${t + 1} of ${films[f][1]}: ${there.length ? `overlap with the true box ${overlap.toFixed(2)}` : "the target is gone"}. ` +
      `Chance that it is there, says the tracker: ${tk.percent(answer.presence)}.${hidden} ${part}`);
  }

  // ---- choosing

  const clamp = (v) => Math.min(Math.max(v, 0), side);
  function moveBoard(x, y) {
    tk.put(model, { board_x: clamp(x), board_y: clamp(y) });
  }
  function onFrame({ x, y }, event) {
    const [left, top, size] = plate(), [px, py] = [x * side, y * side];
    if (event.type === "pointerdown") dragging = model.get("covered") && px >= left - 3 && px <= left + size + 3 && py >= top - 3 && py <= top + size + 3;
    else if (!event.buttons) dragging = false;
    if (dragging && event.type === "pointermove") moveBoard(px, py);
  }
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const arrow = (event) => (event.ctrlKey || event.metaKey || event.altKey ? null : ARROWS[event.key]);
  function onFrameKey(event) {
    const step = arrow(event);
    if (!step) return;
    event.preventDefault();
    tk.put(model, { covered: true });
    moveBoard(model.get("board_x") + step[0], model.get("board_y") + step[1]);
  }
  function choose(row, column) {
    const at = (v) => Math.min(Math.max(v, 0), PARTS - 1);
    tk.put(model, { part: at(row) * PARTS + at(column) });
  }
  function onTarget({ x, y }) {
    const cell = (v) => Math.floor(v * (PARTS + 2 * MARGIN)) - MARGIN;
    choose(cell(y), cell(x));
  }
  function onTargetKey(event) {
    const step = arrow(event);
    if (!step) return;
    event.preventDefault();
    choose(Math.floor(model.get("part") / PARTS) + step[1], (model.get("part") % PARTS) + step[0]);
  }

  // ---- controls

  const most = Math.max(...films.map(([, count]) => count));
  const controls = {
    film: films.length > 1 ? tk.choice(card.controls, {
      label: "Film", options: films.map(([text], i) => [i, text]), value: model.get("film"), onChange: (film) => tk.put(model, { film }),
    }) : null,
    tracker: makers.length > 1 ? tk.choice(card.controls, {
      label: "Tracker", options: makers.map(([text], i) => [i, text]), value: model.get("tracker"), onChange: (tracker) => tk.put(model, { tracker }),
    }) : null,
    frame: tk.player(card.controls, {
      count: most, value: model.get("frame"), label: "Frame", interval: 600, onStep: (index) => tk.put(model, { frame: index }),
    }),
    covered: tk.toggle(card.controls, {
      label: "Board over this frame", value: model.get("covered"), onChange: (covered) => tk.put(model, { covered }),
    }),
    board_size: tk.slider(card.controls, {
      label: "Size of the board", min: 6, max: 24, value: model.get("board_size"), format: (v) => `${v} px`,
      onInput: (board_size) => tk.put(model, { board_size, covered: true }),
    }),
    board_x: tk.slider(card.controls, {
      label: "Board, from left to right", min: 0, max: side, value: model.get("board_x"), format: (v) => `${Math.round(v)} px`,
      onInput: (board_x) => tk.put(model, { board_x, covered: true }),
    }),
    board_y: tk.slider(card.controls, {
      label: "Board, from top to bottom", min: 0, max: side, value: model.get("board_y"), format: (v) => `${Math.round(v)} px`,
      onInput: (board_y) => tk.put(model, { board_y, covered: true }),
    }),
  };

  let waiting = 0;
  function refresh() {
    if (waiting) return;
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      for (const trait in controls) if (controls[trait]) controls[trait].set(model.get(trait));
      update();
      for (const one of [scene, map, target]) one.redraw();
    });
  }
  tk.watch(model, ["film", "tracker", "frame", "part", "covered", "board_size", "board_x", "board_y"], refresh);
  refresh();
}
export default { render };
