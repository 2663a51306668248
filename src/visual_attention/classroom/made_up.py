"""Made-up submissions of a chapter: what a student hands in, and what has to become of it.

Each kind is a function of a chapter; those here are of students who did their work, well or not. The
rehearsal (rehearsal.py) and the tests grade classes of them and of the kinds in disturbed.py and hopeless.py.
"""

import ast
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from visual_attention.classroom.assignment import Exercise, exercises


class Chapter:
    """A notebook with exercises and the answers to them.

    Args:
        notebook: As it is handed out.
        solutions: A file that defines every answer.
    """

    def __init__(self, notebook: Path, solutions: Path):
        self.name = notebook.stem
        self.notebook = nbformat.read(notebook, 4)
        self.exercises: list[Exercise] = exercises(self.notebook)
        self.names = [exercise.answer for exercise in self.exercises]
        self.points = [float(e.check.metadata.nbgrader.points) for e in self.exercises]
        self.solutions = solutions.read_text()

    def answers(self) -> dict[str, str]:
        """The solutions by name, each with what the file defines and imports beside them."""
        kinds = (ast.FunctionDef, ast.ClassDef)
        body = ast.parse(self.solutions).body
        text = {id(node): ast.get_source_segment(self.solutions, node) for node in body}
        others = [n for n in body if not (isinstance(n, ast.Expr) or getattr(n, "name", "") in self.names)]
        shared = "\n".join(text[id(n)] for n in others if not isinstance(n, kinds))
        shared += "".join(f"\n\n\n{text[id(n)]}" for n in others if isinstance(n, kinds))
        own = {n.name: text[id(n)] for n in body if isinstance(n, kinds) and n.name in self.names}
        return {name: f"{shared}\n\n\n{source}".strip() for name, source in own.items()}

    def filled(self, answers: dict[str, str] | None = None) -> dict:
        """The notebook as JSON with some answers written into it; with all of them if none are given."""
        answers = self.answers() if answers is None else answers
        made = json.loads(json.dumps(self.notebook))
        for cell in made["cells"]:
            name = self.answer_of(cell)
            cell["source"] = answers.get(name, cell["source"]) if name else cell["source"]
        return made

    def answer_of(self, cell: dict) -> str:
        """Which exercise a cell is to answer; empty if none."""
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        return {e.solution.metadata.nbgrader.grade_id: e.answer for e in self.exercises}.get(grade_id, "")

    def is_check(self, cell: dict) -> bool:
        return bool(cell["metadata"].get("nbgrader", {}).get("grade"))


@dataclass
class Handed:
    """What one student hands in, and what has to become of it.

    Args:
        files: Path below the class's folder, with `NAME` for the student -> content, or where a link
            points to; None makes an empty folder. The later ones are the newer ones.
        marks: Points by exercise; None where no mark may be given.
        says: Words of the reason, or of what the student reads.
    """

    files: dict[str, bytes | Path | None]
    marks: list[float] | None
    says: str = ""

    def write(self, folder: Path, student: str) -> None:
        """Put the files into the class's folder, under a student's name."""
        for time, (name, content) in enumerate(self.files.items()):
            path = folder / name.replace("NAME", student)
            if content is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                path.symlink_to(content)
            else:
                path.write_bytes(content)
                os.utime(path, (1_700_000_000 + time, 1_700_000_000 + time))


Kind = Callable[[Chapter], Handed]
KINDS: dict[str, Kind] = {}


def kind(function: Kind) -> Kind:
    """Register a kind of submission under its function's name."""
    KINDS[function.__name__] = function
    return function


def written(tree: dict) -> bytes:
    return json.dumps(tree, indent=1, ensure_ascii=False).encode()


def whole(
    chapter: Chapter, tree: dict, *, lost: tuple[int, ...] = (), says: str = "", file: str = ""
) -> Handed:
    """All marks but those of the exercises that are lost, for a notebook in the student's folder."""
    marks = [0.0 if n in lost else worth for n, worth in enumerate(chapter.points)]
    return Handed({f"NAME/{file or chapter.name + '.ipynb'}": written(tree)}, marks, says)


@kind
def perfect(chapter: Chapter) -> Handed:
    marks = list(chapter.points)
    return Handed({"NAME.ipynb": written(chapter.filled())}, marks)


@kind
def untouched(chapter: Chapter) -> Handed:
    return Handed({"NAME.ipynb": written(chapter.filled({}))}, [0.0] * len(chapter.points), "ot attempted")


@kind
def first_only(chapter: Chapter) -> Handed:
    first = chapter.names[0]
    lost = tuple(range(1, len(chapter.points)))
    return whole(chapter, chapter.filled({first: chapter.answers()[first]}), lost=lost, says="ot attempted")


@kind
def misspelt_word(chapter: Chapter) -> Handed:
    answers = chapter.answers()
    last = chapter.names[-1]
    answers[last] = f"def {last}(*args, **kwargs):\n    return retrun"
    return whole(chapter, chapter.filled(answers), lost=(len(chapter.names) - 1,), says="NameError")
