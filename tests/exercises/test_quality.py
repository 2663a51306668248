"""The targets of the checks: what is wrong is caught, and told more than two numbers."""

import re

import pytest

from tools import check_quality
from tools.mutation import mutants
from visual_attention import rooms
from visual_attention.exercises.properties import examined
from visual_attention.exercises.report import checks


@pytest.mark.slow
def test_the_targets_are_met(capsys):
    """One in five of all wrong answers, drawn by a fixed seed; the command tries all of them."""
    status = check_quality.main(["--one-in", "5"])
    heard = capsys.readouterr().out
    assert status == 0, heard
    chapters = re.findall(r"^(\w+), all +(\d+) wrong", heard, re.MULTILINE)
    assert [stem for stem, _ in chapters] == list(rooms.parts("checks"))
    assert all(int(wrong) >= 20 for _, wrong in chapters) and heard.endswith("told: met\n"), heard


def test_a_chapter_that_misses_a_target_is_named(capsys, monkeypatch):
    monkeypatch.setattr(check_quality, "CAUGHT", 1.01)
    assert check_quality.main(["self_attention", "--one-in", "40"]) == 1
    assert capsys.readouterr().out.endswith("told: missed by self_attention\n")


def test_a_sample_is_the_same_each_time():
    check = checks(rooms.parts("checks")["self_attention"])["check_others_only"]
    source = (check_quality.ROOT / "book/solutions/self_attention.py").read_text()
    first, again = (check_quality.examine(check, "others_only", source, one_in=4) for _ in range(2))
    assert str(first) == str(again) and 5 <= first.wrong + len(first.equivalent) <= 9


def test_mutants_change_one_thing_each():
    source = "def f(x, y):\n    z = x.sum(1)\n    return (z + 2) / y\n"
    made = dict((text, label) for label, text in mutants(source, "f"))
    assert len(made) == len(set(made)) >= 15
    for change in (
        "x.mean(1)",
        "x.sum(2)",
        "x.sum(0)",
        "(z - 2) / y",
        "(z + 2) * y",
        "y / (z + 2)",
        "(z + 3) / y",
    ):
        assert any(change in text for text in made), change
    assert source not in made


def test_the_harness_can_fail():
    """A check that tries one number a row lets other sums through, and the harness counts it."""
    blind = examined(points=2, right=lambda x: x.sum(1), axes={"B images": 3})(one_number_a_row)
    seeing = examined(points=2, right=lambda x: x.sum(1), axes={"B images": 3})(four_numbers_a_row)
    source = "def total(x):\n    return x.sum(1)\n"
    blind.asked.wide = seeing.asked.wide = seeing.asked.cases
    tally = check_quality.examine(blind, "total", source)
    assert tally.missed and tally.caught < check_quality.CAUGHT, tally
    tally = check_quality.examine(seeing, "total", source)
    assert not tally.missed and tally.telling >= check_quality.TELLING, tally


def one_number_a_row(draw, B):
    return draw(B, 1)


def four_numbers_a_row(draw, B):
    return draw(B, 4)
