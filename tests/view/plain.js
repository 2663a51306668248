function render({ model, el }) {
  const card = tk.card(el, { label: model.get("label"), hint: model.get("text") });
  const numbers = tk.floats(model.get("numbers"));
  card.stage.append(tk.element("p", { id: "text" }, model.get("text")));
  card.stage.append(tk.element("p", { id: "numbers" }, [...numbers].join()));
  const log = [];
  const listen = () => log.push(`changed to ${model.get("text")}`);
  const before = model.get("text");
  tk.watch(model, ["text"], listen);
  model.set("text", "b");
  model.set("text", "b"); // no change, so nothing to tell
  model.off("change:text", listen);
  model.set("text", before);
  model.save_changes();
  card.stage.append(tk.element("p", { id: "log" }, log.join("; ")));
}
export default { render };
