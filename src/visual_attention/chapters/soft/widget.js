function render({ model, el }) {
  const names = model.get("names");
  const reach = model.get("reach");
  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Drag a score, or press the arrow keys on it. Both columns see the score divided by the temperature.",
  });
  card.root.classList.add("tk-playground");

  const cell = (className, text = null) => tk.element("div", { class: className }, text);
  const table = cell("tk-scores");
  const heads = ["score", "softmax", "sigmoid"].map((text) => cell("tk-column", text));
  table.append(...heads);

  const rows = names.map((name, i) => {
    const field = cell("tk-score");
    const control = tk.slider(field, {
      label: name, min: -reach, max: reach, step: 0.1, origin: 0, value: model.get("scores")[i], format: (v) => v.toFixed(1),
      onInput: (v) => tk.put(model, { scores: model.get("scores").map((old, j) => (j === i ? v : old)) }),
    });
    const bars = ["softmax", "sigmoid"].map((kind) => {
      const holder = cell("tk-weight");
      const meter = tk.meter(holder, { second: kind === "sigmoid" });
      const value = tk.element("span", { class: "tk-value" });
      holder.prepend(tk.element("span", { class: "tk-said" }, `${kind} of ${name}: `));
      holder.append(value);
      return { holder, meter, value };
    });
    table.append(field, ...bars.map((bar) => bar.holder));
    return { control, bars };
  });

  const sums = ["softmax", "sigmoid"].map((kind) => {
    const value = tk.element("strong", { class: "tk-value" });
    return { value, holder: tk.element("div", { class: "tk-sum" }, "sum ", value), kind };
  });
  table.append(cell("tk-sum tk-sum-name"), ...sums.map((sum) => sum.holder));
  card.stage.append(table);

  const heat = tk.slider(card.controls, {
    label: "Temperature", min: 0.1, max: 10, log: true, value: model.get("temperature"),
    onInput: (t) => tk.put(model, { temperature: t }),
  });
  const start = { scores: model.get("scores"), temperature: model.get("temperature") };
  tk.button(card.controls, { label: "Start again", picture: "reset", onClick: () => tk.put(model, start) });

  function show() {
    const scores = model.get("scores");
    const temperature = model.get("temperature");
    const soft = tk.softmax(scores, temperature);
    const gates = scores.map((score) => tk.sigmoid(score / temperature));
    rows.forEach((row, i) => {
      row.control.set(scores[i]);
      [soft[i], gates[i]].forEach((value, kind) => {
        row.bars[kind].meter.set(value);
        row.bars[kind].value.textContent = value.toFixed(3);
      });
    });
    const total = (values) => values.reduce((sum, value) => sum + value, 0);
    sums[0].value.textContent = total(soft).toFixed(2);
    sums[1].value.textContent = total(gates).toFixed(2);
    const best = soft.indexOf(Math.max(...soft));
    card.say(
      `Softmax gives ${names[best]} the most, ${tk.percent(soft[best])}, and spreads its weight as if over ` +
      `${tk.effective(soft).toFixed(1)} of ${names.length}. Its weights sum to ${total(soft).toFixed(2)}; ` +
      `the sigmoids sum to ${total(gates).toFixed(2)}.`,
    );
    heat.set(temperature);
  }
  tk.watch(model, ["scores", "temperature"], show);
  show();
}
export default { render };
