// What every widget of the course is built from. Joined in front of a widget's own file by portable.py.
// Text always goes in as text: `tk.element` has no way to take markup.
const tk = (() => {
  let count = 0;
  const id = () => `tk-${(count++).toString(36)}-${Math.random().toString(36).slice(2, 9)}`;

  // ---- layout

  // tk.element("p", { class: "x", "aria-label": "y", onclick: f }, "text", child): null and false are left out.
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? "" : String(value));
    }
    for (const child of children) if (child !== null && child !== undefined) made.append(child);
    return made;
  }

  function style() {
    let sheet = document.head.querySelector("style[data-tk]");
    if (!sheet) {
      sheet = element("style", { "data-tk": "" });
      document.head.append(sheet);
    }
    if (sheet.textContent !== TK_CSS) sheet.textContent = TK_CSS;
  }

  // The frame of a widget. say(text) shows what is seen now, and tells it to a screen reader once the reader acts.
  function card(el, { label, hint = "" }) {
    style();
    const stage = element("div", { class: "tk-stage" });
    const reading = element("p", { class: "tk-reading" });
    const controls = element("div", { class: "tk-controls" });
    const said = element("div", { class: "tk-said", role: "status", "aria-live": "polite" });
    const note = element("p", { class: "tk-hint" }, hint);
    const head = element("div", { class: "tk-head" }, element("p", { class: "tk-title" }, label), hint ? note : null);
    const root = element("div", { class: "tk", role: "group", "aria-label": label }, head, stage, reading, controls, said);
    let touched = false;
    let timer = 0;
    for (const event of ["pointerdown", "pointermove", "keydown", "input"]) {
      root.addEventListener(event, () => { touched = true; }, { capture: true, passive: true });
    }
    function say(text) {
      if (reading.textContent === text) return;
      reading.textContent = text;
      if (!touched || timer) return;
      timer = setTimeout(() => { timer = 0; said.textContent = reading.textContent; }, 700);
    }
    el.append(root);
    return { root, stage, controls, note, reading, say };
  }

  // ---- controls: native inputs with visible labels; each gives { element, input, set(value) }

  // log: true spreads the values evenly by ratio, as suits a temperature. The track is filled from `origin`.
  function slider(parent, { label, min, max, step = 1, value, log = false, origin = min, format = number, onInput = () => {} }) {
    const name = id();
    const inner = log ? (v) => (200 * Math.log(v / min)) / Math.log(max / min) : (v) => v;
    const outer = log ? (v) => Number((min * (max / min) ** (v / 200)).toPrecision(3)) : (v) => v;
    const input = element("input", { type: "range", id: name, min: inner(min), max: inner(max), step: log ? 1 : step });
    const shown = element("span", { class: "tk-value", "aria-hidden": "true" });
    const field = element("div", { class: "tk-field" }, element("label", { for: name }, label), shown, input);
    const part = (v) => (inner(max) > inner(min) ? (inner(v) - inner(min)) / (inner(max) - inner(min)) : 0);
    const place = (v) => `calc(12px + (100% - 24px) * ${part(v).toFixed(4)})`;  // where the thumb's middle is
    function tell(v) {
      input.style.setProperty("--tk-from", Math.min(v, origin) <= min ? "0px" : place(Math.min(v, origin)));
      input.style.setProperty("--tk-to", place(Math.max(v, origin)));
      shown.textContent = format(v);
      input.setAttribute("aria-valuetext", format(v));
    }
    function set(v) {
      input.value = inner(v);
      tell(v);
    }
    input.addEventListener("input", () => {
      const v = outer(input.valueAsNumber);
      tell(v);
      onInput(v);
    });
    set(value);
    parent.append(field);
    return { element: field, input, set };
  }

  // options: strings, or [value, text] pairs.
  const pairs = (options) => options.map((option, index) => (Array.isArray(option) ? option : [index, option]));

  function select(parent, { label, options, value, onChange = () => {} }) {
    const name = id();
    const list = pairs(options);
    const input = element("select", { id: name }, ...list.map(([, text], i) => element("option", { value: i }, text)));
    const field = element("div", { class: "tk-field" }, element("label", { for: name }, label), input);
    const set = (v) => { input.selectedIndex = list.findIndex(([key]) => key === v); };
    input.addEventListener("change", () => onChange(list[input.selectedIndex][0]));
    set(value);
    parent.append(field);
    return { element: field, input, set };
  }

  // A row of buttons of which one is chosen; pictures: one element (a canvas, say) above each text.
  function choice(parent, { label, options, value, pictures = null, onChange = () => {} }) {
    const group = id();
    const inputs = [];
    const list = pairs(options);
    const row = element("div", { class: pictures ? "tk-pictures" : "tk-options" });
    list.forEach(([key, text], i) => {
      const name = id();
      const input = element("input", { type: "radio", name: group, id: name, onchange: () => onChange(key) });
      inputs.push(input);
      const face = element("label", { for: name }, pictures ? pictures[i] : null, element("span", {}, text));
      row.append(element("div", { class: "tk-option" }, input, face));
    });
    const field = element("fieldset", { class: "tk-wide" }, element("legend", {}, label), row);
    const set = (v) => list.forEach(([key], i) => { inputs[i].checked = key === v; });
    set(value);
    parent.append(field);
    return { element: field, inputs, set };
  }

  function toggle(parent, { label, value, onChange = () => {} }) {
    const name = id();
    const input = element("input", { type: "checkbox", id: name, onchange: () => onChange(input.checked) });
    const field = element("div", { class: "tk-toggle" }, input, element("label", { for: name }, label));
    const set = (v) => { input.checked = Boolean(v); };
    set(value);
    parent.append(field);
    return { element: field, input, set };
  }

  const ICONS = {
    play: "M6 4l14 8-14 8z", pause: "M6 4h4v16H6zM14 4h4v16h-4z", next: "M5 4l10 8-10 8zM17 4h3v16h-3z",
    previous: "M19 4L9 12l10 8zM4 4h3v16H4z", reset: "M12 5V1L6 6l6 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
  };
  function icon(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(space, "path"));
    svg.firstChild.setAttribute("d", ICONS[name]);
    return svg;
  }

  // picture: a name in ICONS; hidden: true keeps the label for screen readers only.
  function button(parent, { label, picture = null, hidden = false, first = false, onClick = () => {} }) {
    const input = element("button", { type: "button", class: first ? "tk-first" : null, onclick: () => onClick() });
    function set(text, newPicture = picture) {
      picture = newPicture;
      input.replaceChildren(...(picture ? [icon(picture)] : []), ...(hidden ? [] : [text]));
      if (hidden) { input.setAttribute("aria-label", text); input.title = text; }
    }
    set(label);
    parent.append(input);
    return { element: input, input, set };
  }

  // Play, step back, step on, and a slider over 0 .. count-1. onStep(index) runs on every change by the reader.
  function player(parent, { count: length, value = 0, label = "Step", interval = 800, format = null, onStep = () => {} }) {
    let index = value;
    let timer = 0;
    const row = element("div", { class: "tk-player tk-wide" });
    const back = button(row, { label: "Previous step", picture: "previous", hidden: true, onClick: () => go(index - 1) });
    const play = button(row, { label: "Play", picture: "play", first: true, onClick: () => (timer ? stop() : start()) });
    const on = button(row, { label: "Next step", picture: "next", hidden: true, onClick: () => go(index + 1) });
    const write = format || ((v) => `${v + 1} of ${length}`);
    const bar = slider(row, { label, min: 0, max: Math.max(length - 1, 0), value, format: write, onInput: (v) => go(v) });
    function set(v) {
      index = Math.min(Math.max(v, 0), length - 1);
      bar.set(index);
      back.input.disabled = index === 0;
      on.input.disabled = index === length - 1;
    }
    function go(v, playing = false) {
      if (!playing) stop();
      set(v);
      onStep(index);
    }
    function start() {
      if (index >= length - 1) go(0);
      play.set("Pause", "pause");
      timer = setInterval(() => {
        if (!row.isConnected || index >= length - 1) stop();
        else go(index + 1, true);
      }, interval);
    }
    function stop() {
      clearInterval(timer);
      timer = 0;
      play.set("Play", "play");
    }
    set(value);
    parent.append(row);
    return { element: row, set, stop };
  }

  // ---- pictures

  const drawn = new Set();
  const again = () => drawn.forEach((one) => (one.element.isConnected ? one.redraw() : drawn.delete(one)));
  const watcher = new MutationObserver(again);
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme", "class"] });
  if (document.body) watcher.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

  // draw(g, width, height) in CSS pixels, at most once a frame; ratio = height / width.
  // onPoint({ x, y }, event): mouse over it, tap or press, as fractions 0 .. 1. onKey(event): makes it focusable.
  function canvas(parent, { label, ratio = 1, draw, onPoint = null, onKey = null, caption = null }) {
    const made = element("canvas", { "aria-label": label, role: onKey ? "application" : "img", tabindex: onKey ? 0 : null });
    const words = caption === null ? null : element("div", { class: "tk-caption" }, caption);
    const figure = element("div", { class: "tk-figure" }, words, made);
    const g = made.getContext("2d");
    let waiting = 0;
    const one = { element: made, figure, caption: words, redraw, paint, point };
    function paint() {
      waiting = 0;
      const width = made.clientWidth;
      if (!width) return;
      const height = width * (typeof ratio === "function" ? ratio(width) : ratio);
      const sharp = Math.min(window.devicePixelRatio || 1, 2);
      if (made.width !== Math.round(width * sharp) || made.height !== Math.round(height * sharp)) {
        made.width = Math.round(width * sharp);
        made.height = Math.round(height * sharp);
        made.style.aspectRatio = `${made.width} / ${made.height}`;
      }
      g.setTransform(made.width / width, 0, 0, made.height / height, 0, 0);
      g.clearRect(0, 0, width, height);
      draw(g, width, height);
    }
    function redraw() {
      if (!waiting) waiting = requestAnimationFrame(paint);
    }
    function point(event) {
      const box = made.getBoundingClientRect();
      const part = (at, from, size) => Math.min(Math.max((at - from) / size, 0), 0.999999);
      return { x: part(event.clientX, box.left, box.width), y: part(event.clientY, box.top, box.height) };
    }
    if (onPoint) {
      for (const kind of ["pointerdown", "pointermove"]) made.addEventListener(kind, (event) => onPoint(point(event), event));
    }
    if (onKey) made.addEventListener("keydown", onKey);
    new ResizeObserver(redraw).observe(made);
    drawn.add(one);
    parent.append(figure);
    redraw();
    return one;
  }

  function blank(width, height) {
    return element("canvas", { width, height });
  }

  // Loads a data address; done(image, grey): the picture and the same in grey, both ready to be drawn.
  function image(url, done) {
    const picture = new Image();
    picture.onload = () => {
      const grey = blank(picture.naturalWidth, picture.naturalHeight);
      const g = grey.getContext("2d", { willReadFrequently: true });
      g.drawImage(picture, 0, 0);
      const pixels = g.getImageData(0, 0, grey.width, grey.height);
      const d = pixels.data;
      for (let i = 0; i < d.length; i += 4) d[i] = d[i + 1] = d[i + 2] = 0.299 * d[i] + 0.587 * d[i + 1] + 0.114 * d[i + 2];
      g.putImageData(pixels, 0, 0);
      done(picture, grey);
    };
    picture.src = url;
    return picture;
  }

  // Frames of which one is in sight: pictures (urls) or, where a url is empty, texts (bodies).
  function frames(parent, { urls, bodies = [], alts }) {
    const holder = element("div", { class: "tk-frames" });
    const made = urls.map((url, i) => {
      if (!url) return element("pre", {}, bodies[i] || "");
      const picture = element("img", { alt: alts[i] });
      picture.addEventListener("load", () => picture.classList.toggle("tk-pixels", picture.naturalWidth <= 96));
      picture.src = url;
      return picture;
    });
    parent.append(holder);
    return { element: holder, set: (index) => { if (holder.firstChild !== made[index]) holder.replaceChildren(made[index]); } };
  }

  const STOPS = "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e21918c1f978b1f9f8821a68527ad8131b57b3dbc744cc26c5cc8636ece5881d34d95d840aadc32c0df25d5e21aeae51afde725"; // matplotlib's viridis at 33 places
  const VIRIDIS = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * 32, low = Math.min(Math.floor(at), 31);
    for (let c = 0; c < 3; c++) {
      const stop = (k) => parseInt(STOPS.slice(6 * k + 2 * c, 6 * k + 2 * c + 2), 16);
      VIRIDIS[3 * i + c] = stop(low) + (at - low) * (stop(low + 1) - stop(low));
    }
  }
  function viridis(t) {
    const i = 3 * Math.round(255 * Math.min(Math.max(t, 0), 1));
    return [VIRIDIS[i], VIRIDIS[i + 1], VIRIDIS[i + 2]];
  }

  // values row by row from 0 to max -> one pixel a cell, on a small canvas (given again as `into` it is reused).
  // see: small values are a little more see-through, so that the picture beneath stays recognisable.
  function heat(values, rows, columns, max, into = null, see = true) {
    const small = into || blank(columns, rows);
    const g = small.getContext("2d", { willReadFrequently: true });
    const pixels = g.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
      const part = Math.min(Math.max(max > 0 ? values[i] / max : 0, 0), 1);
      const at = 3 * Math.round(255 * part);
      pixels.data[4 * i] = VIRIDIS[at];
      pixels.data[4 * i + 1] = VIRIDIS[at + 1];
      pixels.data[4 * i + 2] = VIRIDIS[at + 2];
      pixels.data[4 * i + 3] = 255 * (see ? 0.5 + 0.42 * part : 1);
    }
    g.putImageData(pixels, 0, 0);
    return small;
  }

  // A picture in just the size in which it is drawn: scaling a photograph is the dearest part of a redraw.
  const sizes = new WeakMap();
  function sized(picture, g, width, height) {
    const scale = g.getTransform();
    const [w, h] = [Math.max(Math.round(width * scale.a), 1), Math.max(Math.round(height * scale.d), 1)];
    const key = `${w} ${h}`;
    if (!sizes.has(picture)) sizes.set(picture, new Map());
    const known = sizes.get(picture);
    if (known.size > 6) known.clear();
    if (!known.has(key)) {
      const made = blank(w, h);
      const pen = made.getContext("2d");
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, w, h);
      known.set(key, made);
    }
    return known.get(key);
  }

  // The course's map: the image in grey beneath (null: none yet), flat cells on top.
  function mapOver(g, grey, small, x, y, width, height) {
    if (grey) g.drawImage(sized(grey, g, width, height), x, y, width, height);
    g.imageSmoothingEnabled = false;
    g.drawImage(small, x, y, width, height);
    g.imageSmoothingEnabled = true;
  }

  // An outline that shows on any picture: white and dark around the accent.
  function outline(g, x, y, width, height, colour = "#ff7a3c", line = 3) {
    for (const [stroke, thick] of [["rgba(0,0,0,0.65)", line + 3], ["#ffffff", line + 1.4], [colour, line]]) {
      g.strokeStyle = stroke;
      g.lineWidth = thick;
      g.strokeRect(x, y, width, height);
    }
  }

  function colourBar(parent, { label }) {
    const stops = Array.from({ length: 17 }, (_, i) => `rgb(${viridis(i / 16).join(" ")})`).join(", ");
    const ramp = element("i", { style: `background: linear-gradient(to right, ${stops})` });
    const end = element("span", {}, "1");
    const key = element("div", { class: "tk-key" }, element("span", {}, label), element("span", {}, "0"), ramp, end);
    parent.append(key);
    return { element: key, set: (max) => { end.textContent = typeof max === "string" ? max : number(max); } };
  }

  // A bar with its length set by a fraction; second: true for the other of two kinds, told apart by stripes too.
  function meter(parent, { second = false } = {}) {
    const bar = element("div", { class: second ? "tk-meter tk-second" : "tk-meter", "aria-hidden": "true" }, element("span"));
    parent.append(bar);
    return { element: bar, set: (part) => bar.style.setProperty("--tk-part", Math.min(Math.max(part, 0), 1).toFixed(4)) };
  }

  // A named bar for each class; set(shares) writes them in percent and gives the index of the largest.
  function shareBars(parent, names) {
    const bars = element("div", { style: "display:grid;grid-template-columns:auto 1fr 3.4rem;gap:0.3rem 0.7rem;align-content:center;align-items:center" });
    parent.append(bars);
    const meters = names.map((name) => {
      const value = element("span", { class: "tk-value", style: "text-align:right" });
      bars.append(element("span", {}, name));
      const bar = meter(bars);
      bars.append(value);
      return { bar, value };
    });
    function set(shares) {
      const best = highest(shares);
      meters.forEach(({ bar, value }, k) => {
        bar.set(shares[k]);
        value.textContent = percent(shares[k]);
        value.style.fontWeight = k === best ? "700" : "400";
      });
      return best;
    }
    return { element: bars, set };
  }

  function colours(root) {
    const css = getComputedStyle(root);
    const names = ["accent", "ink", "muted", "surface", "raised", "line", "edge", "second"];
    return Object.fromEntries(names.map((name) => [name, css.getPropertyValue(`--tk-${name}`).trim()]));
  }

  // ---- reading the model

  const bytes = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const shorts = (view) => new Uint16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const watch = (model, names, f) => names.forEach((name) => model.on(`change:${name}`, f));

  function put(model, values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  }

  // ---- numbers

  function softmax(scores, temperature = 1) {
    let top = -Infinity;
    for (const score of scores) if (score > top) top = score;
    const weights = Float64Array.from(scores, (score) => Math.exp((score - top) / temperature));
    let sum = 0;
    for (const weight of weights) sum += weight;
    return weights.map((weight) => weight / sum);
  }

  const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

  // exp(entropy): over how many places the weight is spread, 1 for one place and N for uniform weights.
  function effective(weights) {
    let entropy = 0;
    for (const weight of weights) if (weight > 0) entropy -= weight * Math.log(weight);
    return Math.exp(entropy);
  }

  const highest = (values) => values.indexOf(Math.max(...values));
  const number = (x) => (x === 0 || Math.abs(x) >= 100 ? x.toFixed(0) : String(Number(x.toPrecision(3))));
  const percent = (x) => `${x >= 0.0995 ? (100 * x).toFixed(0) : (100 * x).toFixed(1)} %`;

  return {
    element, card, slider, select, choice, toggle, button, player, canvas, blank, frames, image, viridis, heat, sized,
    mapOver, outline, colourBar, meter, shareBars, colours, bytes, floats, shorts, watch, put,
    softmax, sigmoid, effective, highest, number, percent,
  };
})();
