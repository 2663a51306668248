"""The targets of the checks: what is wrong is caught, and told more than two numbers."""

import pytest

from tools import check_quality
from tools.mutation import mutants
from visual_attention.exercises.properties import examined


@pytest.mark.slow
def test_the_targets_are_met(capsys):
    """Some 60 CPU-seconds: all listed mistakes and all mutants of all solutions."""
    status = check_quality.main([])
    assert status == 0, capsys.readouterr().out


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
