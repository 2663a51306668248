"""A course folder of nbgrader: hand out, collect, grade, export, feedback.

Handing out and exporting are nbgrader's commands with the settings of config.py, grading and feedback its
converters (grader.py); this module says which files and students they are about.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from visual_attention.classroom import pages, sandbox
from visual_attention.classroom.assignment import exercises, unchecked
from visual_attention.classroom.collecting import Gathered, gather
from visual_attention.classroom.grading import Round
from visual_attention.classroom.intake import Intake
from visual_attention.classroom.names import identity, shown, suggestion
from visual_attention.classroom.reading import Unreadable, cells_of, data_of
from visual_attention.classroom.summary import Row, rows

SETTINGS = '''"""nbgrader's settings for this course folder; add your own below."""

from visual_attention.classroom.config import configure

c = get_config()  # noqa: F821
configure(c)
'''


class Trouble(Exception):
    """Something that the teacher has to mend; the message says what."""


class Course:
    """A folder with source/, release/, collected/, submitted/, autograded/, feedback/ and gradebook.db."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def generate(self, notebook: Path) -> Path:
        """Make the assignment from a chapter's notebook; returns the file to hand out."""
        handed_out, name = notebook_of(notebook), notebook.stem
        if not exercises(handed_out):
            raise Trouble(f"{notebook} holds no exercises")
        if others := [c.metadata.nbgrader.grade_id for c in unchecked(handed_out) if is_test(c)]:
            raise Trouble(
                f"these tests are no checks of the course, and cannot be graded: {', '.join(others)}"
            )
        if identity(name) != name:
            raise Trouble(f"an assignment's name has letters, digits and ._@- only, got {shown(name)}")
        source = self.folder / "source" / name / notebook.name
        source.parent.mkdir(parents=True, exist_ok=True)
        if not (source.exists() and source.samefile(notebook)):
            shutil.copy(notebook, source)
        settings = self.folder / "nbgrader_config.py"
        if not settings.exists():
            settings.write_text(SETTINGS)
        self.nbgrader("generate_assignment", name, "--force")
        return self.folder / "release" / name / notebook.name

    def collect(self, name: str, downloads: Path) -> tuple[Gathered, Intake]:
        """Take the submissions that lie in a folder; whoever cannot be graded has a reason on the roll."""
        intake = self.intake(name)
        if not downloads.is_dir():
            near = suggestion(downloads.name, [p.name for p in siblings(downloads) if p.is_dir()])
            is_file = "is a file, not a folder: unpack it first."
            raise Trouble(f"{downloads} {is_file if downloads.exists() else 'does not exist.' + near}")
        gathered = gather(downloads, name)
        if not gathered.students:
            seen = "".join(f"\n  {shown(file)}: {shown(why)}" for file, why in gathered.passed_over.items())
            raise Trouble(f"no <student>.ipynb and no <student>/{name}.ipynb in {downloads}{seen}")
        intake.take_all(gathered)
        return gathered, intake

    def grade(self, name: str, *, jobs: int = 1, unsafe: bool = False, again: bool = False) -> list[Row]:
        """Grade what was collected and is not graded yet, some side by side; returns the whole class.

        Args:
            again: Whether to grade anew also what is graded and has not changed.
        """
        intake = self.intake(name)
        reason = sandbox.available()
        if reason and not unsafe:
            raise Trouble(
                f"{reason}. Without it, students' code runs with your rights: it can read and delete your "
                "files. Grade on a machine that has it, or, for code that you trust, add --unsafe."
            )
        intake.adopt()
        students = intake.roll.students
        if not students:
            raise Trouble(f"nothing was handed in for {name} yet: collect {name} <folder>")
        marked = {row.student for row in rows(self.folder, name, intake) if row.graded}
        todo = [s for s, entry in students.items() if not entry.reason and (again or s not in marked)]
        log = self.folder / f"autograde-{name}.log"
        log.unlink(missing_ok=True)

        def done(outcome: dict) -> None:
            intake.roll.students[outcome["student"]].fault = outcome["why"]
            intake.roll.save()
            with open(log, "a") as file:
                print(f"--- {outcome['student']}", *outcome["log"], sep="\n", file=file)

        environment = self.environment({sandbox.UNSAFE: "1"} if unsafe else {})
        Round("grade", name, todo, done).run(self.folder, jobs=jobs, environment=environment)
        return self.summary(name)

    def summary(self, name: str) -> list[Row]:
        """The whole class, also as a page."""
        intake = self.intake(name)
        found = rows(self.folder, name, intake)
        pages.write_summary(self.folder / f"summary-{name}.html", name, found, intake.roll.passed_over)
        return found

    def export(self, table: Path) -> Path:
        """All scores as a CSV table."""
        target = table.resolve()
        if not target.parent.is_dir():
            raise Trouble(f"there is no folder {target.parent} to write {target.name} into")
        if target.is_dir():
            raise Trouble(f"{target} is a folder: name a file, e.g. {target / 'grades.csv'}")
        self.nbgrader("export", f"--to={target}")
        return target

    def feedback(self, name: str, *, jobs: int = 1) -> list[Path]:
        """A page for each student; scripts, frames and outside requests are barred."""
        found, failed = self.summary(name), {}

        def done(outcome: dict) -> None:
            if outcome["why"]:
                failed[outcome["student"]] = outcome["why"]

        graded = [row.student for row in found if row.graded]
        Round("feedback", name, graded, done).run(self.folder, jobs=jobs, environment=self.environment({}))
        for row in found:
            if not row.graded or row.student in failed:
                page = self.folder / "feedback" / row.student / name / f"{name}.html"
                pages.write_refusal(page, name, row, failed.get(row.student, row.reason))
        return sorted(self.folder.glob(f"feedback/*/{name}/{name}.html"))

    def intake(self, name: str) -> Intake:
        """What was handed in for an assignment that was handed out."""
        if not (self.folder / "nbgrader_config.py").exists():
            near = suggestion(
                self.folder.name, [p.parent.name for p in self.folder.parent.glob("*/nbgrader_config.py")]
            )
            raise Trouble(f"{self.folder} is no course folder yet: generate an assignment first.{near}")
        known = [p.parent.name for p in self.folder.glob("source/*/*.ipynb") if p.stem == p.parent.name]
        if name not in known:
            has = (
                f"Handed out so far: {', '.join(sorted(known))}." if known else "None was handed out so far."
            )
            raise Trouble(f"there is no assignment {shown(name)}.{suggestion(name, known)} {has}")
        return Intake(self.folder, name)

    def nbgrader(self, *words: str) -> None:
        """Run an nbgrader command in the course folder."""
        if not (self.folder / "nbgrader_config.py").exists():
            raise Trouble(f"{self.folder} is no course folder yet: generate an assignment first")
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            cwd=self.folder,
            env=self.environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise Trouble(f"nbgrader {' '.join(words)} failed:\n{done.stdout[-3000:]}")

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        """The variables that nbgrader needs."""
        scripts = Path(sys.executable).parent  # nbgrader calls alembic by its name
        path = f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
        # A mistake in the settings must stop nbgrader: it would go on without them, and without the sandbox.
        strict = {"TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR": "1"}
        return {**os.environ, "PATH": path, **strict, **more}


def notebook_of(path: Path) -> NotebookNode:
    """A notebook that a teacher wants to hand out."""
    if not path.is_file():
        what = "is a folder: name a notebook in it" if path.is_dir() else "does not exist"
        inside = (
            path.glob("*.ipynb") if path.is_dir() else [*siblings(path), *Path("notebooks").rglob("*.ipynb")]
        )
        near = suggestion(path.name, [str(p) for p in inside if p.suffix == ".ipynb"])
        raise Trouble(f"{path} {what}.{near}")
    try:
        cells_of(data_of(path))
        return nbformat.read(path, 4)
    except (Unreadable, ValueError, KeyError, AttributeError) as error:
        raise Trouble(f"{path} cannot be handed out: {error}") from error


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is meant to be graded by running it."""
    mark = cell.metadata.nbgrader
    return cell.cell_type == "code" and bool(mark.get("grade")) and not mark.get("solution")


def siblings(path: Path) -> list[Path]:
    """What lies beside a file or folder that may not exist."""
    return sorted(path.parent.iterdir()) if path.parent.is_dir() else []
