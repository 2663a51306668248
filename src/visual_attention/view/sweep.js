function render({ model, el }) {
  const choices = model.get("choices");
  const alts = model.get("alts");
  const card = tk.card(el, { label: model.get("label") });
  const strip = tk.frames(card.stage, { urls: model.get("urls"), bodies: model.get("bodies"), alts });
  const inner = choices.length === 2 ? choices[1].length : 1;
  const split = (index) => [Math.floor(index / inner), index % inner];
  const sliders = model.get("names").map((label, which) => tk.slider(card.controls, {
    label, min: 0, max: choices[which].length - 1, value: split(model.get("index"))[which],
    format: (v) => choices[which][v],
    onInput: (v) => {
      const at = split(model.get("index"));
      at[which] = v;
      tk.put(model, { index: at[0] * inner + at[1] });
    },
  }));
  function show() {
    const index = model.get("index");
    sliders.forEach((slider, which) => slider.set(split(index)[which]));
    strip.set(index);
    card.say(alts[index]);
  }
  tk.watch(model, ["index"], show);
  show();
}
export default { render };
