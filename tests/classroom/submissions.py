"""Submissions made of a chapter's notebook."""

import ast
import copy
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]


def chapters() -> dict[str, Path]:
    """The notebooks with exercises, by stem."""
    paths = sorted(path for path in ROOT.glob("notebooks/**/*.ipynb") if "." not in path.parent.name)
    return {path.stem: path for path in paths if '"grade_id"' in path.read_text()}


def solved(stem: str) -> dict[str, str]:
    """The reference solutions' source by name, each with the file's imports and constants before it."""
    text = (ROOT / "book/solutions" / f"{stem}.py").read_text()
    body = ast.parse(text).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    shared = "\n".join(
        ast.get_source_segment(text, node) for node in body if not isinstance(node, (*kinds, ast.Expr))
    )
    helpers = [node for node in body if isinstance(node, kinds)]
    sources = {node.name: ast.get_source_segment(text, node) for node in helpers}
    everything = "\n\n".join([shared, *sources.values()])
    return dict.fromkeys(sources, everything)


def submission(notebook: nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    """A copy of the notebook with some exercise cells filled in."""
    made = copy.deepcopy(notebook)
    for cell in made.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution") and mark["grade_id"] in answers:
            cell.source = answers[mark["grade_id"]]
    return made


def points(notebook: nbformat.NotebookNode) -> float:
    return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)
