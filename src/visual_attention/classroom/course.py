"""A course folder of nbgrader: hand out, collect, grade, export, feedback.

Every step is one nbgrader command with the settings of config.py; this module names files and splits work.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from visual_attention.classroom import sandbox

SETTINGS = '''"""nbgrader's settings for this course folder; add your own below."""

from visual_attention.classroom.config import configure

c = get_config()  # noqa: F821
configure(c)
'''
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Trouble(Exception):
    """Something that the teacher has to mend; the message says what."""


class Course:
    """A folder with source/, release/, submitted/, autograded/, feedback/ and gradebook.db."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def generate(self, notebook: Path) -> Path:
        """Make the assignment from a chapter's notebook; returns the file to hand out."""
        name = notebook.stem
        if not checked(notebook):
            raise Trouble(f"{notebook} holds no exercises")
        source = self.folder / "source" / name / notebook.name
        source.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notebook, source)
        settings = self.folder / "nbgrader_config.py"
        if not settings.exists():
            settings.write_text(SETTINGS)
        self.nbgrader("generate_assignment", name, "--force")
        return self.folder / "release" / name / notebook.name

    def collect(self, name: str, downloads: Path) -> list[str]:
        """Take submissions named <student>.ipynb or <student>/<name>.ipynb; returns the students."""
        found = {path.stem: path for path in sorted(downloads.glob("*.ipynb"))}
        found |= {path.parent.name: path for path in sorted(downloads.glob(f"*/{name}.ipynb"))}
        if not found:
            raise Trouble(f"no <student>.ipynb and no <student>/{name}.ipynb in {downloads}")
        for student, path in found.items():
            if not re.fullmatch(r"[A-Za-z0-9._@-]+", student):
                raise Trouble(
                    f"a student's name for files has letters, digits and ._@- only, got {student!r}"
                )
            target = self.folder / "submitted" / student / name / f"{name}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        return list(found)

    def grade(self, name: str, *, jobs: int = 1, unsafe: bool = False) -> list[str]:
        """Autograde all submissions, some side by side; returns the students that could not be graded."""
        reason = sandbox.available()
        if reason and not unsafe:
            raise Trouble(
                f"{reason}. Without it, students' code runs with your rights: it can read and delete your "
                "files. Grade on a machine that has it, or, for code that you trust, add --unsafe."
            )
        students = sorted(path.parent.name for path in self.folder.glob(f"submitted/*/{name}"))
        if not students:
            raise Trouble(f"no submissions in {self.folder}/submitted/*/{name}")
        environment = {sandbox.UNSAFE: "1"} if unsafe else {}
        parts = [students[i::jobs] for i in range(jobs) if students[i::jobs]]

        def autograde(part: list[str]) -> str:
            others = ",".join(s for s in students if s not in part)
            options = [f"--CourseDirectory.student_id_exclude={others}"] if others else []
            return self.nbgrader("autograde", name, "--force", *options, environment=environment, check=False)

        with ThreadPoolExecutor(jobs) as pool:
            log = "".join(pool.map(autograde, parts))
        (self.folder / f"autograde-{name}.log").write_text(log)
        done = {path.parent.name for path in self.folder.glob(f"autograded/*/{name}")}
        return [student for student in students if student not in done]

    def export(self, table: Path) -> Path:
        """All scores as a CSV table."""
        self.nbgrader("export", f"--to={table.resolve()}")
        return table.resolve()

    def feedback(self, name: str) -> list[Path]:
        """A page for each student; scripts, frames and outside requests are barred."""
        self.nbgrader("generate_feedback", name, "--force")
        pages = sorted(self.folder.glob(f"feedback/*/{name}/*.html"))
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        for page in pages:
            page.write_text(page.read_text().replace("<head>", f"<head>\n{policy}", 1))
        return pages

    def nbgrader(self, *words: str, environment: dict[str, str] | None = None, check: bool = True) -> str:
        """Run an nbgrader command in the course folder; returns its log."""
        if not (self.folder / "nbgrader_config.py").exists():
            raise Trouble(f"{self.folder} is no course folder yet: generate an assignment first")
        scripts = Path(sys.executable).parent  # nbgrader calls alembic by its name
        surroundings = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
        # A mistake in the settings must stop nbgrader: it would go on without them, and without the sandbox.
        surroundings["TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR"] = "1"
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            cwd=self.folder,
            env={**surroundings, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check and done.returncode:
            raise Trouble(f"nbgrader {' '.join(words)} failed:\n{done.stdout[-3000:]}")
        return done.stdout


def checked(notebook: Path) -> dict[str, float]:
    """The check cells of a notebook and their points."""
    cells = json.loads(notebook.read_text())["cells"]
    marks = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    return {mark["grade_id"]: mark["points"] for mark in marks if mark.get("grade")}
