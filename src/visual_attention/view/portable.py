"""A widget that lives in JupyterLab, VS Code and Colab, and in a static page without any kernel.

Write a widget of your own in two files. `view/dial.py`:

    class Dial(PortableWidget):
        script = "dial.js"                              # beside the Python file
        scores = Bytes().tag(sync=True)                 # big arrays: `pack(array)`, float32 or "uint8"
        names = List(Unicode()).tag(sync=True)          # anything JSON can say
        temperature = Float(1.0).tag(sync=True)

        def __init__(self, scores, names):              # check what comes in: ValueError with wanted and got
            super().__init__(scores=pack(scores), names=names, label="Dial", alt="What the still shows.")

        def still(self):                                # the first view as a matplotlib Figure, for paper
            figure, ax = figures.sheet()                # a Figure that pyplot does not show by itself
            ...
            return figure

and `view/dial.js`: plain functions, no import, no export but the last line. `tk` is the toolkit (toolkit.js):

    function render({ model, el }) {
      const card = tk.card(el, { label: model.get("label"), hint: "Drag the slider." });
      const scores = tk.floats(model.get("scores"));    // Bytes arrive as a DataView, live and static
      const canvas = tk.canvas(card.stage, { label: "The weights", ratio: 0.5, draw });
      const heat = tk.slider(card.controls, { label: "Temperature", min: 0.1, max: 10, log: true,
        value: model.get("temperature"), onInput: (t) => tk.put(model, { temperature: t }) });
      tk.watch(model, ["temperature"], () => { heat.set(model.get("temperature")); canvas.redraw(); });
      function draw(g, width, height) {                 // CSS pixels, at most once a frame
        const weights = tk.softmax(scores, model.get("temperature"));
        ...
        card.say("Largest weight 0.42, on the cat.");   // in sight at once, aloud once the reader acts
      }
    }
    export default { render };

The toolkit (each option object is described where its function is defined):

Layout
    tk.card(el, {label, hint}) -> {root, stage, controls, note, reading, say(text)}
    tk.element(tag, {attribute: value, onclick: f}, ...children): text is text, never markup
Controls, each put at the end of `parent`, each giving {element, input, set(value)}
    tk.slider(parent, {label, min, max, step, value, log, format, onInput})
    tk.select(parent, {label, options, value, onChange}); options: ["text"] or [[value, "text"]]
    tk.choice(parent, {label, options, value, pictures, onChange})
    tk.toggle(parent, {label, value, onChange})
    tk.button(parent, {label, picture, hidden, first, onClick})
    tk.player(parent, {count, value, label, interval, format, onStep}): play, step, slider; also stop()
Pictures
    tk.canvas(parent, {label, ratio, draw, caption, onPoint, onKey}) -> {element, figure, redraw(), point(e)}
    tk.image(url, done(image, grey));  tk.frames(parent, {urls, bodies, alts}) -> {set(index)}
    tk.heat(values, rows, columns, max, into, see) -> a small canvas, one pixel a cell, for
    tk.mapOver(g, grey, heat, x, y, width, height);  tk.sized(picture, g, width, height): scaled once, kept
    tk.outline(g, x, y, width, height, colour, line)
    tk.viridis(t) -> [r, g, b];  tk.colours(root) -> {accent, ink, muted, surface, raised, line, edge, second}
    tk.colourBar(parent, {label}) -> {set(max)};  tk.meter(parent, {second}) -> {set(part)}
    tk.shareBars(parent, names) -> {set(shares) -> index of the largest}: a named bar for each class
Model
    tk.watch(model, names, f);  tk.put(model, {name: value})
    tk.bytes(view);  tk.floats(view);  tk.shorts(view)
Pictures of the reader's own, where the page computes: shared = ("opener.js",)
    opener(card, {rows, columns, onPicture(values, file)}): values rows x columns x 3 from 0 to 1
Numbers
    tk.softmax(scores, temperature);  tk.sigmoid(x);  tk.effective(weights)
    tk.highest(values) -> index;  tk.number(x);  tk.percent(x)

A picture goes over as `picture_url(array)`, a data address in a Unicode trait. What keeps a widget portable:
only model.get, set, save_changes, on and off. Native inputs do the work, so that keyboard, touch and screen
readers come free.

A notebook that `jupyter nbconvert --execute --to html` runs, or that was saved in JupyterLab, becomes a page
in which the widget works without a network. If JupyterLab also saved the widgets' state (it does when asked
to), nbconvert prefers a form that fetches scripts; tell it not to, and the page works again:
--NbConvertBase.display_data_priority='["text/html","image/svg+xml","text/latex","image/png","text/plain"]'

Chapter: all of them.
"""

import base64
import hashlib
import html
import inspect
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
from IPython import get_ipython
from matplotlib.figure import Figure
from PIL import Image
from traitlets import Unicode

from visual_attention.view.arrays import as_array, as_picture

HERE = Path(__file__).parent
EXPORT = "export default { render };"
VIEW = "application/vnd.jupyter.widget-view+json"

# A classic script, since file:// pages may not load modules. Each run draws the first element not yet drawn.
PAGE = """<div class="tk-still" data-tk="{key}"><img src="{image}" alt="{alt}" style="max-width: 100%"></div>
<script>(function () {{
  "use strict";
  const host = document.querySelector('[data-tk="{key}"]:not([data-drawn])');
  if (!host) return;
  host.setAttribute("data-drawn", "");
  const widget = (function () {{
{script}
  }})();
  const state = {state};
  const buffers = {buffers};
  for (const name in buffers) {{
    const text = atob(buffers[name]), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    state[name] = new DataView(bytes.buffer);
  }}
  const listeners = {{}};
  const model = {{
    get: (name) => state[name],
    set: (name, value) => {{
      if (state[name] === value) return;
      state[name] = value;
      for (const f of [...(listeners["change:" + name] || []), ...(listeners.change || [])]) f();
    }},
    on: (event, f) => {{ (listeners[event] = listeners[event] || []).push(f); }},
    off: (event, f) => {{ listeners[event] = (listeners[event] || []).filter((g) => f && g !== f); }},
    save_changes: () => {{}},
    send: () => {{}},
  }};
  const el = document.createElement("div");
  host.append(el);
  widget.render({{ model, el }});
  host.firstChild.remove();  // the still picture goes only once the living one is there
}})();</script>"""


@cache
def _toolkit() -> str:
    style = json.dumps((HERE / "toolkit.css").read_text(encoding="utf-8"))
    return f"const TK_CSS = {style};\n" + (HERE / "toolkit.js").read_text(encoding="utf-8")


def _module(path: Path, shared: tuple[str, ...] = ()) -> str:
    """Join the toolkit, the shared scripts that a widget names, and its own file to one ES module."""
    source = path.read_text(encoding="utf-8").rstrip()
    if not source.endswith(EXPORT):
        raise ValueError(f"wanted {path.name} to end with `{EXPORT}`, got {source[-40:]!r}")
    others = [(HERE / name).read_text(encoding="utf-8") for name in shared]
    whole = "\n".join(line.strip() for line in "\n".join([_toolkit(), *others, source]).splitlines())
    whole = "\n".join(line for line in whole.splitlines() if line and not line.startswith("//"))
    for pattern in (r"</script", r"<!--", r"^import\b", r"^export\b(?! default \{ render \};$)"):
        if found := re.search(pattern, whole, re.IGNORECASE | re.MULTILINE):
            raise ValueError(
                f"wanted {path.name} without {found.group()!r}: it also becomes a classic script"
            )
    return whole


def safe_json(value: Any) -> str:
    """Write JSON that can stand inside a script element: no text in it can close the script or open a tag."""
    text = json.dumps(value, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def attended() -> bool:
    """Whether somebody may be there to move a live widget while its kernel runs.

    Who runs a notebook from its first cell to its last without a reader (nbclient, and with it nbconvert,
    papermill and this book) says that nobody can be asked for input.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent("shell") if hasattr(kernel, "get_parent") else None
    return (request or {}).get("content", {}).get("allow_stdin", True)


def bundle(data: dict[str, Any], model_id: str) -> dict[str, Any]:
    """A mime bundle with the live view if there is someone to use it, and without it otherwise.

    nbconvert would prefer the live view to all else, and leave a place that is empty without a network.
    """
    data = {form: content for form, content in data.items() if form != VIEW}
    live = {"version_major": 2, "version_minor": 0, "model_id": model_id}
    return data | {VIEW: live} if attended() else data


def pack(array: Any, dtype: str = "float32") -> bytes:
    """Give an array's numbers as little-endian bytes, row by row, for a Bytes trait.

    Raises:
        ValueError: if a number is not finite.
    """
    values = as_array(array)
    if not np.isfinite(values).all():
        raise ValueError(f"wanted finite numbers, got {int((~np.isfinite(values)).sum())} that are not")
    return np.ascontiguousarray(values.astype(np.dtype(dtype).newbyteorder("<"))).tobytes()


def figure_bytes(figure: Figure, form: str = "png", dpi: int = 110, *, tight: bool = True) -> bytes:
    """Draw a figure into the bytes of a PNG or WebP file."""
    file = io.BytesIO()
    box = "tight" if tight else figure.bbox_inches  # None would take rcParams, which the notebook changes
    options = {"pil_kwargs": {"quality": 82}} if form == "webp" else {}
    figure.savefig(file, format=form, dpi=dpi, bbox_inches=box, facecolor="white", **options)
    return file.getvalue()


def picture_url(image: Any, *, side: int = 512) -> str:
    """Give an image (3, H, W) or (H, W) as a data address: WebP, PNG if so small that pixels show."""
    values = (as_picture(image) * 255).round().astype(np.uint8)
    picture = Image.fromarray(values)
    small = max(picture.size) <= 96
    picture.thumbnail((side, side))
    file = io.BytesIO()
    picture.save(file, "png" if small else "webp", **({} if small else {"quality": 84}))
    return data_url(file.getvalue(), "png" if small else "webp")


def data_url(content: bytes, form: str) -> str:
    """Give an image file's bytes as a data address."""
    return f"data:image/{form};base64," + base64.b64encode(content).decode()


class PortableWidget(anywidget.AnyWidget):
    """An ipywidget that also carries itself as a page without a kernel, and as a picture on paper.

    A subclass names its `script` and defines `still`. The module's docstring shows a whole one. `shared` are
    scripts of this folder that several widgets share; they come before the widget's own.
    """

    script = ""
    shared: tuple[str, ...] = ()
    label = Unicode("").tag(sync=True)
    alt = Unicode("").tag(sync=True)
    # ipywidgets 7 would show the live view alone through this method; None lets `_repr_mimebundle_` speak.
    _ipython_display_ = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "script" in cls.__dict__:
            cls._esm = _module(Path(inspect.getfile(cls)).with_name(cls.script), cls.shared)
        super().__init_subclass__(**kwargs)

    def still(self) -> Figure:
        """Draw the widget's first view as a figure, for paper and for a page without scripts."""
        raise NotImplementedError(f"wanted {type(self).__name__}.still() to return a matplotlib Figure")

    def state(self) -> dict[str, Any]:
        """Give the traits that the JavaScript sees, without those that every ipywidget has."""
        common = ipywidgets.DOMWidget.class_trait_names()
        names = [
            name for name in self.trait_names(sync=True) if name not in common and not name.startswith("_")
        ]
        return {name: getattr(self, name) for name in sorted(names)}

    def page(self) -> str:
        """Give the HTML that is the whole widget: markup, script, data and a still picture as fallback."""
        if not self.alt.strip():
            raise ValueError(
                f"wanted an alt text that says what {type(self).__name__} shows, got an empty one"
            )
        state = self.state()
        buffers = {name: base64.b64encode(v).decode() for name, v in state.items() if isinstance(v, bytes)}
        plain = {name: value for name, value in state.items() if name not in buffers}
        script = str(self._esm).replace(EXPORT, "return { render };")
        image = data_url(figure_bytes(self.still(), "webp"), "webp")
        parts = {"state": safe_json(plain), "buffers": safe_json(buffers), "script": script, "image": image}
        key = hashlib.sha256("".join(parts.values()).encode()).hexdigest()[:16]
        return PAGE.format(key=key, alt=html.escape(self.alt), **parts)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        live = super()._repr_mimebundle_(**kwargs)
        data, metadata = live if isinstance(live, tuple) else (live or {}, {})
        image = base64.b64encode(figure_bytes(self.still())).decode()
        data = {**data, "text/plain": self.alt, "text/html": self.page(), "image/png": image}
        return bundle(data, self.model_id), metadata or {}
