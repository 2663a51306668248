"""Make a submission that nbgrader can grade out of whatever cells a student handed in.

Nothing of the student's but the text of the cells is kept. Exercises are known by the names that the
answers define, check cells come from what was handed out, and each cell of an exercise stands there once.
"""

import copy
import hashlib
import json
import re

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from visual_attention.classroom.assignment import OURS, Exercise, exercises, squeezed, unchecked
from visual_attention.classroom.reading import Cell, Unreadable

LONG_CODE, LONG_TEXT = 100_000, 20_000  # letters of one cell
LONG = 2_000_000  # letters of all cells


def restore(cells: list[Cell], source: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The submission to be graded, and what had to be mended; Unreadable where no exercise is in it.

    Args:
        cells: As they were handed in.
        source: The notebook that was handed out.
    """
    if sum(len(cell.source) for cell in cells) > LONG:
        raise Unreadable(f"its cells hold more than {LONG:,} letters")
    places = [Place(cells, exercise, source) for exercise in exercises(source)]
    if not any(p.checks or p.own is not None for p in places):
        names = ", ".join(p.exercise.answer for p in places)
        raise Unreadable(f"none of this assignment's exercises is in it ({names}): is it another notebook?")
    notes = gathered([(note, p.exercise.answer) for p in places for note in p.notes()])
    made = laid_out(cells, places, source)
    return finished(made, source, places, notes), notes


class Place:
    """Where one exercise stands among a student's cells.

    Args:
        cells: As they were handed in.
        source: The notebook that was handed out.
    """

    def __init__(self, cells: list[Cell], exercise: Exercise, source: NotebookNode):
        self.cells, self.exercise = cells, exercise
        self.checks = [n for n, cell in enumerate(cells) if exercise.is_check(cell)]
        self.marked = [n for n, cell in enumerate(cells) if exercise.is_answer(cell)]
        chapter = {squeezed(c.source) for c in source.cells if c is not exercise.solution}
        self.defining = [
            n
            for n, cell in enumerate(cells)
            if (cell.code or n in self.marked)
            and defines(cell.source, exercise.answer)
            and squeezed(cell.source) not in chapter
        ]
        self.own = self.answer()

    def answer(self) -> int | None:
        """The cell with the answer: the last that defines its name, else the last that bears its mark."""
        for numbers in (self.defining, self.marked):
            written = [n for n in numbers if not self.exercise.is_blank(self.cells[n].source)]
            if written:
                return written[-1]
        return max(self.defining + self.marked, default=None)

    @property
    def is_blank(self) -> bool:
        """Whether the answer's cell is there as it was handed out, and no other cell answers."""
        return self.own is not None and self.exercise.is_blank(self.cells[self.own].source)

    @property
    def check(self) -> int:
        """The cell after which the check is put: where it stood, or the answer if it stood above that."""
        if self.own is None:
            return len(self.cells)
        return max([self.own, *self.checks])

    def notes(self) -> list[str]:
        """What is unusual about it, for the teacher."""
        if self.own is None:
            return ["no cell defines it"]
        copies = [
            n for n in {*self.marked, *self.defining} if not self.exercise.is_blank(self.cells[n].source)
        ]
        said = {
            "the mark on the cell was gone": not self.marked,
            f"answered in {len(copies)} cells, the last one counts": len(copies) > 1,
            "the check was gone": not self.checks,
            f"the check stood there {len(self.checks)} times": len(self.checks) > 1,
            "the check stood above the answer": bool(self.checks) and self.checks[-1] < self.own,
        }
        return [note for note, true in said.items() if true]


def gathered(notes: list[tuple[str, str]]) -> list[str]:
    """Each note once, with the exercises that it is about."""
    by_note: dict[str, list[str]] = {}
    for note, name in notes:
        by_note.setdefault(note, []).append(name)
    return [f"{note} ({', '.join(names)})" for note, names in by_note.items()]


def laid_out(cells: list[Cell], places: list[Place], source: NotebookNode) -> list[NotebookNode]:
    """The student's cells in their order, with each answer marked and each check where it belongs."""
    first: dict[int, Place] = {}  # cells with answers; of several exercises in one, the first bears the mark
    after: dict[int, list[NotebookNode]] = {}
    for place in places:
        if place.own is None or first.setdefault(place.own, place) is not place:
            where = "No cell of this notebook" if place.own is None else "A cell above"
            text = f"# {where} defines {place.exercise.answer}."
            after.setdefault(place.check, []).append(filled(place.exercise.solution, text))
        after.setdefault(place.check, []).append(copy.deepcopy(place.exercise.check))
    others = {cell.metadata.nbgrader.grade_id: cell for cell in unchecked(source)}
    last = {cell.grade_id: number for number, cell in enumerate(cells) if cell.grade_id in others}
    made = []
    for number, cell in enumerate(cells):
        if number in first:
            made.append(filled(first[number].exercise.solution, cell.source))
        elif last.get(cell.grade_id) == number:
            made.append(by_hand(others.pop(cell.grade_id), cell))
        elif not any(number in p.checks or p.exercise.is_copy(cell) for p in places):
            made.append(plain(cell, number))
        made += after.get(number, [])
    return made + after.get(len(cells), []) + [copy.deepcopy(cell) for cell in others.values()]


def defines(source: str, name: str) -> bool:
    """Whether a cell binds a name at its outermost level, as far as can be told without parsing it."""
    word = re.escape(name)
    function, value = rf"(?:(?:async\s+)?def|class)\s+{word}\b", rf"{word}\s*(?::[^=\n]+)?=(?!=)"
    return bool(re.search(rf"^(?:{function}|{value})", source, re.MULTILINE))


def filled(cell: NotebookNode, source: str) -> NotebookNode:
    """A cell as it was handed out, with what the student wrote into it."""
    made = copy.deepcopy(cell)
    made.source = shortened(source, LONG_CODE, "# ")
    return made


def by_hand(handed_out: NotebookNode, cell: Cell) -> NotebookNode:
    """A cell that a person grades or reads: with the student's words if it is theirs to fill in."""
    mine = handed_out.metadata.nbgrader.get("solution") or handed_out.metadata.nbgrader.get("task")
    return filled(handed_out, cell.source if mine else handed_out.source)


def plain(cell: Cell, number: int) -> NotebookNode:
    if cell.code:
        return new_code_cell(shortened(cell.source, LONG_CODE, "# "), id=f"cell-{number}")
    text = re.sub(r"\(data:[^)]*\)", "()", cell.source)  # a picture in the text
    return new_markdown_cell(shortened(text, LONG_TEXT, ""), id=f"cell-{number}")


def shortened(source: str, most: int, comment: str) -> str:
    if len(source) <= most:
        return source
    return f"{comment}Left out before grading: a cell of {len(source):,} letters."


def finished(
    cells: list[NotebookNode], source: NotebookNode, places: list[Place], notes: list[str]
) -> NotebookNode:
    """The notebook, with what the grader must know in its metadata."""
    made = copy.deepcopy(source)
    made.cells = cells
    if notes:
        items = "\n".join(f"- {note}" for note in notes)
        made.cells.insert(0, new_markdown_cell(f"**Mended before grading**\n\n{items}", id="mended"))
    asks = [(p.exercise.solution, p.exercise.check) for p in places]
    made.metadata[OURS] = {
        "key": hashlib.sha256(json.dumps([cells, asks], sort_keys=True).encode()).hexdigest(),
        "absent": [p.exercise.answer for p in places if p.own is None],
        "blank": [p.exercise.answer for p in places if p.is_blank],
        "notes": notes,
    }
    nbformat.validate(made)
    return made
