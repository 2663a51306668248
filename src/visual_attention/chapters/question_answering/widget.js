// ---- what the reader typed

// How many letters must be changed, added or left out.
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length];
}

function nearest(text, among) {
  const far = among.map((one) => distance(text, one));
  const best = far.indexOf(Math.min(...far));
  return { text: among[best], far: far[best], index: best };
}

// The number of a question as a person types it, or a message for the reader: {index} or {message}.
function parse(typed, questions, same) {
  const words = typed.toLowerCase().replace(/['’]s /g, " is ").replace(/[^\p{L}\p{N}_\s]/gu, " ").split(/\s+/).filter(Boolean)
    .map((word) => (Object.hasOwn(same, word) ? same[word] : word));
  const said = words.join(" ").replaceAll("to the left of", "left of").replaceAll("to the right of", "right of");
  const index = questions.indexOf(said);
  if (index >= 0) return { index };
  if (!words.length) return { message: `Type a question, such as: ${questions[0]}?` };
  const known = [...new Set(questions.join(" ").split(" "))];
  const strange = said.split(" ").find((word) => !known.includes(word));
  if (strange) {
    const near = nearest(strange, known);
    const hint = near.far <= Math.max(1, strange.length / 3) ? ` Did you mean “${near.text}”?` : " The list below has all that can be asked.";
    return { message: `This small world has no word “${strange.slice(0, 40)}”.${hint}` };
  }
  return { message: `All these words are known, but not this question. The nearest is: ${nearest(said, questions).text}?` };
}

function render({ model, el }) {
  const [looks, cells, longest] = model.get("size");
  const side = Math.round(Math.sqrt(cells));
  const questions = model.get("questions"), kinds = model.get("kinds"), answers = model.get("answers");
  const shares = tk.floats(model.get("shares")), maps = tk.floats(model.get("maps")), words = tk.floats(model.get("words"));
  const names = [...new Set(kinds)];
  const pictures = model.get("pictures").map(() => null), greys = model.get("pictures").map(() => null);
  let picker = null;

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Type a question and press Enter, or pick one. Then see which words count, and where each look goes.",
  });
  const spoken = tk.element("div", { class: "tk-words", style: "display:flex;flex-wrap:wrap;gap:0.35rem 0.7rem;align-items:end" });
  card.stage.append(spoken);
  const row = tk.element("div", { style: `display:grid;grid-template-columns:repeat(${looks + 1},minmax(0,1fr));gap:0.7rem` });
  card.stage.append(row);
  const board = tk.canvas(row, { label: "The scene", caption: "the scene", draw: drawScene });
  const heats = Array.from({ length: looks }, (_, look) => tk.canvas(row, {
    label: `Where look ${look + 1} goes`, caption: `look ${look + 1}`, draw: (g, w, h) => drawLook(look, g, w, h),
  }));
  const key = tk.colourBar(card.stage, { label: "share of a cell" });
  const bars = tk.element("div", { style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(15rem,100%),1fr));gap:0.3rem 1.4rem" });
  card.stage.append(bars);
  const meters = answers.map((name) => {
    const line = tk.element("div", { style: "display:grid;grid-template-columns:4.2rem 1fr 3.2rem;gap:0.5rem;align-items:center" });
    const value = tk.element("span", { class: "tk-value", style: "text-align:right" });
    line.append(tk.element("span", {}, name));
    bars.append(line);
    const meter = tk.meter(line);
    line.append(value);
    return { meter, value };
  });

  // ---- what is shown

  const at = () => model.get("scene") * questions.length + model.get("question");
  const look = (k) => maps.subarray((at() * looks + k) * cells, (at() * looks + k + 1) * cells);
  const top = () => Math.max(...Array.from({ length: looks }, (_, k) => Math.max(...look(k))));

  function drawScene(g, width, height) {
    const picture = pictures[model.get("scene")];
    if (!picture) return;
    g.imageSmoothingEnabled = false;
    g.drawImage(picture, 0, 0, width, height);
  }

  function drawLook(k, g, width, height) {
    const grey = greys[model.get("scene")];
    g.imageSmoothingEnabled = false;
    if (grey) g.drawImage(grey, 0, 0, width, height);
    g.drawImage(tk.heat(look(k), side, side, top()), 0, 0, width, height);
    const best = tk.highest(look(k));
    const size = width / side;
    tk.outline(g, (best % side) * size + 2, Math.floor(best / side) * size + 2, size - 4, size - 4, "#ff7a3c", 2);
  }

  function place(k) {
    const best = tk.highest(look(k));
    const what = model.get("contents")[model.get("scene")][best] || "an empty cell";
    return `look ${k + 1} puts ${tk.percent(look(k)[best])} on ${what === "an empty cell" ? what : `the ${what}`}`;
  }

  function show() {
    const number = model.get("question");
    const text = questions[number].split(" ");
    spoken.replaceChildren(...text.map((word, i) => {
      const weight = words[number * longest + i];
      const box = tk.element("div", { style: "min-width:2.6rem" }, tk.element("span", { style: "font-weight:600" }, word));
      tk.meter(box).set(weight);
      box.append(tk.element("span", { class: "tk-value" }, tk.percent(weight)));
      return box;
    }));
    const now = shares.subarray(at() * answers.length, (at() + 1) * answers.length);
    const best = tk.highest(now);
    meters.forEach(({ meter, value }, k) => {
      meter.set(now[k]);
      value.textContent = tk.percent(now[k]);
      value.style.fontWeight = k === best ? "700" : "400";
    });
    key.set(top());
    const true_ = model.get("truth")[model.get("scene")][number];
    const verdict = true_ < 0
      ? "The scene has no such thing, so that no answer is true: the network answers all the same."
      : true_ === best ? "That is true." : `The true answer is ${answers[true_]}.`;
    const where = Array.from({ length: looks }, (_, k) => place(k)).join(", ");
    card.say(`${questions[number]}? ${where[0].toUpperCase()}${where.slice(1)}. It answers ${answers[best]}, ${tk.percent(now[best])}. ${verdict}`);
    for (const one of [board, ...heats]) one.redraw();
  }

  // ---- controls

  const faces = model.get("pictures").map(() => tk.blank(48, 48));
  const scenes = tk.choice(card.controls, {
    label: "Scene", options: faces.map((_, i) => [i, `scene ${i + 1}`]), value: model.get("scene"), pictures: faces,
    onChange: (value) => tk.put(model, { scene: value }),
  });
  const name = `ask-${Math.random().toString(36).slice(2)}`;
  const field = tk.element("input", {
    type: "text", id: name, autocomplete: "off", spellcheck: "false", maxlength: 120, "aria-describedby": `${name}-said`,
    style: "flex:1 1 12rem;min-width:0;min-height:44px;padding:0.3rem 0.7rem;font:inherit;color:inherit;background:var(--tk-surface);border:1px solid var(--tk-edge);border-radius:9px",
  });
  const said = tk.element("p", { id: `${name}-said`, role: "status", style: "min-height:1.4em;font-size:0.95rem" });
  const line = tk.element("div", { style: "display:flex;flex-wrap:wrap;gap:0.5rem" }, field);
  const form = tk.element("form", { class: "tk-wide", onsubmit: ask }, tk.element("label", { for: name, style: "font-size:0.92rem;font-weight:600" }, "Your question"), line, said);
  line.append(tk.element("button", { type: "submit", class: "tk-first" }, "Ask"));
  card.controls.append(form);

  function ask(event) {
    event.preventDefault();
    const { index, message } = parse(field.value, questions, model.get("same"));
    field.setAttribute("aria-invalid", String(Boolean(message)));
    said.textContent = message || "";
    if (!message) tk.put(model, { question: index });
  }

  const kind = tk.choice(card.controls, {
    label: "Or pick one: its kind", options: names.map((one) => [one, one]), value: kinds[model.get("question")], onChange: first,
  });
  kind.element.classList.add("tk-wide");
  const slot = tk.element("div", { class: "tk-wide" });
  card.controls.append(slot);

  const fitting = (one) => questions.map((_, i) => i)
    .filter((i) => kinds[i] === one && model.get("truth")[model.get("scene")][i] >= 0);

  function first(one) {
    const options = fitting(one);
    if (options.length) tk.put(model, { question: options[0] });
  }

  function refresh() {
    const number = model.get("question");
    scenes.set(model.get("scene"));
    kind.set(kinds[number]);
    const options = [...new Set([...fitting(kinds[number]), number])].sort((a, b) => a - b);
    const active = picker && picker.input === document.activeElement;
    slot.replaceChildren();
    picker = tk.select(slot, {
      label: "and the question", options: options.map((i) => [i, `${questions[i]}?`]), value: number,
      onChange: (value) => tk.put(model, { question: value }),
    });
    if (active) picker.input.focus();
    if (document.activeElement !== field) field.value = `${questions[number]}?`;
    said.textContent = "";
    field.setAttribute("aria-invalid", "false");
    show();
  }

  tk.watch(model, ["scene", "question"], refresh);
  model.get("pictures").forEach((url, i) => tk.image(url, (picture, grey) => {
    pictures[i] = picture;
    greys[i] = grey;
    faces[i].getContext("2d").drawImage(picture, 0, 0, 48, 48);
    for (const one of [board, ...heats]) one.redraw();
  }));
  refresh();
}
export default { render };
