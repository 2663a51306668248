function render({ model, el }) {
  const [channels, rows, columns] = model.get("shape");
  const classes = model.get("classes");
  const bias = model.get("bias");
  const chosen = model.get("chosen");
  const codes = tk.bytes(model.get("codes"));
  const means = tk.floats(model.get("means"));
  const weights = tk.floats(model.get("weights"));
  let grey = null;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Each knob multiplies one feature map. Drag it, or focus it and press the arrow keys, and watch the classes.",
  });
  const pair = tk.element("div", { class: "tk-columns" });
  card.stage.append(pair);
  let picture = null;
  const ratio = () => (picture ? picture.naturalHeight / picture.naturalWidth : 1);
  const photo = tk.canvas(pair, {
    label: "The picture", caption: "the picture", ratio, draw: (g, w, h) => picture && g.drawImage(picture, 0, 0, w, h),
  });

  const bars = tk.shareBars(pair, classes);

  const key = tk.colourBar(card.stage, { label: "feature × gate, one scale for all channels" });
  key.set("largest feature");
  const tiles = tk.element("div", { style: "display:grid;grid-template-columns:repeat(auto-fill,minmax(min(9rem,100%),1fr));gap:0.4rem 1rem" });
  card.stage.append(tiles);
  const knobs = Array.from({ length: channels }, (_, c) => {
    const tile = tk.element("div", {});
    tiles.append(tile);
    const small = tk.blank(columns, rows);
    const map = tk.canvas(tile, {
      label: `Feature map of channel ${c + 1}, times its gate`, ratio,
      draw: (g, w, h) => tk.mapOver(g, grey, heat(c, small), 0, 0, w, h),
    });
    const knob = tk.slider(tile, {
      label: `channel ${c + 1}`, min: 0, max: 1, step: 0.05, value: model.get("gates")[c], format: (v) => v.toFixed(2),
      onInput: (v) => tk.put(model, { gates: model.get("gates").map((old, i) => (i === c ? v : old)) }),
    });
    const part = tk.element("p", { class: "tk-hint", style: "margin-top:-0.5rem" });
    tile.append(part);
    const [shown, words] = model.get("answers")[c] || [];
    if (shown) {
      const answer = tk.element("p", { class: "tk-hint", style: "margin-top:-0.5rem" });
      const style = "display:block;width:100%;image-rendering:pixelated";
      answer.append(tk.element("img", { src: shown, alt: `What fires channel ${c + 1} most: ${words}`, style }));
      answer.append(`fires most at: ${words}`);
      tile.append(answer);
    }
    return { map, knob, part };
  });

  function heat(c, small) {
    const gate = model.get("gates")[c];
    const values = new Float64Array(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = codes[c * rows * columns + i] * gate;
    return tk.heat(values, rows, columns, 255, small);
  }

  const all = (gate) => () => tk.put(model, { gates: Array(channels).fill(gate) });
  tk.button(card.controls, { label: "The network's gates", picture: "reset", first: true, onClick: () => tk.put(model, { gates: chosen }) });
  tk.button(card.controls, { label: "All open", onClick: all(1) });
  tk.button(card.controls, { label: "All shut", onClick: all(0) });

  function shares(gates) {
    return tk.softmax(classes.map((_, k) => {
      let score = bias[k];
      for (let c = 0; c < channels; c++) score += weights[k * channels + c] * gates[c] * means[c];
      return score;
    }));
  }

  function show() {
    const gates = model.get("gates");
    const now = shares(gates);
    const best = bars.set(now);
    knobs.forEach(({ map, knob, part }, c) => {
      knob.set(gates[c]);
      const adds = weights[best * channels + c] * gates[c] * means[c];
      part.textContent = `${adds >= 0 ? "+" : "−"}${Math.abs(adds).toFixed(1)} for ${classes[best]}`;
      map.redraw();
    });
    const own = shares(chosen);
    const theirs = tk.highest(own);
    const told = gates.every((gate) => gate === 0)
      ? "All channels are shut: the picture is not seen, and what is left is the bias of each class. "
      : "";
    card.say(
      `${told}The network says ${classes[best]}, ${tk.percent(now[best])}. ` +
      `With its own gates: ${classes[theirs]}, ${tk.percent(own[theirs])}.`,
    );
  }
  tk.watch(model, ["gates"], show);
  tk.image(model.get("picture"), (image, inGrey) => {
    [picture, grey] = [image, inGrey];
    photo.redraw();
    show();
  });
  show();
}
export default { render };
