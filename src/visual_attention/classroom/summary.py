"""What became of each student: a table to read, from the roll, the reports and nbgrader's marks."""

import shutil
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from visual_attention.classroom.assignment import exercises
from visual_attention.classroom.intake import Intake
from visual_attention.classroom.names import shown
from visual_attention.classroom.roll import metadata


@dataclass
class Mark:
    """One exercise of one student; without a score where a person has yet to grade it."""

    name: str
    points: float
    score: float | None
    said: list[str] = field(default_factory=list)  # what failed
    attempted: bool = True


@dataclass
class Row:
    """One student. Without a reason, the student is graded."""

    student: str
    name: str
    reason: str = ""
    marks: list[Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def graded(self) -> bool:
        return not self.reason

    @property
    def score(self) -> float:
        return sum(mark.score or 0 for mark in self.marks)

    @property
    def points(self) -> float:
        return sum(mark.points for mark in self.marks)

    @property
    def failed(self) -> list[str]:
        """What went wrong, an exercise a line."""
        tried = [f"{m.name}: {m.said[0]}" for m in self.marks if m.said and m.attempted]
        idle = [m.name for m in self.marks if m.said and not m.attempted]
        return tried + ([f"not attempted: {', '.join(idle)}"] if idle else [])


def rows(course: Path, name: str, intake: Intake) -> list[Row]:
    """The whole class, in alphabetical order."""
    from nbgrader.api import Gradebook  # loading it takes seconds, and collecting needs none of it

    database = f"sqlite:///{course}/gradebook.db"
    with Gradebook(database) as gradebook:
        marked = {s.student_id: marks_of(s) for s in gradebook.assignment_submissions(name)}
    found = []
    for student, entry in sorted(intake.roll.students.items(), key=lambda item: item[0].lower()):
        row = Row(student, entry.name, entry.reason, notes=entry.notes)
        if not row.reason and not (student in marked and intake.is_graded(student)):
            row.reason = f"the grader failed: {entry.fault}" if entry.fault else "not graded yet"
        if row.graded:
            row.marks = told(marked[student], metadata(intake.file("autograded", student)), intake)
        found.append(row)
    return found


def marks_of(submission) -> dict[str, tuple[float | None, float]]:
    """Score and points by the name of the cell, as nbgrader holds them; a person may have changed them."""
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return {g.name: (None if g.needs_manual_grade else g.score, g.max_score) for g in grades}


def told(marks: dict[str, tuple[float | None, float]], graded: dict, intake: Intake) -> list[Mark]:
    """The marks in the order of the notebook that was handed out, with what the reports say."""
    records = {record["name"]: record for record in graded["exercises"]}
    names = {e.check.metadata.nbgrader.grade_id: e.answer for e in exercises(intake.source)}
    found = []
    for cell in [*(c for c in names if c in marks), *(c for c in marks if c not in names)]:
        record = records.get(names.get(cell, cell), {"said": [], "attempted": True})
        mark = Mark(
            names.get(cell, cell), marks[cell][1], marks[cell][0], record["said"], record["attempted"]
        )
        found.append(mark)
    return found


def as_text(name: str, found: list[Row]) -> str:
    """The table for a terminal."""
    graded = [row for row in found if row.graded]
    heads = [f"{number}" for number in range(1, 1 + max((len(row.marks) for row in graded), default=0))]
    width = max([7, *(len(shown(row.student)) for row in found)])
    lines = [f"{name}: {len(graded)} of {len(found)} graded"]
    if graded:
        marks = graded[0].marks
        lines += [f"  {n} {mark.name} ({mark.points:g} points)" for n, mark in zip(heads, marks, strict=True)]
    lines += ["", "  ".join(["student".ljust(width), *(h.rjust(4) for h in heads), "  all", "what failed"])]
    free = max(30, shutil.get_terminal_size((120, 24)).columns - width - 6 * len(heads) - 11)
    for row in found:
        cells = [number(mark.score) for mark in row.marks] if row.graded else ["-"] * len(heads)
        total = number(row.score) if row.graded else "-"
        words = [f"not graded: {row.reason}"] if row.reason else row.failed
        words = [line for text in words for line in textwrap.wrap(shown(text, longest=200), free)] or [""]
        begin = "  ".join([shown(row.student).ljust(width), *(c.rjust(4) for c in cells), total.rjust(5)])
        lines += [f"{begin}  {words[0]}".rstrip(), *(" " * (len(begin) + 2) + word for word in words[1:])]
    return "\n".join(lines)


def number(score: float | None) -> str:
    return "hand" if score is None else f"{score:g}"
