function render({ model, el }) {
  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Step on: each time a few scores arrive, are used and are gone. Only the three sums stay. Then move a score and step again.",
  });
  const count = model.get("scores").length;
  const steps = () => Math.ceil(count / model.get("block"));

  function run() {
    const scores = model.get("scores"), values = model.get("values"), block = model.get("block");
    const kept = [{ best: -Infinity, total: 0, mixed: 0, shrink: 1, added: 0 }];
    for (let start = 0; start < count; start += block) {
      const old = kept[kept.length - 1];
      const mine = scores.slice(start, start + block);
      const best = Math.max(old.best, ...mine);
      const shrink = Math.exp(old.best - best);
      const raised = mine.map((score) => Math.exp(score - best));
      const added = raised.reduce((sum, x) => sum + x, 0);
      const mixture = raised.reduce((sum, x, k) => sum + x * values[start + k], 0);
      kept.push({ best, shrink, added, total: shrink * old.total + added, mixed: shrink * old.mixed + mixture });
    }
    return kept;
  }

  const row = tk.element("div", { style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(6.2rem,1fr));gap:0.5rem" });
  card.stage.append(row);
  const cells = model.get("scores").map((_, i) => {
    const mark = tk.element("div", { class: "tk-value", style: "font-weight:650" });
    const value = tk.element("div", { class: "tk-value" });
    const cell = tk.element("div", { style: "border:2px solid var(--tk-line);border-radius:9px;padding:0.4rem 0.6rem;min-width:0" });
    const control = tk.slider(cell, {
      label: `Score ${i + 1}`, min: -model.get("reach"), max: model.get("reach"), step: 0.5, origin: 0, value: model.get("scores")[i],
      format: (v) => v.toFixed(1), onInput: (v) => tk.put(model, { scores: model.get("scores").map((old, j) => (j === i ? v : old)) }),
    });
    cell.append(value, mark);
    row.append(cell);
    return { cell, mark, value, control };
  });

  const sums = tk.element("div", { style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:0.5rem" });
  card.stage.append(sums);
  const names = ["best score", "total", "mixed", "mixed / total"];
  const boxes = names.map((name) => {
    const value = tk.element("strong", { class: "tk-value", style: "font-size:1.15rem" });
    sums.append(tk.element("div", { style: "background:var(--tk-raised);border-radius:9px;padding:0.45rem 0.7rem" }, `${name}: `, value));
    return value;
  });

  tk.choice(card.controls, {
    label: "Taken at once", options: [[1, "1"], [2, "2"], [3, "3"]], value: model.get("block"),
    onChange: (block) => tk.put(model, { block, step: 0 }),
  });
  const buttons = tk.element("div", { class: "tk-player tk-wide" });
  card.controls.append(buttons);
  const go = (step) => tk.put(model, { step: Math.min(Math.max(step, 0), steps()) });
  const back = tk.button(buttons, { label: "Previous step", picture: "previous", hidden: true, onClick: () => go(model.get("step") - 1) });
  const on = tk.button(buttons, { label: "Take the next", picture: "next", first: true, onClick: () => go(model.get("step") + 1) });
  tk.button(buttons, { label: "Start again", picture: "reset", onClick: () => go(0) });

  const text = (x) => (x === -Infinity ? "none yet" : x.toFixed(3));
  function show() {
    const block = model.get("block"), step = Math.min(model.get("step"), steps());
    const kept = run(), now = kept[step];
    const from = (step - 1) * block, to = step * block;
    cells.forEach(({ cell, mark, value, control }, i) => {
      control.set(model.get("scores")[i]);
      value.textContent = `value ${model.get("values")[i]}`;
      mark.textContent = i >= to ? "to come" : i >= from ? "taken now" : "forgotten";
      cell.style.borderColor = i < to && i >= from ? "var(--tk-accent)" : "var(--tk-line)";
    });
    [now.best, now.total, now.mixed, step ? now.mixed / now.total : NaN].forEach((x, k) => {
      boxes[k].textContent = Number.isNaN(x) ? "nothing yet" : text(x);
    });
    back.input.disabled = step === 0;
    on.input.disabled = step === steps();
    card.say(sentence(kept, step));
  }

  function sentence(kept, step) {
    if (step === 0) return "Nothing is summed yet. Take the first.";
    const old = kept[step - 1], now = kept[step];
    const said = now.best > old.best
      ? `A new best score, ${now.best.toFixed(1)}: what was summed shrinks by ${now.shrink.toFixed(3)}.`
      : `The best score stays ${now.best.toFixed(1)}: what was summed stays as it is.`;
    const total = `Total: ${now.shrink.toFixed(3)} x ${old.total.toFixed(3)} + ${now.added.toFixed(3)} = ${now.total.toFixed(3)}.`;
    if (step < steps()) return `${said} ${total}`;
    const shares = tk.softmax(model.get("scores"));
    const whole = shares.reduce((sum, share, i) => sum + share * model.get("values")[i], 0);
    return `${said} ${total} All are taken: ${(now.mixed / now.total).toFixed(6)}; the softmax of all six at once gives ${whole.toFixed(6)}.`;
  }
  tk.watch(model, ["scores", "block", "step"], show);
  show();
}
export default { render };
