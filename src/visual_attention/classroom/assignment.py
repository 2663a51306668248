"""What a notebook that is handed out asks: its exercises, its check cells, what it imports."""

import ast
from dataclasses import dataclass

from nbformat import NotebookNode

from visual_attention.classroom.reading import Cell

OURS = "classroom"  # our part of a notebook's metadata


@dataclass(frozen=True)
class Exercise:
    """One exercise: the name that the answer defines, the cell for the answer, the cell that checks it."""

    answer: str
    solution: NotebookNode
    check: NotebookNode

    def is_blank(self, source: str) -> bool:
        """Whether nothing was written into the cell."""
        return squeezed(source) in ("", squeezed(self.solution.source))

    def is_answer(self, cell: Cell) -> bool:
        """Whether a student's cell bears this answer's mark."""
        return cell.grade_id == self.solution.metadata.nbgrader.grade_id

    def is_check(self, cell: Cell) -> bool:
        """Whether a student's cell is the check: by its mark, or because it does nothing but call it."""
        marked = cell.grade_id == self.check.metadata.nbgrader.grade_id
        return marked or (cell.code and squeezed(cell.source) == squeezed(self.check.source))

    def is_copy(self, cell: Cell) -> bool:
        """Whether a cell is the answer's as it was handed out, and so would undo an answer above it."""
        return self.is_blank(cell.source) and bool(cell.source.strip() or self.is_answer(cell))


def asked(source: str) -> tuple[str, str] | None:
    """The names in `check_answer(answer)`, a check cell's last line."""
    try:
        last = ast.parse(source).body[-1]
    except (SyntaxError, IndexError):
        return None
    match last:
        case ast.Expr(ast.Call(func=ast.Name(check), args=[ast.Name(answer)], keywords=[])):
            return (check, answer) if check.startswith("check_") else None
    return None


def exercises(source: NotebookNode) -> list[Exercise]:
    """The exercises of a notebook that was handed out: each check, and the answer's cell before it."""
    found, solution = [], None
    for cell in source.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution") and not mark.get("grade"):
            solution = cell
        elif mark.get("grade") and solution is not None and (names := asked(cell.source)):
            found.append(Exercise(names[1], solution, cell))
            solution = None
    return found


def unchecked(source: NotebookNode) -> list[NotebookNode]:
    """The cells that belong to the assignment but to no check: a person grades them, or they are locked."""
    known = [cell.id for e in exercises(source) for cell in (e.solution, e.check)]
    return [c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade_id") and c.id not in known]


def squeezed(source: str) -> str:
    """A cell's text without what editors and uploads change: empty lines, spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines() if line.strip())
