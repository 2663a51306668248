"""Charts: in the order of their names, with their intervals, told apart by more than colour."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from visual_attention.view import charts, figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_bars_stand_in_the_order_of_their_names_with_intervals(ax):
    charts.bars(
        ax, ["with", "without"], [0.7, 0.5], [0.6, 0.4], [0.8, 0.55], highlight=["with"], label="accuracy"
    )
    assert [bar.get_width() for bar in ax.patches] == [0.7, 0.5]
    assert ax.yaxis_inverted()
    assert [text.get_text() for text in ax.texts] == ["0.70", "0.50"]
    assert mpl.colors.to_hex(ax.patches[0].get_facecolor()) == figures.ACCENT


def test_bars_refuse_an_interval_that_misses_its_mean(ax):
    with pytest.raises(ValueError, match="low <= mean <= high"):
        charts.bars(ax, ["a"], [0.5], [0.6], [0.7])
    with pytest.raises(ValueError, match="as many names as numbers"):
        charts.bars(ax, ["a", "b"], [0.5])


def test_no_two_of_many_curves_look_alike(ax):
    many = {f"line {number}": [1.0, 2.0] for number in range(18)}
    charts.curves(ax, [0, 1], many)
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines}
    assert len(looks) == 18 and [line.get_marker() for line in ax.lines[:6]] == 6 * [""]
    with pytest.raises(ValueError, match="at most 18 lines, which can be told apart, got 19"):
        charts.curves(ax, [0, 1], many | {"one more": [1.0, 2.0]})


def test_curves_differ_in_more_than_colour(ax):
    charts.curves(ax, [0, 1, 2], {"a": [1, 2, 3], "b": np.ones((4, 3))}, xlabel="steps", ylabel="loss")
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    with pytest.raises(ValueError, match="wanted 3 values for 'c', one for each x, got 2"):
        charts.curves(ax, [0, 1, 2], {"c": [1, 2]})


def test_each_curve_may_have_its_own_places(ax):
    charts.curves(ax, {"a": [0, 1, 2], "b": [5, 9]}, {"a": [1, 2, 3], "b": np.ones((4, 2))})
    assert [list(line.get_xdata()) for line in ax.lines] == [[0, 1, 2], [5, 9]]
    with pytest.raises(ValueError, match="wanted 2 values for 'b', one for each x, got 3"):
        charts.curves(ax, {"b": [5, 9]}, {"b": [1, 2, 3]})


def test_the_module_runs(capsys):
    with mpl.rc_context():
        charts.main()
    assert "charts.png" in capsys.readouterr().out
