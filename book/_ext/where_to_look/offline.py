"""A page that asks nothing of the network: mathematics is local, and no script is loaded for nothing."""

import importlib.util
import shutil
from pathlib import Path

MATHJAX = "tex-svg-full.js"  # the whole of MathJax in one file, without fonts
UNWANTED = ("thebe", "require", "html-manager", "@jupyter-widgets")


def setup(app):
    app.connect("config-inited", vendor)
    app.connect("html-page-context", drop_unwanted, priority=900)


def vendor(app, config):
    """Copy MathJax into a static folder of its own: each page loads all scripts of book/_static."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    source = Path(package.submodule_search_locations[0], "static", "mathjax", MATHJAX)
    folder = Path(app.outdir).parent / "vendor"
    target = folder / "mathjax" / MATHJAX
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    config.html_static_path.append(str(folder))
    config.mathjax_path = f"mathjax/{MATHJAX}"


def drop_unwanted(app, pagename, templatename, context, doctree):
    """Leave out the scripts and styles of Thebe and of ipywidgets' page manager: nothing here needs them."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not unwanted(file)]


def unwanted(file):
    name = str(getattr(file, "filename", None) or "")
    body = str(getattr(file, "attributes", {}).get("body", "") or "")
    return any(word in name for word in UNWANTED) or "thebe" in body.lower()
