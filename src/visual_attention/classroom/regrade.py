"""Grade a notebook's exercises apart from the student's code: a step of nbgrader's autograding.

It takes the place of nbgrader's Execute. The chapter's own cells do not run, for they train networks; the
student's imports, definitions and answers do, in a sandbox, and each check runs here on what they return.
"""

import ast
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import List, Unicode

from visual_attention.classroom import wire
from visual_attention.classroom.remote import Sandbox, find_check
from visual_attention.exercises.feedback import Part, Report


class Regrade(NbGraderPreprocessor):
    """Fill each check cell's output with a report made in the grader's own process."""

    command = List(Unicode(), help="How to start the worker that runs the student's code.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """All check cells of one submission."""
        with Sandbox(self.command) as sandbox:
            errors = []
            for place, cell in enumerate(nb.cells):
                if cell.cell_type != "code":
                    continue
                if is_grade(cell):
                    report = self.grade(cell, nb.cells[:place], sandbox, errors)
                    cell.outputs = [as_output(report)]
                    cell.execution_count = None
                elif error := run(sandbox, cell, everything=is_solution(cell)):
                    errors.append(error)
        return nb, resources

    def grade(self, cell: NotebookNode, before: list, sandbox: Sandbox, errors: list) -> Report:
        """The report of one check cell."""
        points = float(cell.metadata.nbgrader["points"])
        call = asked(cell.source)
        if call is None:
            self.log.error(
                "%s holds no check of the course: grade it by hand", cell.metadata.nbgrader["grade_id"]
            )
            return failure(cell, points, "This cell is graded by hand.")
        check, answer = call
        report = attempt(sandbox, cell, check, answer, points)
        told = " ".join([*report.messages, *errors])
        if report.score < report.points and ("NameError" in told or not report.attempted):
            self.log.info("%s may need cells that were left out: running them all", answer)
            with Sandbox(self.command) as whole:
                for other in before:
                    if other.cell_type == "code" and not is_grade(other):
                        run(whole, other, everything=True)
                again = attempt(whole, cell, check, answer, points)
            report = max(report, again, key=lambda r: r.score)
        if report.fault:
            self.log.warning("%s: %s", check, report.fault)
        if not find_check(check).apart:
            self.log.warning(
                "%s is scored inside the sandbox, where a score can be forged: see the code", check
            )
        if errors and report.score < report.points:
            report.parts += [Part(f"A cell above stopped with {error}", None) for error in errors[-2:]]
        return report


def run(sandbox: Sandbox, cell: NotebookNode, *, everything: bool) -> str:
    """Run one cell; returns its error, if any."""
    if "setup" in cell.metadata.get("tags", []):
        return ""
    try:
        return sandbox.run(cell.source, everything=everything, seconds=300 if everything else 60)
    except wire.Garbled as error:
        return f"no answer ({error})"


def attempt(sandbox: Sandbox, cell: NotebookNode, check: str, answer: str, points: float) -> Report:
    """The report of one check, or one that says why there is none."""
    try:
        report = sandbox.check(check, answer, points)
    except (wire.Garbled, LookupError, TypeError, ValueError) as error:
        return failure(cell, points, f"Your code could not be examined: {error}")
    report.points = points
    return report


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
