"""One class is graded once, and many questions are asked about it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

import pytest

from visual_attention.classroom import sandbox
from visual_attention.classroom.made_up import Chapter
from visual_attention.classroom.rehearsal import KINDS
from visual_attention.classroom.remote import Sandbox

ROOT = Path(__file__).parents[2]
SECONDS = 3.0  # how long one line or call may run in the tests
# Kinds of which test_restoring.py shows that the notebook made of them is the same as that of a perfect one.
SAME = {"byte_order_mark", "utf_16", "format_3", "format_4_0", "format_of_the_future", "large_outputs"}
SAME |= {"downloaded_twice", "capital_letters", "another_name", "two_files"}


def run(*words: object, course: Path, status: int | None = 0, **environment: str) -> str:
    """One command of the classroom; what it said."""
    command = [sys.executable, "-m", "visual_attention.classroom", "--course", str(course), *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}
    )
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def run_in(box: Sandbox, source: str) -> list[str]:
    """Run a cell in the process that examines an exercise; its errors."""
    told = box.ask("read", cell=0, source=source)
    steps = [box.ask("step", cell=0, number=n, limit=20.0)[0] for n in range(len(told["lines"]))]
    return [error for error in [told["error"], *steps] if error]


def chapters() -> dict[str, Path]:
    """The notebooks with exercises, by stem: all but the first of the book. None is read."""
    paths = sorted(path for path in ROOT.glob("notebooks/*/*.ipynb") if "." not in path.parent.name)
    return {path.stem: path for path in paths}


def chapter_of(stem: str) -> Chapter:
    return Chapter(chapters()[stem], ROOT / "book/solutions" / f"{stem}.py")


@pytest.fixture(scope="session")
def soft() -> Chapter:
    return chapter_of("soft")


@dataclass
class Term:
    """A rehearsal that is over: its folder, what it printed, and what was on the screen meanwhile."""

    folder: Path
    printed: str
    screen: str
    status: int

    def page(self, kind: str) -> str:
        """The page of feedback for the student of a kind."""
        (page,) = self.folder.glob(f"feedback/*_{kind}/soft/soft.html")
        return page.read_text()

    def said(self, step: str) -> str:
        """What a command printed."""
        return (self.folder / f"{step}.txt").read_text()


@pytest.fixture(scope="session")
def term(tmp_path_factory) -> Term:
    """Generate, collect, grade (killed half-way and continued), collect and grade again, feedback, export."""
    if reason := sandbox.available():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("term") / "course"
    kinds = [kind for kind in KINDS if kind not in SAME]
    command = [sys.executable, "-m", "visual_attention.classroom", "--course", str(folder), "rehearse"]
    command += ["--students", str(len(kinds) + 1), "--jobs", "2", "--seconds", str(SECONDS)]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))  # a new one has no columns
    process = subprocess.Popen(
        [*command, "--kinds", ",".join(kinds)], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    screen = b""
    while True:
        try:
            seen = os.read(ours, 4096)
        except OSError:  # the last process has closed its end
            break
        screen += seen
    os.close(ours)
    printed = process.stdout.read()
    process.stdout.close()
    return Term(folder, printed, screen.decode(errors="replace"), process.wait())
