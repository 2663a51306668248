"""Grades one student after the other with nbgrader, as told on standard input; started by grading.py.

One process serves many students, because loading nbgrader and torch takes longer than grading one of them.
"""

import json
import logging
import os
import re
import sys
import traceback
from pathlib import Path

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from visual_attention.classroom.names import shown

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
ADDRESS = re.compile(r"""(\s(?:href|xlink:href|action|formaction)\s*=\s*["']?)([^"'>]*)""", re.IGNORECASE)
SAFE = re.compile(r"\s*(#|https?:|mailto:|[^:]*$)", re.IGNORECASE)  # other kinds of links may run something
CONVERTERS = {"grade": Autograde, "feedback": GenerateFeedback}


class Lines(logging.Handler):
    """Keeps what nbgrader says, with nothing in it that a terminal would obey."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().splitlines() or [""]
        self.lines += [f"[{record.levelname}] {shown(line)}" for line in text[-40:]]


def work(act: str, assignment: str, student: str) -> dict:
    """One student's submission graded, or the page for it written; what nbgrader said, and why it failed."""
    config = PyFileConfigLoader("nbgrader_config.py", path=os.getcwd()).load_config()
    course = CourseDirectory(config=config, root=os.getcwd())
    course.assignment_id, course.student_id = assignment, student
    converter = CONVERTERS[act](coursedir=course, config=config)
    converter.force = True
    said = Lines()
    converter.log.setLevel(logging.INFO)
    converter.log.addHandler(said)
    why = ""
    try:
        converter.start()
        if act == "feedback":
            harden(Path("feedback", student, assignment))
    except Exception as error:  # NbGraderException, the database, the disk: the next student goes on
        said.lines += [shown(line) for line in traceback.format_exc().splitlines()]
        blamed = [line for line in said.lines if line.startswith(("visual_attention.", "RuntimeError: "))]
        why = (blamed or [f"{type(error).__name__}: {error}"])[-1]
    finally:
        converter.log.removeHandler(said)
    return {"student": student, "why": shown(why), "log": said.lines}


def harden(folder: Path) -> None:
    """Bar scripts, frames and outside requests from the pages of feedback, whatever is in them."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    for page in folder.glob("*.html"):
        text = ADDRESS.sub(
            lambda found: found[0] if SAFE.match(found[2]) else f"{found[1]}#", page.read_text()
        )
        page.write_text(text.replace("<head>", f"<head>\n{policy}", 1))


def main() -> None:
    """Answer each line of standard input, `["grade", assignment, student]`, with a line of JSON."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever nbgrader prints is no answer
    for line in sys.stdin:
        print(json.dumps(work(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
