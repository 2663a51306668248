"""The fit finds the exponent that is there, with an interval that covers it; the machine has ceilings."""

import numpy as np
import pytest

from visual_attention.chapters.cost.roofline import Ceilings, ceilings, draw, exponent, timed
from visual_attention.view.figures import sheet


def test_an_exact_power_is_found():
    counts = np.array([64.0, 256, 1024, 4096])
    fit = exponent(counts, 3e-9 * counts**1.7)
    assert (
        fit.value == pytest.approx(1.7) and fit.low == pytest.approx(1.7) and fit.high == pytest.approx(1.7)
    )


def test_the_interval_covers_in_95_of_100():
    random, counts = np.random.default_rng(0), np.array([576.0, 1024, 1600, 2304, 3136, 4096])
    held = 0
    for _ in range(1000):
        fit = exponent(counts, counts**2 * np.exp(0.2 * random.normal(size=6)))
        held += fit.low <= 2 <= fit.high
    assert held / 1000 == pytest.approx(0.95, abs=0.02)


def test_two_sizes_leave_no_doubt_and_are_refused():
    with pytest.raises(ValueError, match="3 sizes or more to fit an exponent, got 2"):
        exponent([64, 256, 256], [1.0, 2.0, 2.1])


def test_a_call_that_does_more_takes_longer():
    short, low, high = timed(lambda: sum(range(100)), 0.02)
    long, *_ = timed(lambda: sum(range(10_000)), 0.02)
    assert low <= short <= high and long > 10 * short


def test_the_machine_has_ceilings():
    roof = ceilings(seconds=0.01)
    assert all(value > 1e8 for value in roof)


def test_the_drawing_has_a_roof_and_every_way():
    _, ax = sheet()
    draw(ax, Ceilings(1e11, 1e10, 5e10), {"explicit": (5.0, 2e10), "rows": (20.0, 1e10)})
    memory = next(line for line in ax.lines if line.get_label() == "memory")
    x, y = memory.get_xdata(), memory.get_ydata()
    assert y.max() == pytest.approx(100) and y[0] == pytest.approx(10 * x[0])
    assert [text.get_text() for text in ax.get_legend().get_texts()][-2:] == ["1 explicit", "2 rows"]
    assert [text.get_text() for text in ax.texts] == ["1", "2"]
