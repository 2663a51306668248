"""Make a notebook of the course from its text: ``python tools/notebook.py SOURCE.py TARGET.ipynb``.

The text is jupytext's py:percent form. The set-up cell is put before the first code cell. Two marks in a
cell's header become nbgrader's metadata: ``# %% exercise="spatial_softmax"`` for a stub, and
``# %% check="check_spatial_softmax" points=4`` for the locked cell below it. Cell ids follow from the
content, so that making a notebook again changes no more than was changed.
"""

import hashlib
import re
import sys
from pathlib import Path

import jupytext
import nbformat

SETUP = Path(__file__).resolve().parents[1] / "book" / "_ext" / "setup_cell.txt"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def graded(name: str, *, check: bool, points: int | None = None) -> dict:
    """nbgrader's metadata of a stub, or of the check below it."""
    kind = {"grade": check, "solution": not check, "locked": check, "task": False, "schema_version": 3}
    return kind | {"grade_id": name} | ({"points": points} if check else {})


def identity(cell) -> str:
    """What a cell's id is made of: its exercise, or a hash of how it begins."""
    if "setup" in cell.metadata.get("tags", []):
        return "setup"
    exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
    return exercise or hashlib.sha1(cell.source[:60].encode()).hexdigest()[:10]


def convert(source: Path) -> nbformat.NotebookNode:
    """The notebook of a text, valid and without outputs."""
    book = jupytext.read(source, fmt="py:percent")
    first = next(index for index, cell in enumerate(book.cells) if cell.cell_type == "code")
    tags = {"tags": ["setup", "hide-input"]}
    book.cells.insert(first, nbformat.v4.new_code_cell(SETUP.read_text().rstrip("\n"), metadata=tags))
    used = set()
    for cell in book.cells:
        marks = cell.metadata
        marks.pop("lines_to_next_cell", None)
        if "exercise" in marks:
            marks["nbgrader"] = graded(marks.pop("exercise"), check=False)
        if "check" in marks:
            marks["nbgrader"] = graded(marks.pop("check"), check=True, points=marks.pop("points"))
        cell["id"] = re.sub(r"[^a-zA-Z0-9-]", "-", identity(cell))[:56]
        while cell["id"] in used:
            cell["id"] += "x"
        used.add(cell["id"])
    book.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    book.nbformat, book.nbformat_minor = 4, 5
    nbformat.validate(book)
    return book


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(nbformat.writes(convert(source)).rstrip("\n") + "\n")
    print(target)
