"""Take what was handed in for one assignment: keep it as it came, and make of it what nbgrader can grade."""

import hashlib
from pathlib import Path

import nbformat

from visual_attention.classroom.collecting import Found, Gathered, read
from visual_attention.classroom.names import shown
from visual_attention.classroom.reading import Unreadable
from visual_attention.classroom.restoring import restore
from visual_attention.classroom.roll import Entry, Roll, metadata, write


class Intake:
    """The roll of an assignment and the files of its students.

    Args:
        course: The course folder.
        name: The assignment.
    """

    def __init__(self, course: Path, name: str):
        self.course, self.name = course, name
        text = (course / "source" / name / f"{name}.ipynb").read_text()
        self.source = nbformat.reads(text, 4)
        self.roll = Roll(course / "collected" / name)
        self.handed_out = hashlib.sha256(text.encode()).hexdigest()

    def file(self, step: str, student: str) -> Path:
        """A student's notebook in one of nbgrader's folders, `submitted` or `autograded`."""
        return self.course / step / student / self.name / f"{self.name}.ipynb"

    def take_all(self, gathered: Gathered) -> None:
        """What lay in a folder; students who were there before and are not now stay on the roll."""
        for student, found in gathered.students.items():
            self.take(student, found)
        self.roll.passed_over = dict(gathered.passed_over)
        self.save()

    def take(self, student: str, found: Found) -> None:
        """One student's file, or the reason why it cannot be graded."""
        if found.data:
            write(self.roll.folder / f"{student}.ipynb", found.data)
        path, made = self.file("submitted", student), None
        if not found.reason:
            try:
                made, notes = restore(found.cells, self.source)
                found.notes += notes
            except Unreadable as reason:
                found.reason = str(reason)
        if made is None and path.exists():
            found.reason += f" (an earlier file that can be graded is still in {path.parent})"
        key = made.metadata.classroom.key if made else ""
        if made is not None and metadata(path).get("key") != key:
            write(path, nbformat.writes(made).encode())
        self.roll.students[student] = Entry(
            shown(found.name),
            shown(str(found.path)),
            key,
            shown(found.reason),
            list(map(shown, found.notes)),
        )

    def save(self) -> None:
        self.roll.handed_out = self.handed_out
        self.roll.save()

    def adopt(self) -> None:
        """Make all submissions anew if another notebook was handed out; take up what is new in submitted/.

        nbgrader's own exchange, for instance, puts files there without collect.
        """
        for student, entry in self.roll.students.items():
            kept = self.roll.folder / f"{student}.ipynb"
            if self.roll.handed_out != self.handed_out and kept.exists():
                self.take(student, read(entry.name, kept))
        for folder in sorted(self.course.glob(f"submitted/*/{self.name}")):
            student, path = folder.parent.name, folder / f"{self.name}.ipynb"
            known = self.roll.students.get(student)
            if known and (metadata(path).get("key") == known.key or not path.exists() or known.reason):
                continue
            found = read(student, path) if path.exists() else Found(student, folder, reason=absent(folder))
            path.unlink(missing_ok=True)
            self.take(student, found)
        self.save()

    def is_graded(self, student: str) -> bool:
        """Whether what was handed in last is what was graded."""
        graded = metadata(self.file("autograded", student))
        return "exercises" in graded and graded.get("key") == self.roll.students[student].key


def absent(folder: Path) -> str:
    """What is the matter with a submission that lacks the assignment's notebook."""
    names = sorted(path.name for path in folder.iterdir())
    return f"the folder holds no {folder.name}.ipynb{', only ' + ', '.join(names[:5]) if names else ''}"
