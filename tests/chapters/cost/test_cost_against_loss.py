"""Losses are paired over seeds, with Student's t; what is drawn is what was found."""

import numpy as np
import pytest
from scipy import stats

from visual_attention.chapters.cost import cost_against_loss as losses
from visual_attention.chapters.cost.network import WAYS
from visual_attention.experiments import record
from visual_attention.view.figures import sheet


def rows(**scores):
    made = []
    for arm, values in scores.items():
        for seed, value in values.items():
            made.append({"arm": arm, "metric": "accuracy", "seed": seed, "value": value})
            made.append({"arm": arm, "metric": "rate", "seed": seed, "value": 0.1})
    return made


def test_losses_are_paired_over_the_seeds_that_both_have():
    found = losses.on_twins(rows(full={0: 90.0, 1: 70.0, 2: 80.0}, windows={1: 30.0, 0: 52.0, 7: 1.0}))
    assert list(found) == ["full", "windows"]
    low, high = stats.ttest_rel([90.0, 70.0], [52.0, 30.0]).confidence_interval()
    assert found["windows"][1:] == pytest.approx((39.0, low, high))
    assert found["full"][1:] == (0.0, 0.0, 0.0)


@pytest.mark.slow
def test_an_interval_covers_in_95_of_100():
    random, held = np.random.default_rng(0), 0
    for sample in random.normal(loc=3, size=(1000, 6)):
        mean, low, high = losses.interval(sample)
        assert low < mean < high
        held += low <= 3 <= high
    assert held / 1000 == pytest.approx(0.95, abs=0.02)


def test_one_value_has_no_interval():
    mean, low, high = losses.interval([2.0])
    assert mean == 2 and low != low and high != high


def test_operations_are_shares_of_the_whole_matrix():
    found = {name: losses.share(name) for name in WAYS}
    assert (
        found["full"] == 1 and found["windows"] == found["shifted windows"] == found["rows, columns"] == 0.25
    )
    assert found["merged to 8"] == pytest.approx(0.5 + 1 / 8)
    assert found["uniform"] == 0.5


@pytest.mark.slow
def test_stored_maps_have_points_in_order():
    found = losses.on_stored_maps()
    assert [point.cost for point in found["windows"]] == [1 / 64, 1 / 16, 1 / 4]
    for points in found.values():
        assert all(point.low < point.lost < point.high for point in points)
    ranks = [point.lost for point in found["linear at its best"]]
    assert ranks == sorted(ranks, reverse=True)


def test_the_figure_names_every_family():
    _, ax = sheet()
    losses.draw(
        ax, {"a": [losses.Point(0.25, 5.0, 4.0, 7.0)], "b": [losses.Point(1.0, 0.0, 0.0, 0.0)]}, label="x"
    )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.get_ylabel() == "x" and ax.get_xscale() == "log"


def test_the_record_says_what_the_chapter_says():
    """Merging half loses less than dropping half; the four ways by place end at the control or below."""
    kept = record.load("cost")
    if len({row["seed"] for row in kept if row["arm"] == "uniform"}) < 10:
        pytest.skip("the record is not whole yet")
    found = losses.on_twins(kept)
    assert found["merged to 8"].high < found["dropped to 8"].low
    for name in ("criss-cross", "rows, columns", "shifted windows", "windows"):
        assert found[name].low > found["dropped to 8"].high
        assert found[name].lost > found["uniform"].lost - 3
