"""Grade a notebook's exercises apart from the student's code: a step of nbgrader's autograding.

It takes the place of nbgrader's Execute. The chapter's own cells do not run, for they train networks; the
student's imports, definitions and answers do, in a sandbox, and each check runs here on what they return.
"""

from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Float, List, Unicode

from visual_attention.classroom.assignment import OURS, asked
from visual_attention.classroom.examine import Examination, Question
from visual_attention.classroom.names import shown
from visual_attention.classroom.remote import SECONDS
from visual_attention.exercises.feedback import Part, Report
from visual_attention.exercises.report import NOT_ATTEMPTED


class Regrade(NbGraderPreprocessor):
    """Fill each check cell's output with a report made in the grader's own process."""

    command = List(Unicode(), help="How to start the worker that runs the student's code.").tag(config=True)
    refusal = Unicode(help="Why nothing may be graded here; empty where it may.").tag(config=True)
    seconds = Float(SECONDS, help="The longest that one line or one call of a student's may run.").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """All check cells of one submission."""
        if self.refusal:
            raise RuntimeError(f"{self.refusal}: not graded, to keep students' code away from your files")
        ours = nb.metadata.setdefault(OURS, {})
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        checks = {cell.id: (cell, self.question(ours, code, cell)) for cell in code if is_check(cell)}
        sources = ["" if is_check(cell) else cell.source for cell in code]
        answers = [question.answer for _, question in checks.values() if question]
        ours["exercises"] = []
        chapter = resources.get("nbgrader", {}).get("assignment", "")  # its name is the notebook's
        with Examination(
            self.command, sources, answers=answers, seconds=self.seconds, chapter=chapter
        ) as examination:
            for cell, question in checks.values():
                if question is None:
                    report = self.by_hand(cell)
                elif question.answer in ours.get("blank", []):
                    report = untouched(question)
                else:
                    report = examination.report(question)
                if report.fault:
                    self.log.warning("%s: %s", report.name, shown(report.fault))
                cell.outputs, cell.execution_count = [as_output(report)], None
                ours["exercises"].append(as_record(report, question))
        return nb, resources

    def question(self, ours: dict, code: list[NotebookNode], check: NotebookNode) -> Question | None:
        """What a check cell asks, and where it stands."""
        names = asked(check.source)
        if names is None:
            return None
        place = code.index(check)
        before = [n for n, cell in enumerate(code[:place]) if is_solution(cell)]
        named = [n for n in before if code[n].metadata.nbgrader.grade_id == names[1]]
        absent = names[1] in ours.get("absent", [])
        own = None if absent else (named or before or [None])[-1]
        return Question(*names, float(check.metadata.nbgrader.points), own, place)

    def by_hand(self, cell: NotebookNode) -> Report:
        name = cell.metadata.nbgrader.grade_id
        self.log.error("%s holds no check of the course: grade it by hand", name)
        points = float(cell.metadata.nbgrader.points)
        return Report(name, points, [Part("This cell is graded by hand.", False)])


def untouched(question: Question) -> Report:
    """The report on a cell that is as it was handed out: no sandbox is needed for that."""
    return Report(question.answer, question.points, [Part(NOT_ATTEMPTED, None)], attempted=False)


def is_check(cell: NotebookNode) -> bool:
    """Whether a cell is graded by running it; a cell that a person grades is also a solution."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def as_output(report: Report) -> Any:
    """What nbgrader reads as a partial score, and shows as feedback."""
    data = {"text/plain": repr(report), "text/html": report._repr_html_()}
    return new_output("execute_result", data=data, execution_count=None)


def as_record(report: Report, question: Question | None) -> dict[str, Any]:
    """What the summary says about an exercise: first what failed, then what was noted."""
    failed = [part.text for part in report.parts if part.passed is False]
    said = sorted(report.messages, key=lambda text: text not in failed)
    return {
        "name": question.answer if question else report.name,
        "points": report.points,
        "score": report.score,
        "attempted": report.attempted,
        "said": [shown(text, longest=500) for text in said] if report.score < report.points else [],
        "fault": shown(report.fault),
    }
