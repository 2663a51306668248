function render({ model, el }) {
  const side = model.get("side"); // pixels of the picture
  const [rows, columns] = model.get("grid");
  const lefts = model.get("lefts"), tops = model.get("tops"), size = model.get("board_size"); // width, height
  const names = model.get("names");
  const truth = model.get("truth"); // [left, top, right, bottom, class] in pixels
  const makers = model.get("detectors"); // [name, answers, what an answer is called]
  const corners = tk.floats(model.get("corners")); // left, top, right, bottom in pixels
  const scores = tk.floats(model.get("scores"));
  const labels = tk.bytes(model.get("labels"));
  const codes = tk.bytes(model.get("codes")); // weights in 255 steps of the row's largest
  const steps = tk.floats(model.get("steps"));
  const spots = lefts.length * tops.length;
  const starts = []; // where each detector's answers begin
  makers.reduce((from, [, count]) => { starts.push(from); return from + spots * count; }, 0);
  let picture = null;
  let board = null;
  let dragging = false;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Hover, tap or press the left and right arrow keys to choose an answer and see where it looks. Drag the board, or " +
      "use its two sliders, to hide an object.",
  });
  const pair = tk.element("div", { class: "tk-columns" });
  card.stage.append(pair);
  const seen = tk.canvas(pair, {
    label: "The picture with the boxes that were found. Left and right arrow keys go from answer to answer.",
    caption: "what is found", ratio: 1, draw: drawFound, onPoint, onKey,
  });
  const looks = tk.canvas(pair, { label: "Where the chosen answer looks", caption: "it looks here", ratio: 1, draw: drawLook });
  const key = tk.colourBar(card.stage, { label: "weight" });

  const spot = () => model.get("row") * lefts.length + model.get("column");
  const count = () => makers[model.get("detector")][1];
  const row = (answer) => starts[model.get("detector")] + spot() * count() + answer;

  function answer(index) {
    const at = row(index);
    const box = [...corners.subarray(4 * at, 4 * at + 4)];
    const weights = Float64Array.from(codes.subarray(at * rows * columns, (at + 1) * rows * columns), (code) => code * steps[at]);
    return { index, box, score: scores[at], label: labels[at], weights };
  }
  const answers = () => Array.from({ length: count() }, (_, index) => answer(index)).filter((one) => one.box[2] > one.box[0]);
  const given = () => answers().filter((one) => one.score >= model.get("threshold"));
  const chosen = () => answer(Math.min(model.get("answer"), count() - 1));

  const area = ([a, b, c, d]) => Math.max(c - a, 0) * Math.max(d - b, 0);
  const shared = (p, q) => area([Math.max(p[0], q[0]), Math.max(p[1], q[1]), Math.min(p[2], q[2]), Math.min(p[3], q[3])]);
  const overlap = (p, q) => shared(p, q) / (area(p) + area(q) - shared(p, q) || 1);
  const plank = () => {
    const x = lefts[model.get("column")], y = tops[model.get("row")];
    return [x, y, x + size[0], y + size[1]];
  };

  // The best box of a class takes the object that it overlaps by half or more; all others are wrong.
  function judged() {
    const free = new Set(truth.keys());
    let wrong = 0;
    for (const one of given().sort((a, b) => b.score - a.score)) {
      const fits = [...free].filter((i) => truth[i][4] === one.label && overlap(truth[i], one.box) >= 0.5);
      if (!fits.length) { wrong++; continue; }
      free.delete(fits.sort((i, j) => overlap(truth[j], one.box) - overlap(truth[i], one.box))[0]);
    }
    return { found: truth.length - free.size, wrong };
  }

  // ---- drawing

  const made = {};
  function composed() {
    if (!picture || !board) return null;
    if (made[spot()]) return made[spot()];
    const both = [false, true].map((grey) => {
      const small = tk.blank(side, side);
      const g = small.getContext("2d");
      g.drawImage(grey ? picture.grey : picture.colour, 0, 0, side, side);
      g.drawImage(grey ? board.grey : board.colour, plank()[0], plank()[1], size[0], size[1]);
      return small;
    });
    return (made[spot()] = both);
  }

  function frame(g, scale, [a, b, c, d], colour, line, dash = []) {
    g.setLineDash(dash);
    if (dash.length) {
      g.strokeStyle = colour;
      g.lineWidth = line;
      g.strokeRect(a * scale, b * scale, (c - a) * scale, (d - b) * scale);
    } else tk.outline(g, a * scale, b * scale, (c - a) * scale, (d - b) * scale, colour, line);
    g.setLineDash([]);
  }

  function name(g, scale, width, one) {
    const text = `${names[one.label]} ${tk.percent(one.score)}`;
    g.font = "600 12px system-ui, sans-serif";
    const long = g.measureText(text).width + 8;
    const x = Math.min(Math.max(one.box[0] * scale, 0), width - long), y = Math.max(one.box[1] * scale - 18, 0);
    g.fillStyle = "rgba(0, 0, 0, 0.75)";
    g.fillRect(x, y, long, 17);
    g.fillStyle = "#ffffff";
    g.textBaseline = "middle";
    g.fillText(text, x + 4, y + 9);
  }

  function drawFound(g, width, height) {
    const scale = width / side;
    const whole = composed();
    g.imageSmoothingEnabled = false;
    if (whole) g.drawImage(whole[0], 0, 0, width, height);
    g.imageSmoothingEnabled = true;
    frame(g, scale, plank(), "#ffffff", 1, [4, 3]);
    if (model.get("show_truth")) for (const one of truth) frame(g, scale, one, "#7cf28a", 2, [2, 2]);
    const one = chosen();
    for (const other of given()) if (other.index !== one.index) frame(g, scale, other.box, "#ffffff", 1.2);
    const sure = one.score >= model.get("threshold");
    if (sure) frame(g, scale, one.box, "#ff7a3c", 2.5);
    else frame(g, scale, one.box, "#ffb38a", 2, [6, 4]);
    for (const other of given()) name(g, scale, width, other);
    if (!sure && one.box[2] > one.box[0]) name(g, scale, width, one);
  }

  let small = null;
  function drawLook(g, width, height) {
    const one = chosen();
    const most = Math.max(...one.weights);
    small = tk.heat(one.weights, rows, columns, most, small);
    const whole = composed();
    tk.mapOver(g, whole && whole[1], small, 0, 0, width, height);
    if (one.box[2] > one.box[0]) frame(g, width / side, one.box, "#ff7a3c", 2);
    key.set(most);
  }

  // ---- telling

  function tell() {
    const one = chosen();
    const [, , called] = makers[model.get("detector")];
    const sure = one.score >= model.get("threshold");
    let sum = 0, inside = 0, best = 0;
    const cell = side / rows;
    one.weights.forEach((weight, i) => {
      const x = (i % columns) * cell, y = Math.floor(i / columns) * cell;
      sum += weight;
      inside += (weight * shared([x, y, x + cell, y + cell], one.box)) / cell ** 2;
      if (weight > one.weights[best]) best = i;
    });
    const who = `${called} ${one.index + 1} of ${count()}`;
    const says = one.box[2] <= one.box[0] ? "has no answer" : sure ? `says ${names[one.label]}, ${tk.percent(one.score)}`
      : `says nothing (${names[one.label]} with ${tk.percent(one.score)} only)`;
    const where = sum ? ` It looks most at row ${Math.floor(best / columns) + 1}, column ${(best % columns) + 1}; ` +
      `${tk.percent(inside / sum)} of its weight lies in its box.` : "";
    const near = truth.map((object, i) => [overlap(object, one.box), i]).sort((a, b) => b[0] - a[0])[0];
    const about = near && near[0] > 0.1 ? ` The nearest object is a ${names[truth[near[1]][4]]} (overlap ${near[0].toFixed(2)}), and the ` +
      `board covers ${tk.percent(shared(plank(), truth[near[1]]) / area(truth[near[1]]))} of its box.` : "";
    const { found, wrong } = judged();
    card.say(`${who} ${says}.${where}${about} In all, ${found} of ${truth.length} objects are found, and ${wrong} ` +
      `${wrong === 1 ? "box is" : "boxes are"} wrong.`);
  }

  // ---- choosing

  function onPoint({ x, y }, event) {
    const [px, py] = [x * side, y * side];
    const [a, b, c, d] = plank();
    if (event.type === "pointerdown") dragging = px >= a && px <= c && py >= b && py <= d;
    else if (!event.buttons) dragging = false;
    if (dragging) {
      if (event.type === "pointerdown") return;
      const nearest = (values, to) => values.reduce((best, v, i) => (Math.abs(v - to) < Math.abs(values[best] - to) ? i : best), 0);
      tk.put(model, { column: nearest(lefts, px - size[0] / 2), row: nearest(tops, py - size[1] / 2) });
      return;
    }
    const inside = ({ box }) => px >= box[0] && px <= box[2] && py >= box[1] && py <= box[3];
    const hit = given().filter(inside).sort((p, q) => area(p.box) - area(q.box))[0];
    if (hit && hit.index !== model.get("answer")) tk.put(model, { answer: hit.index });
  }

  function onKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    tk.put(model, { answer: (Math.min(model.get("answer"), count() - 1) + step + count()) % count() });
  }

  // ---- controls

  const controls = {
    detector: makers.length > 1 ? tk.choice(card.controls, {
      label: "Detector", options: makers.map(([text], i) => [i, text]), value: model.get("detector"),
      onChange: (detector) => tk.put(model, { detector, answer: 0 }),
    }) : null,
    column: tk.slider(card.controls, {
      label: "Board, from left to right", min: 0, max: lefts.length - 1, value: model.get("column"),
      format: (v) => `${lefts[v]} px`, onInput: (column) => tk.put(model, { column }),
    }),
    row: tk.slider(card.controls, {
      label: "Board, from top to bottom", min: 0, max: tops.length - 1, value: model.get("row"),
      format: (v) => `${tops[v]} px`, onInput: (r) => tk.put(model, { row: r }),
    }),
    threshold: tk.slider(card.controls, {
      label: "Show answers from", min: 0.05, max: 0.95, step: 0.05, value: model.get("threshold"),
      format: (v) => tk.percent(v), onInput: (threshold) => tk.put(model, { threshold }),
    }),
    show_truth: tk.toggle(card.controls, {
      label: "Show the true boxes (dotted)", value: model.get("show_truth"), onChange: (v) => tk.put(model, { show_truth: v }),
    }),
  };

  function refresh() {
    for (const trait in controls) if (controls[trait]) controls[trait].set(model.get(trait));
    seen.redraw();
    looks.redraw();
    tell();
  }
  tk.watch(model, ["detector", "column", "row", "threshold", "show_truth", "answer"], refresh);
  tk.image(model.get("picture"), (colour, grey) => { picture = { colour, grey }; refresh(); });
  tk.image(model.get("board"), (colour, grey) => { board = { colour, grey }; refresh(); });
  refresh();
}
export default { render };
