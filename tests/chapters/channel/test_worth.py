"""The figure on when a gate is worth its parameters shows what the records hold, and nothing else."""

import matplotlib
import numpy as np
import pytest

from visual_attention.chapters.channel import worth
from visual_attention.experiments import registry
from visual_attention.experiments.answer import Answer, answer
from visual_attention.experiments.ledger import Ledger
from visual_attention.view import figures

NAMES = ("squeeze and excitation", "scores added")


def test_gains_are_paired_differences_to_no_gate():
    found = answer(registry.question("channel"))
    gains = worth.gains(found, NAMES)
    for name in NAMES:
        for condition, gain in gains[name].items():
            ours, plain = (found.curve(condition, one)[:, -1] for one in (name, "no gate"))
            assert gain.effect == pytest.approx(np.mean(ours - plain))
            assert gain.low < gain.effect < gain.high


def test_too_few_seeds_are_not_drawn():
    found = answer(registry.question("channel"))
    assert worth.gained(found, NAMES[0], "1,000 pictures") is not None
    few = Answer(
        found.question, Ledger([row for row in found.rows if row["seed"] < 4 or row["part"] == "tuning"])
    )
    assert few.seeds("1,000 pictures") == 4 and worth.gained(few, NAMES[0], "1,000 pictures") is None


def test_each_point_of_the_figure_is_a_gain():
    found = answer(registry.question("channel"))
    with matplotlib.rc_context(figures.STYLE):
        drawn = worth.figure({"one": (found, NAMES), "two": (found, NAMES[:1])})
    left, right = drawn.axes
    gains = worth.gains(found, NAMES)
    points = [line.get_ydata() for line in left.lines if len(line.get_ydata()) > 1 and line.get_label()]
    for name in NAMES:
        wanted = [gain.effect for gain in gains[name].values()]
        assert any(len(ys) == len(wanted) and np.allclose(ys, wanted) for ys in points)
    assert left.get_title(loc="left") == "one" and len(right.get_legend().get_texts()) == 1


def test_what_was_not_run_is_not_drawn():
    empty = Answer(registry.question("channel"), Ledger())
    assert worth.gained(empty, "ECA", "without end") is None
    assert worth.gains(empty, NAMES) == {name: {} for name in NAMES}
    worth.figure({"one": (empty, NAMES), "two": (empty, NAMES)})
