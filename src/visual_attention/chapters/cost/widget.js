function render({ model, el }) {
  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Each row is a query, each column a key. Choose a way, then play: piece by piece, scores are computed, used and, where the way allows it, forgotten.",
  });
  const frames = model.get("frames");

  function order() {
    const way = model.get("way"), side = model.get("side"), window = model.get("window"), block = model.get("block");
    const count = side * side;
    const parts = Math.ceil(count / block);
    const shift = way === "shifted windows" ? Math.floor(window / 2) : 0;
    const across = Math.ceil((side + shift) / window);
    const number = (place) =>
      Math.floor((Math.floor(place / side) + shift) / window) * across + Math.floor(((place % side) + shift) / window);
    const piece = new Int32Array(count * count);
    let most = 0;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        let p = i;
        if (way === "blocks") p = Math.floor(i / block) * parts + Math.floor(j / block);
        else if (way === "criss-cross") p = Math.floor(i / side) === Math.floor(j / side) || i % side === j % side ? i : -1;
        else if (way !== "whole matrix") p = number(i) === number(j) ? number(i) : -1;
        piece[i * count + j] = p;
        if (p > most) most = p;
      }
    }
    return { piece, count, pieces: most + 1 };
  }

  const NEVER = 0, LATER = 1, FORGOTTEN = 2, NOW = 3;
  let work = order();
  let states = new Uint8Array(0);
  let tally = {};

  function look() {
    const whole = model.get("way") === "whole matrix";
    const done = Math.round((work.pieces * model.get("frame")) / frames);
    states = new Uint8Array(work.piece.length);
    const sizes = new Int32Array(work.pieces);
    tally = { computed: 0, kept: 0, all: 0, most: 0, done };
    for (let k = 0; k < states.length; k++) {
      const p = work.piece[k];
      if (p < 0) continue;
      tally.all += 1;
      sizes[p] += 1;
      states[k] = p >= done ? LATER : whole || p === done - 1 ? NOW : FORGOTTEN;
      if (states[k] !== LATER) tally.computed += 1;
      if (states[k] === NOW) tally.kept += 1;
    }
    tally.most = whole ? tally.all : sizes.reduce((a, b) => Math.max(a, b), 0);
  }

  const pair = tk.element("div", { class: "tk-columns" });
  card.stage.append(pair);
  const board = tk.canvas(pair, { label: "The matrix of scores", ratio: 1, draw, caption: "scores: queries down, keys across" });
  const side = tk.element("div", { style: "display:grid;gap:0.5rem;align-content:center" });
  pair.append(side);

  const shades = (c) => [c.surface, c.line, c.edge, c.accent];
  const names = ["never computed", "still to come", "computed and forgotten", "in memory now"];
  const swatches = names.map((text) => {
    const box = tk.element("span", { style: "display:inline-block;width:1.1rem;height:1.1rem;border:1px solid;margin-right:0.5rem;vertical-align:-0.2rem", "aria-hidden": "true" });
    const value = tk.element("span", { class: "tk-value" });
    side.append(tk.element("div", {}, box, `${text}: `, value));
    return { box, value };
  });
  const meters = ["computed so far", "in memory now"].map((text, k) => {
    const value = tk.element("span", { class: "tk-value" });
    side.append(tk.element("div", {}, `${text}, of all pairs: `, value));
    return { bar: tk.meter(side, { second: k === 1 }), value };
  });

  function draw(g, width) {
    const colours = shades(tk.colours(card.root));
    const rgb = colours.map((text) => {
      g.fillStyle = text;
      g.fillRect(0, 0, 1, 1);
      return g.getImageData(0, 0, 1, 1).data;
    });
    const small = tk.blank(work.count, work.count);
    const pen = small.getContext("2d");
    const pixels = pen.createImageData(work.count, work.count);
    for (let k = 0; k < states.length; k++) pixels.data.set(rgb[states[k]], 4 * k);
    pen.putImageData(pixels, 0, 0);
    g.imageSmoothingEnabled = false;
    g.drawImage(small, 0, 0, width, width);
    g.strokeStyle = tk.colours(card.root).edge;
    g.lineWidth = 1;
    g.strokeRect(0.5, 0.5, width - 1, width - 1);
    swatches.forEach(({ box }, k) => { box.style.background = colours[k]; });
  }

  tk.choice(card.controls, {
    label: "Way", options: model.get("ways").map((way) => [way, way]), value: model.get("way"),
    onChange: (way) => tk.put(model, { way }),
  });
  const chooser = (name, label, list, text) => tk.select(card.controls, {
    label, options: list.map((v) => [v, text(v)]), value: model.get(name), onChange: (v) => tk.put(model, { [name]: v }),
  });
  chooser("side", "Tokens", model.get("sides"), (v) => `${v * v} on a grid of ${v} x ${v}`);
  const windows = chooser("window", "Window", model.get("windows"), (v) => `${v} x ${v} places`);
  const blocks = chooser("block", "Block", model.get("blocks"), (v) => `${v} queries and keys`);
  const player = tk.player(card.controls, {
    count: frames + 1, value: model.get("frame"), label: "Progress", interval: 350,
    format: (v) => tk.percent(v / frames), onStep: (frame) => tk.put(model, { frame }),
  });

  const big = (x) => x.toLocaleString("en");
  function show() {
    const way = model.get("way");
    look();
    const all = work.count * work.count;
    const totals = [all - tally.all, tally.all - tally.computed, tally.computed - tally.kept, tally.kept];
    swatches.forEach(({ value }, k) => { value.textContent = big(totals[k]); });
    [tally.computed, tally.kept].forEach((part, k) => {
      meters[k].bar.set(part / all);
      meters[k].value.textContent = tk.percent(part / all);
    });
    windows.input.disabled = !way.includes("windows");
    blocks.input.disabled = way !== "blocks";
    card.say(
      `${way[0].toUpperCase()}${way.slice(1)}, ${big(work.count)} tokens: ${big(tally.computed)} of ${big(all)} scores computed ` +
      `so far, ${big(tally.kept)} of them in memory. In the end: ${big(tally.all)} computed, never more than ${big(tally.most)} kept.`,
    );
    player.set(model.get("frame"));
    board.redraw();
  }
  tk.watch(model, ["way", "side", "window", "block"], () => { work = order(); show(); });
  tk.watch(model, ["frame"], show);
  show();
}
export default { render };
