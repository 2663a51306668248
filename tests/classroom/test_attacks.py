"""Honest under attack: honest marks stay, attackers earn nothing, nothing is lost or runs where it shows."""

import hashlib
import html.parser
import json
import os
import re
import socket
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell

from tests.classroom.attacks import SOURCES
from tests.classroom.conftest import SECONDS, chapters, run
from visual_attention.classroom import sandbox
from visual_attention.classroom.course import Course
from visual_attention.classroom.made_up import written

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("attacks"),
    pytest.mark.skipif(bool(sandbox.available()), reason=sandbox.available() or "-"),
]
TURN = 3  # attacks in one submission, beside one honest answer
NAMES = {  # of students, on their files -> in the course
    "x'; DROP TABLE student;--": "x_DROP_TABLE_student_--",
    "=cmd|' !A0": "cmd_A0",
    "\x1b[2J\x1b[31mred": "2J_31mred",
    "<script>alert(4)<": "script_alert_4",
    "..%2F..%2Fetc": None,  # it begins with a dot: hidden
    "-rf": "_rf",
    "new\nline": "new_line",
    "a\u202egnp.exe": "a_gnp.exe",
}


def packed(soft) -> dict[str, tuple[dict[str, str], str]]:
    """Three attacks and an honest answer each: student -> (attack by exercise, the honest exercise)."""
    names, attacks, made = soft.names, list(SOURCES), {}
    for start in range(0, len(attacks), TURN):
        number = start // TURN
        honest = names[number % len(names)]
        others = [name for name in names if name != honest]
        made[f"attacker{number:02d}"] = (
            dict(zip(others, attacks[start : start + TURN], strict=False)),
            honest,
        )
    return made


def hand_in(folder: Path, course: Path, port: int, soft) -> None:
    answers = soft.answers()
    for student, (attacks, honest) in packed(soft).items():
        filled = {honest: answers[honest]}
        for name, attack in attacks.items():
            source = SOURCES[attack].replace("ANSWER", name)
            filled[name] = source.replace("COURSE", str(course)).replace("PORT", str(port))
        (folder / f"{student}.ipynb").write_bytes(written(soft.filled(filled)))
    (folder / "honest.ipynb").write_bytes(written(soft.filled()))
    (folder / "forger.ipynb").write_bytes(written(forged(soft)))
    for name in NAMES:
        (folder / f"{name}.ipynb").write_bytes(written(soft.filled({})))
    (folder / "linker").mkdir()
    (folder / "linker/soft.ipynb").symlink_to(folder / "honest.ipynb")
    (folder / "linked").symlink_to(folder / "linker")
    os.mkfifo(folder / "piper.ipynb")
    (folder / "nester.ipynb").write_bytes(b'{"cells": [{"outputs": ' + b'{"a": [' * 100_000)
    (folder / "stuffer.ipynb").write_bytes(
        written({"cells": [{"cell_type": "code", "source": "x" * 3_000_000}]})
    )


def forged(soft) -> dict:
    """Nothing answered; outputs, points, checks and metadata are as the student would like them."""
    tree = soft.filled({})
    tree["metadata"]["classroom"] = {"key": "0" * 64, "absent": [], "blank": [], "exercises": []}
    for cell in tree["cells"]:
        if soft.is_check(cell):
            cell["metadata"]["nbgrader"] |= {"points": 50, "locked": False}
            cell["source"] = "40"
            data = {"text/plain": "40", "text/html": "<script>alert(5)</script>"}
            output = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
            cell["outputs"] = [output]
    evil = "<script>alert(6)</script><img src=x onerror=alert(7)> [x](javascript:alert(8)) <iframe src=//x>"
    evil += " [y](java&#115;cript:alert(9)) [z]( JaVaScript:alert(10)) [w](data:text/html,<b>x</b>)"
    tree["cells"].insert(1, json.loads(json.dumps(new_markdown_cell(evil))))
    return tree


def digest(folder: Path) -> str:
    """The content of all modules below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="session")
def attacked(tmp_path_factory, soft):
    """A course that was attacked from all sides: its folder, its rows, all that was said."""
    course, downloads = tmp_path_factory.mktemp("attacked"), tmp_path_factory.mktemp("downloads")
    package = Path(sandbox.package_folder()) / "visual_attention"
    before = digest(package)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        hand_in(downloads, course, server.getsockname()[1], soft)
        said = [run("generate", chapters()["soft"], course=course)]
        with open(course / "nbgrader_config.py", "a") as file:
            print(f"c.Regrade.seconds = {SECONDS}", file=file)
        said.append(run("collect", "soft", downloads, course=course))
        said.append(run("grade", "soft", "--jobs", "2", course=course, SECRET_TOKEN="SECRET"))
        said.append(run("feedback", "soft", "--jobs", "2", course=course))
        run("export", course / "grades.csv", course=course)
        with pytest.raises(TimeoutError):
            server.accept()
    assert digest(package) == before
    return course, {row.student: row for row in Course(course).summary("soft")}, "".join(said)


def test_there_are_enough_attacks():
    assert len(SOURCES) >= 30 and len(SOURCES) + len(NAMES) >= 40


@pytest.mark.parametrize("number", range(-(-len(SOURCES) // TURN)))
def test_the_attacker_earns_nothing_and_the_honest_answer_its_marks(attacked, soft, number):
    _, rows, _ = attacked
    attacks, honest = packed(soft)[f"attacker{number:02d}"]
    row = rows[f"attacker{number:02d}"]
    assert row.graded, row.reason
    for mark in row.marks:
        assert mark.score == (mark.points if mark.name == honest else 0), (attacks.get(mark.name), mark)
        assert mark.name == honest or mark.said, "the student reads what went wrong"


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ("interrupts_swallowed", "heeded no interrupt|stopped after"),
        ("alarm_turned_off", "heeded no interrupt"),
        ("fork_bomb", "more than 48 processes"),
        ("too_much_returned", "more than can be looked at"),
        ("reply_forged", "spoke in the sandbox.s name"),
        ("memory_bomb", "MemoryError|stopped after|more than 3 GB|shape|type"),
        ("a_tree_of_lists", "more than can be looked at|stopped after"),
        ("limits_lifted", "MemoryError"),
        ("stack_destroyed", "SIGSEGV|heeded no interrupt|memory"),
        ("network", "Connection refused|unreachable"),
        ("work_of_others_read", "found 0 files of others"),
        ("endless_values", "list of 10000|stopped"),
        ("a_class_that_leaves_when_asked", "status 1"),
    ],
)
def test_the_student_reads_what_happened(attacked, soft, attack, words):
    student, (attacks, _) = next((s, made) for s, made in packed(soft).items() if attack in made[0].values())
    (name,) = [name for name, other in attacks.items() if other == attack]
    (mark,) = [mark for mark in attacked[1][student].marks if mark.name == name]
    assert re.search(words, " ".join(mark.said)), mark.said


def test_nothing_is_lost(attacked, soft):
    course, rows, _ = attacked
    assert rows["honest"].graded and rows["honest"].score == sum(soft.points)
    assert {name for name in NAMES.values() if name} <= set(rows)
    assert (course / "gradebook.db").exists() and not list(course.rglob("[0-7]"))
    reasons = {"linker": "a link", "piper": "not an ordinary file"}
    reasons |= {"nester": "nested too deeply", "stuffer": "more than 2,000,000 letters"}
    for student, words in reasons.items():
        assert words in rows[student].reason
        assert (course / f"feedback/{student}/soft/soft.html").exists()
    listed = (course / "collected/soft/roll.json").read_text()
    assert "%2F" in listed and '"linked": "a link' in listed
    assert not [path for path in course.parent.iterdir() if path.name in ("etc", "x", "_x")]


def test_forged_outputs_points_checks_and_metadata_count_for_nothing(attacked, soft):
    row = attacked[1]["forger"]
    assert row.graded and [mark.score for mark in row.marks] == [0] * len(soft.points)
    assert [mark.points for mark in row.marks] == soft.points


class Loud(html.parser.HTMLParser):
    """Collects what would run or fetch something, in a page without the browser's own defence."""

    def __init__(self, page: str):
        super().__init__()
        self.found, self.policies = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.policies += [values["content"]] if values.get("http-equiv") == "Content-Security-Policy" else []
        loud = [name for name in values if name.startswith("on")]
        schemes = [(value or "").strip().lower().partition(":")[0] for value in values.values()]
        loud += [scheme for scheme in schemes if scheme in ("javascript", "vbscript")]
        loud += ["data"] if (values.get("href") or "").strip().lower().startswith("data:") else []
        if loud or tag in ("iframe", "object", "embed", "form", "base"):
            self.found.append((tag, attributes))


def test_nothing_is_shown_that_runs(attacked):
    course, _, _ = attacked
    pages = [*course.glob("feedback/*/soft/*.html"), course / "summary-soft.html"]
    assert len(pages) > 20
    for path in pages:
        page = path.read_text()
        assert not re.search(r"<script[^>]*>\s*alert|<img src=x", page), path
        loud = Loud(page)
        assert loud.found == [] and "default-src 'none'" in loud.policies[0], path
        assert "script-src" not in loud.policies[0]
        assert page.find("Content-Security-Policy") < page.find("<script") or "<script" not in page


def test_nothing_reaches_the_terminal_or_the_log_that_it_obeys(attacked):
    course, _, said = attacked
    texts = [said, (course / "autograde-soft.log").read_text(), (course / "grades.csv").read_text()]
    texts += [path.read_text() for path in course.glob("collected/soft/roll.json")]
    for text in texts:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert not re.search(r"(^|,)[=+@-]", texts[2], re.MULTILINE), "no cell begins like a formula"
