"""A chapter's page: the committed notebook, with the outputs of its last execution and its solutions.

The notebook files stay as they are committed, without outputs. When Sphinx reads one, this hook hands it
the executed copy in their place, if that copy was made from the present notebook, package and requirements;
if not, the build stops with a message. So a page can not show outputs of code that has changed.
"""

import re
import sys
from pathlib import Path

import nbformat
from sphinx.errors import ExtensionError
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[3]
WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = "Set-up: run this cell first"
NUMBERED = re.compile(
    r"^(#+) \d+\. ", re.MULTILINE
)  # an exercise's heading; the book numbers its sections itself
CHECK = re.compile(r"^check_\w+\((\w+)\)", re.MULTILINE)

sys.path.insert(0, str(ROOT))
from tools import execution  # noqa: E402

log = logging.getLogger(__name__)


def setup(app):
    app.connect("source-read", chapter_source)


def chapter_source(app, docname, source):
    """Replace a notebook's text by its executed copy, with solutions where the builder makes pages."""
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".ipynb":
        return
    executed = execution.fresh_copy(path)
    if executed is None:
        raise ExtensionError(f"{docname} was not executed with the present code. Run: make book")
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop(
        "widgets", None
    )  # the state of live widgets: a page without a kernel has no use for it
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = NUMBERED.sub(r"\1 ", cell.source)
        if cell.cell_type == "code":
            if "setup" in cell.metadata.get("tags", []):
                cell.metadata["mystnb"] = {"code_prompt_show": SETUP, "code_prompt_hide": SETUP}
            cell.outputs = [kept for output in cell.outputs if (kept := for_a_page(output, docname))]
    if app.builder.format == "html":
        notebook.cells = with_solutions(notebook.cells, docname)
    source[0] = nbformat.writes(notebook)


def for_a_page(output, docname):
    """The output as a page can show it; None for a progress bar, which says nothing once it has ended."""
    if output.output_type == "stream" and output.name == "stderr":
        if "\r" not in output.text:
            log.warning("a cell of %s writes to stderr: %s", docname, output.text[:200])
        return None
    data = output.get("data", {})
    if WIDGET in data and "text/html" not in data:
        return None
    return output


def with_solutions(cells, docname):
    """The cells, each graded check followed by a closed dropdown with the reference solution."""
    stem = docname.rsplit("/", 1)[-1]
    result = []
    for cell in cells:
        result.append(cell)
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            names = CHECK.findall(cell.source)
            if not names:
                log.warning("%s: no check_x(answer) in the graded cell %s", docname, cell.id)
            result.extend(nbformat.v4.new_markdown_cell(dropdown(stem, name)) for name in names)
    return result


def dropdown(stem, name):
    return f"""\
::::{{dropdown}} One solution of {name}
:class-container: solution
```{{literalinclude}} /book/solutions/{stem}.py
:pyobject: {name}
:language: python
```
::::"""
