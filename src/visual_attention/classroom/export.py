"""nbgrader's table of all scores, with no number for whoever was not graded, and the reason beside it."""

import csv
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from visual_attention.classroom.intake import Intake
from visual_attention.classroom.summary import Row, rows

COLUMNS = [
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
]
COLUMNS += ["late_submission_penalty", "score", "max_score", "reason", "exercises"]


class Table(ExportPlugin):
    """Writes a row for each student and assignment."""

    def export(self, gradebook: Gradebook) -> None:
        with open(self.to or "grades.csv", "w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in self.assignment:
                    continue
                known = {s.id: s for s in gradebook.students}
                ours = {row.student: row for row in ours_of(Path.cwd(), assignment.name)}
                for student in sorted({*known, *ours}, key=str.lower):
                    if not self.student or student in self.student:
                        person = known.get(student)
                        line = line_of(gradebook, assignment, student, ours.get(student))
                        for field in ("last_name", "first_name", "email"):
                            line[field] = getattr(person, field, None) or ""
                        table.writerow({key: harmless(value) for key, value in line.items()})


def ours_of(course: Path, name: str) -> list[Row]:
    """What our roll says; nothing of an assignment that was handed out without it."""
    known = (course / "source" / name / f"{name}.ipynb").exists()
    return rows(course, name, Intake(course, name)) if known else []


def line_of(gradebook: Gradebook, assignment, student: str, row: Row | None) -> dict:
    """One row; a score only for whom there is one."""
    line = {
        "assignment": assignment.name,
        "duedate": assignment.duedate or "",
        "student_id": student,
        "max_score": float(assignment.max_score),
    }
    if row is not None and not row.graded:
        return {**line, "reason": row.reason}
    try:
        submission = gradebook.find_submission(assignment.name, student)
    except MissingEntry:
        return {**line, "reason": "nothing was handed in"}
    penalty = submission.late_submission_penalty or 0.0
    return {
        **line,
        "timestamp": submission.timestamp or "",
        "raw_score": submission.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
        "exercises": "; ".join(f"{m.name} {m.score or 0:g}/{m.points:g}" for m in row.marks) if row else "",
    }


def harmless(value: object) -> object:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
