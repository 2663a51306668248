// ---- the network: the same numbers as `WordTransformer` in word_transformer.py

// Half precision, sixteen bits a number, as numbers.
function halves(bits) {
  return Float32Array.from(bits, (b) => {
    const sign = b & 0x8000 ? -1 : 1, power = (b >> 10) & 31, rest = b & 1023;
    return sign * (power ? 2 ** (power - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
  });
}

function network(numbers, shapes) {
  const parts = {};
  let at = 0;
  for (const [name, shape] of shapes) {
    const count = shape.reduce((a, b) => a * b, 1);
    parts[name] = numbers.subarray(at, (at += count));
    parts[name].shape = shape;
  }
  return parts;
}

// Rows x inputs -> rows x outputs.
function linear(net, name, x) {
  const weight = net[`${name}.weight`], bias = net[`${name}.bias`];
  const [outputs, inputs] = weight.shape;
  const rows = x.length / inputs;
  const made = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o];
      for (let i = 0, w = o * inputs, at = r * inputs; i < inputs; i++) sum += weight[w + i] * x[at + i];
      made[r * outputs + o] = sum;
    }
  }
  return made;
}

const plus = (a, b) => a.map((value, i) => value + b[i]);
const silu = (x) => x / (1 + Math.exp(-x));

function gelu(x) {
  const z = Math.abs(x) / Math.SQRT2, t = 1 / (1 + 0.3275911 * z);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - tail * Math.exp(-z * z); // to seven digits (Abramowitz and Stegun, 7.1.26)
  return 0.5 * x * (1 + (x < 0 ? -erf : erf));
}

// Each row to mean 0 and variance 1, then times a scale and plus a shift, which are functions of the column.
function normed(x, dim, scale, shift) {
  const made = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += dim) {
    let mean = 0, square = 0;
    for (let i = 0; i < dim; i++) mean += x[at + i] / dim;
    for (let i = 0; i < dim; i++) square += (x[at + i] - mean) ** 2 / dim;
    const size = Math.sqrt(square + 1e-5);
    for (let i = 0; i < dim; i++) made[at + i] = ((x[at + i] - mean) / size) * scale(i) + shift(i);
  }
  return made;
}

// Queries, keys and values, rows of `width` numbers that begin at an offset -> the mix and the mean weights.
function attend(queries, keys, values, dim, heads, forbidden = -1) {
  const own = dim / heads;
  const tokens = queries.rows.length / queries.width, places = keys.rows.length / keys.width;
  const mixed = new Float64Array(tokens * dim), weights = new Float64Array(tokens * places);
  const of = (part, row, i) => part.rows[row * part.width + part.from + i];
  for (let h = 0; h < heads; h++) {
    for (let t = 0; t < tokens; t++) {
      const scores = new Float64Array(places);
      for (let n = 0; n < places; n++) {
        let sum = 0;
        for (let i = h * own; i < (h + 1) * own; i++) sum += of(queries, t, i) * of(keys, n, i);
        scores[n] = sum / Math.sqrt(own);
      }
      const shares = tk.softmax(scores);
      if (forbidden >= 0) {
        const left = 1 - shares[forbidden];
        shares[forbidden] = 0;
        for (let n = 0; n < places; n++) shares[n] /= Math.max(left, 1e-12);
      }
      for (let n = 0; n < places; n++) {
        weights[t * places + n] += shares[n] / heads;
        for (let i = h * own; i < (h + 1) * own; i++) mixed[t * dim + i] += shares[n] * of(values, n, i);
      }
    }
  }
  return { mixed, weights };
}

// The words as tokens, and what each layer makes of them once.
function readWords(net, tokens, depth) {
  const dim = net["words.weight"].shape[1];
  const rows = new Float64Array(tokens.length * dim);
  tokens.forEach((token, k) => { for (let i = 0; i < dim; i++) rows[k * dim + i] = net["words.weight"][token * dim + i] + net.order[k * dim + i]; });
  return Array.from({ length: depth }, (_, l) => ["key", "value"].map((part) => linear(net, `layers.${l}.ask.${part}`, rows)));
}

// What the picture is foreseen to be, in the network's range, and each layer's weights of patches on words.
function foresee(net, x, time, read, { heads, size, patch, forbidden }) {
  const dim = net["words.weight"].shape[1], grid = size / patch, count = grid * grid;
  const features = new Float64Array(32);
  for (let k = 0; k < 16; k++) {
    features[k] = Math.sin(time * 100 ** (k / 15));
    features[16 + k] = Math.cos(time * 100 ** (k / 15));
  }
  const told = linear(net, "time.0", features).map(silu);
  const area = 3 * patch * patch, patches = new Float64Array(count * area);
  const pixel = (n, c, y, u) => (c * size + Math.floor(n / grid) * patch + y) * size + (n % grid) * patch + u;
  const each = (f) => {
    for (let n = 0; n < count; n++) for (let c = 0; c < 3; c++) for (let y = 0; y < patch; y++) for (let u = 0; u < patch; u++) f(n * area + (c * patch + y) * patch + u, pixel(n, c, y, u));
  };
  each((at, from) => { patches[at] = x[from]; });
  const flat = net["embed.weight"];
  flat.shape = [dim, area];
  let tokens = plus(linear(net, "embed", patches), net.positions);
  const maps = [];
  for (let l = 0; l < read.length; l++) {
    const name = `layers.${l}`;
    const steer = linear(net, `${name}.steer`, told);
    const heard = normed(tokens, dim, (i) => 1 + steer[i], (i) => steer[dim + i]);
    const rows = linear(net, `${name}.mixer.qkv`, heard);
    const [q, k, v] = [0, dim, 2 * dim].map((from) => ({ rows, width: 3 * dim, from }));
    tokens = plus(tokens, linear(net, `${name}.mixer.proj`, attend(q, k, v, dim, heads).mixed));
    const asking = normed(tokens, dim, (i) => net[`${name}.asking.weight`][i], (i) => net[`${name}.asking.bias`][i]);
    const whole = (part) => ({ rows: part, width: dim, from: 0 });
    const asked = attend(whole(linear(net, `${name}.ask.query`, asking)), whole(read[l][0]), whole(read[l][1]), dim, heads, forbidden);
    maps.push(asked.weights);
    tokens = plus(tokens, linear(net, `${name}.ask.proj`, asked.mixed));
    const thought = normed(tokens, dim, (i) => 1 + steer[2 * dim + i], (i) => steer[3 * dim + i]);
    tokens = plus(tokens, linear(net, `${name}.think.2`, linear(net, `${name}.think.0`, thought).map(gelu)));
  }
  const last = normed(tokens, dim, (i) => net["answer.0.weight"][i], (i) => net["answer.0.bias"][i]);
  const answer = linear(net, "answer.1", last), picture = new Float64Array(x.length);
  each((at, to) => { picture[to] = answer[at]; });
  return { picture, maps };
}

// The whole way from noise to a picture: at each step the half-made picture, the foreseen one, and the maps.
function form(net, noise, tokens, nothing, how) {
  const depth = Object.keys(net).filter((name) => name.endsWith("steer.weight")).length;
  const told = readWords(net, tokens, depth), untold = readWords(net, tokens.map(() => nothing), depth);
  let x = Float64Array.from(noise);
  const steps = [];
  for (let step = 0; step < how.steps; step++) {
    const time = step / how.steps;
    const one = foresee(net, x, time, told, how);
    const other = how.guidance === 1 ? one : foresee(net, x, time, untold, { ...how, forbidden: -1 });
    const seen = one.picture.map((value, i) => other.picture[i] + how.guidance * (value - other.picture[i]));
    steps.push({ x, seen, maps: one.maps });
    x = x.map((value, i) => value + (seen[i] - value) / (1 - time) / how.steps);
  }
  steps.push({ x, seen: x, maps: steps[steps.length - 1].maps });
  return steps;
}

// Normal numbers from a seed, the same on every machine.
function normals(seed, count) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

// ---- the widget

function render({ model, el }) {
  const size = model.get("size"), patch = model.get("patch"), grid = size / patch;
  const net = network(halves(tk.shorts(model.get("numbers"))), model.get("shapes"));
  const first = tk.floats(model.get("noise")), vocabulary = model.get("vocabulary");
  const [mean, spread] = model.get("range"), steps = model.get("steps"), starts = model.get("starts");
  const MEAN = -1, PLACES = ["upper left", "upper right", "lower left", "lower right"];
  const pictures = { x: tk.blank(size, size), seen: tk.blank(size, size), grey: tk.blank(size, size) };
  const heats = [];
  let way = null, made = "";

  const card = tk.card(el, {
    label: model.get("label"),
    hint: "Pick the words, then go through the steps. Each small map shows how much every patch takes from a word.",
  });
  const pair = tk.element("div", { class: "tk-pair" });
  card.stage.append(pair);
  const views = [["x", "the half-made picture"], ["seen", "what is foreseen"]].map(([name, caption]) =>
    tk.canvas(pair, { label: caption, caption, draw: (g, w, h) => { g.imageSmoothingEnabled = false; g.drawImage(pictures[name], 0, 0, w, h); } }));
  const row = tk.element("div", { style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(6.5rem,1fr));gap:0.6rem" });
  card.stage.append(row);
  const maps = [0, 1, 2, 3, 4].map((k) => tk.canvas(row, {
    label: "", caption: "", draw: (g, w, h) => {
      g.imageSmoothingEnabled = false;
      g.drawImage(pictures.grey, 0, 0, w, h);
      if (heats[k]) tk.mapOver(g, null, heats[k], 0, 0, w, h);
    },
  }));
  const key = tk.colourBar(card.stage, { label: "share of a patch's weight" });

  const tokens = () => model.get("words");
  const word = (k) => vocabulary[tokens()[k]];

  function compute() {
    const [guidance, forbidden, seed] = ["guidance", "forbidden", "seed"].map((name) => model.get(name));
    const asked = JSON.stringify([tokens(), guidance, forbidden, seed]);
    if (asked === made) return;
    const noise = seed ? normals(seed, first.length) : first;
    way = form(net, noise, tokens(), vocabulary.length, { heads: model.get("heads"), size, patch, steps, guidance, forbidden });
    made = asked;
  }

  function lay(canvas, values, grey) {
    const g = canvas.getContext("2d"), data = g.createImageData(size, size), area = size * size;
    for (let n = 0; n < area; n++) {
      const colour = [0, 1, 2].map((c) => 255 * Math.min(Math.max(spread * values[c * area + n] + mean, 0), 1));
      const light = Math.max(...colour);
      data.data.set([...(grey ? [light, light, light] : colour), 255], 4 * n);
    }
    g.putImageData(data, 0, 0);
  }

  // What each patch takes from a word: of one layer, or the mean of all.
  function taken(now, k) {
    const layer = model.get("layer"), chosen = layer === MEAN ? now.maps : [now.maps[layer]];
    return Float64Array.from({ length: grid * grid }, (_, n) => chosen.reduce((sum, map) => sum + map[n * 5 + k] / chosen.length, 0));
  }

  function where(values) {
    const quarters = [0, 0, 0, 0];
    values.forEach((value, n) => { quarters[2 * (Math.floor(n / grid) >= grid / 2) + (n % grid >= grid / 2)] += value; });
    const total = quarters.reduce((a, b) => a + b, 0), best = tk.highest(quarters);
    return total > 0 ? `${PLACES[best]} ${tk.percent(quarters[best] / total)}` : "nowhere";
  }

  function show() {
    for (const name in controls) controls[name].set(model.get(name));
    parts.forEach((part, k) => part.set(tokens()[k]));
    compute();
    const step = model.get("step"), now = way[step];
    lay(pictures.x, now.x, false);
    lay(pictures.seen, now.seen, false);
    lay(pictures.grey, now.seen, true);
    const values = maps.map((_, k) => taken(now, k)), most = Math.max(...values.flatMap((one) => [...one]));
    key.set(most);
    maps.forEach((map, k) => {
      heats[k] = tk.heat(values[k], grid, grid, most, heats[k]);
      map.caption.textContent = word(k) + (model.get("forbidden") === k ? " (forbidden)" : "");
      map.element.setAttribute("aria-label", `What patches take from "${word(k)}": most in the ${where(values[k])}`);
      map.redraw();
    });
    views.forEach((view) => view.redraw());
    const sentence = `a ${word(0)} ${word(1)} ${word(2)} a ${word(3)} ${word(4)}`;
    const asked = maps.map((_, k) => `${word(k)}: ${where(values[k])}`).join(", ");
    const odd = tokens()[0] === tokens()[3] || tokens()[1] === tokens()[4] ? " Two things of one colour or one digit never occurred in training." : "";
    card.say(`"${sentence}", ${step === steps ? "the picture is made" : `before step ${step + 1} of ${steps}`}. Where each word is asked most – ${asked}.${odd}`);
  }

  // ---- controls

  const kinds = [0, 1, 2, 0, 1].map((kind) => vocabulary.map((name, i) => [i, name]).slice(starts[kind], starts[kind + 1]));
  const names = ["First colour", "First digit", "Lies", "Second colour", "Second digit"];
  const sentence = tk.element("div", { style: "display:flex;flex-wrap:wrap;gap:0.4rem 0.9rem;flex-basis:100%" });
  card.controls.append(sentence);
  const parts = names.map((label, k) => tk.select(sentence, {
    label, options: kinds[k], value: tokens()[k],
    onChange: (value) => tk.put(model, { words: tokens().map((token, i) => (i === k ? Number(value) : token)) }),
  }));
  const controls = {
    step: tk.player(card.controls, {
      count: steps + 1, value: model.get("step"), label: "Step", interval: 260,
      format: (v) => (v === steps ? "made" : `${v + 1} of ${steps}`), onStep: (step) => tk.put(model, { step }),
    }),
    guidance: tk.slider(card.controls, {
      label: "Guidance", min: 0, max: 8, step: 0.5, value: model.get("guidance"), onInput: (guidance) => tk.put(model, { guidance }),
    }),
    layer: tk.select(card.controls, {
      label: "Maps of", options: [[MEAN, "all layers"], ...Array.from({ length: model.get("depth") }, (_, l) => [l, `layer ${l + 1}`])],
      value: model.get("layer"), onChange: (layer) => tk.put(model, { layer: Number(layer) }),
    }),
    forbidden: tk.select(card.controls, {
      label: "Forbid", options: [[-1, "no word"], ...names.map((name, k) => [k, name === "Lies" ? "the relation" : `the ${name.toLowerCase()}`])],
      value: model.get("forbidden"), onChange: (forbidden) => tk.put(model, { forbidden: Number(forbidden) }),
    }),
  };
  tk.button(card.controls, { label: "Other noise", onClick: () => tk.put(model, { seed: model.get("seed") + 1 }) });

  tk.watch(model, ["words", "step", "guidance", "layer", "forbidden", "seed"], show);
  show();
}
export default { render };
