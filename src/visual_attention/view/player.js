function render({ model, el }) {
  const texts = model.get("texts");
  const card = tk.card(el, { label: model.get("label") });
  const strip = tk.frames(card.stage, { urls: model.get("urls"), bodies: model.get("bodies"), alts: model.get("alts") });
  const bar = tk.player(card.stage, {
    count: texts.length, value: model.get("index"), label: model.get("step"), interval: model.get("interval"),
    onStep: (index) => tk.put(model, { index }),
  });
  function show() {
    bar.set(model.get("index"));
    strip.set(model.get("index"));
    card.say(texts[model.get("index")]);
  }
  tk.watch(model, ["index"], show);
  show();
}
export default { render };
