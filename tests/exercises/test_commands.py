"""python -m visual_attention.exercises: checks in a terminal, and the list of all exercises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from visual_attention import rooms
from visual_attention.exercises.__main__ import main, markdown
from visual_attention.exercises.report import checks

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "book" / "solutions"


def ended(capsys, *words: str) -> tuple[int, str, str]:
    try:
        status = main(list(words))
    except SystemExit as leaving:  # argparse
        status = leaving.code
    heard = capsys.readouterr()
    assert "Traceback" not in heard.out + heard.err
    return status, heard.out, heard.err


@pytest.mark.slow
def test_solutions_have_full_marks_and_status_0(capsys):
    status, out, err = ended(capsys, "self_attention", str(SOLUTIONS / "self_attention.py"))
    assert (status, err) == (0, "") and out.rstrip().endswith("14 of 14 points"), out


def test_a_wrong_and_a_missing_answer_are_told_with_status_1(capsys, tmp_path):
    source = (
        (SOLUTIONS / "self_attention.py").read_text().replace("dim=-1", "dim=1").split("def others_only")[0]
    )
    (tmp_path / "mine.py").write_text(source)
    status, out, _ = ended(capsys, "self_attention", str(tmp_path / "mine.py"))
    assert status == 1 and "over the queries (dim=1)" in out and "defines no `others_only`" in out
    assert out.rstrip().endswith("2 of 14 points"), out


BROKEN = {
    "1 / 0": "ZeroDivisionError",
    "def f(:": "it is no Python",
    "import sys; sys.exit(3)": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "import nothing_of_the_kind": "nothing_of_the_kind",
    "x = '\\x1b[2J'\nraise ValueError(x)": "ValueError",
}


@pytest.mark.slow
@pytest.mark.parametrize(("line", "told"), BROKEN.items())
def test_what_a_file_does_ends_in_words(capsys, tmp_path, line, told):
    """What stands above the line that fails still counts."""
    file = tmp_path / "mine.py"
    file.write_text((SOLUTIONS / "self_attention.py").read_text() + "\n" + line + "\n")
    status, out, _ = ended(capsys, "self_attention", str(file))
    assert told in out and "\x1b" not in out
    assert status == (1 if "no Python" in told else 0)


@pytest.mark.slow
def test_the_mark_of_utf_8_is_no_hindrance(capsys, tmp_path):
    file = tmp_path / "mine.py"
    file.write_bytes(b"\xef\xbb\xbf" + (SOLUTIONS / "self_attention.py").read_bytes())
    assert ended(capsys, "self_attention", str(file))[0] == 0


UNCLEAR = {
    ("sotf", "x.py"): "Did you mean soft?",
    ("soft",): "Which file?",
    ("soft", "nowhere.py"): "is not a file",
    ("soft", "."): "is not a file",
    ("list", "x.py"): "no chapter 'list'",
    (): "required",
}


@pytest.mark.parametrize(("words", "told"), UNCLEAR.items())
def test_unclear_words_are_answered_with_status_2(capsys, words, told):
    status, _, err = ended(capsys, *words)
    assert status == 2 and told in err, err


def test_a_notebook_and_what_is_no_text_are_answered(capsys, tmp_path):
    for name, told in (("mine.ipynb", "is a notebook"), ("mine.py", "cannot be read as text")):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
        status, _, err = ended(capsys, "soft", str(tmp_path / name))
        assert status == 2 and told in err, err


@pytest.mark.slow
def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "visual_attention.exercises", "list"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0 and "Can you let tokens mix?" in ended.stdout, ended.stderr


def test_the_list_has_every_exercise_with_all_that_a_teacher_asks(capsys):
    status, out, _ = ended(capsys, "list")
    found = [check for module in rooms.parts("checks").values() for check in checks(module).values()]
    assert status == 0 and f"{len(found)} exercises" in out
    for check in found:
        about = check.about
        assert about is not None, check.__name__
        assert 3 <= about.minutes <= 40 and about.level in ("", "warm-up", "takes thought")
        line = next(line for line in out.splitlines() if about.title in line)
        assert about.concept in line and re.search(rf"\b{about.minutes}\b.*\b{check.points:g}$", line), line


def test_the_page_for_teachers_holds_the_list():
    page = (ROOT / "book" / "exercises.md").read_text()
    assert markdown() in page, "python -m visual_attention.exercises list --markdown gives what belongs there"
