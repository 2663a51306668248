"""Grade a notebook's exercises apart from the student's code: a step of nbgrader's autograding.

It takes the place of nbgrader's Execute. The chapter's own cells do not run, for they train networks; the
student's imports, definitions and answers do, in a sandbox, and each check runs here on what they return.
"""

import ast
import contextlib
from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Float, List, Unicode

from visual_attention.classroom import wire
from visual_attention.classroom.remote import Sandbox
from visual_attention.exercises.feedback import Part, Report

MISSING = ("NameError", "got `None`")  # words in feedback: a name is not defined


class Replay:
    """A student's cells, run again in a sandbox as far as is needed."""

    def __init__(self, command: list[str], cells: list[NotebookNode], *, everything: bool, seconds: float):
        self.sandbox, self.cells = Sandbox(command), cells
        self.everything, self.seconds = everything, seconds
        self.done, self.errors = 0, []

    def advance(self, place: int) -> None:
        """Run the code cells before this place, check cells and the set-up left out."""
        for cell in self.cells[self.done : place]:
            if cell.cell_type != "code" or is_grade(cell) or "setup" in cell.metadata.get("tags", []):
                continue
            everything = self.everything or is_solution(cell)
            try:
                error = self.sandbox.run(cell.source, everything=everything, seconds=self.seconds)
            except wire.Garbled as garbled:
                error = f"no answer ({garbled})"
            self.errors += [error] if error else []
        self.done = place


class Regrade(NbGraderPreprocessor):
    """Fill each check cell's output with a report made in the grader's own process."""

    command = List(Unicode(), help="How to start the worker that runs the student's code.").tag(config=True)
    refusal = Unicode(help="Why nothing may be graded here; empty where it may.").tag(config=True)
    seconds = Float(120.0, help="The longest that one of the student's cells may run.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """All check cells of one submission."""
        if self.refusal:
            raise RuntimeError(f"{self.refusal}: not graded, to keep students' code away from your files")
        with contextlib.ExitStack() as stack:
            replays = []  # definitions only; and, where these do not suffice, a second one with all cells

            def replay(number: int) -> Replay:
                if len(replays) <= number:
                    replays.append(
                        Replay(self.command, nb.cells, everything=number == 1, seconds=self.seconds)
                    )
                    stack.enter_context(replays[number].sandbox)
                return replays[number]

            for place, cell in enumerate(nb.cells):
                if cell.cell_type == "code" and is_grade(cell):
                    cell.outputs, cell.execution_count = [as_output(self.grade(cell, place, replay))], None
        return nb, resources

    def grade(self, cell: NotebookNode, place: int, replay: Callable[[int], Replay]) -> Report:
        """The report of one check cell."""
        points = float(cell.metadata.nbgrader["points"])
        call = asked(cell.source)
        if call is None:
            self.log.error(
                "%s holds no check of the course: grade it by hand", cell.metadata.nbgrader["grade_id"]
            )
            return failure(cell, points, "This cell is graded by hand.")
        check, answer = call
        report, errors = attempt(replay(0), place, cell, check, answer)
        if report.score < points and any(word in " ".join(report.messages + errors) for word in MISSING):
            self.log.info("%s may need cells that were left out: running them all", answer)
            again, its_errors = attempt(replay(1), place, cell, check, answer)
            if again.score > report.score:
                report, errors = again, its_errors
        if report.fault:
            self.log.warning("%s: %s", check, report.fault)
        if report.score < points:
            report.parts += [Part(f"A cell above stopped with {error}", None) for error in errors[-2:]]
        return report


def attempt(
    replay: Replay, place: int, cell: NotebookNode, check: str, answer: str
) -> tuple[Report, list[str]]:
    """The report of one check, or one that says why there is none; and the errors of the cells before."""
    points = float(cell.metadata.nbgrader["points"])
    replay.advance(place)
    try:
        report = replay.sandbox.check(check, answer, points)
    except (wire.Garbled, LookupError, TypeError, ValueError) as error:
        report = failure(cell, points, f"Your code could not be examined: {error}")
    report.points = points
    return report, replay.errors


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


def failure(cell: NotebookNode, points: float, text: str) -> Report:
    return Report(cell.metadata.nbgrader["grade_id"], points, [Part(text, False)])


def as_output(report: Report) -> Any:
    """What nbgrader reads as a partial score, and shows as feedback."""
    data = {"text/plain": repr(report), "text/html": report._repr_html_()}
    return new_output("execute_result", data=data, execution_count=None)
