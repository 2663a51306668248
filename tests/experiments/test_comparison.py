import math

import numpy as np
import pytest

from tests.experiments import toy
from visual_attention.experiments import comparison
from visual_attention.experiments.comparison import compare, decide, describe
from visual_attention.experiments.intervals import mean_interval


@pytest.mark.parametrize(
    ("low", "high", "margin", "seeds", "verdict"),
    [
        (25, 30, 20, 5, "supported"),
        (20, 30, 20, 5, "supported"),
        (19.9, 30, 20, 5, "undecided"),
        (5, 19.9, 20, 5, "not supported"),
        (-3, 20, 20, 5, "undecided"),
        (-9, -2, 20, 5, "not supported"),
        (-9, 0, 0, 5, "not supported"),
        (0, 0, 0, 5, "not supported"),
        (0.1, 3, 0, 5, "supported"),
        (-1, 3, 0, 5, "undecided"),
        (25, 30, 20, 2, "undecided"),
        (math.nan, math.nan, 20, 5, "undecided"),
    ],
)
def test_the_rule(low, high, margin, seeds, verdict):
    assert decide(low, high, margin=margin, seeds=seeds) == verdict


def test_words_for_arms_without_a_rule():
    assert describe(1, 2, seeds=5) == "better"
    assert describe(-2, -1, seeds=5) == "worse"
    assert describe(-1, 1, seeds=5) == "no clear difference"
    assert describe(1, 2, seeds=2) == "undecided"


def test_the_interval_by_the_textbook():
    """Five values have four degrees of freedom, and 97.5 % of Student's t lies below 2.776."""
    values = [3.0, 8.0, 1.0, 9.0, 4.0]
    half = 2.7764 * np.std(values, ddof=1) / 5**0.5
    assert mean_interval(values) == pytest.approx((5, 5 - half, 5 + half), abs=1e-3)


def test_intervals_of_few_and_of_equal_values():
    assert mean_interval([4.0])[0] == 4 and math.isnan(mean_interval([4.0])[1])
    assert mean_interval([2.0, 2.0, 2.0]) == (2, 2, 2)
    with pytest.raises(ValueError, match="one or more numbers"):
        mean_interval([])


@pytest.mark.slow
def test_the_interval_holds_the_mean_in_95_of_100_cases():
    sample = np.random.default_rng(0).normal(size=(10_000, 5))
    held = [low <= 0 <= high for _, low, high in map(mean_interval, sample)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.01)


def test_by_hand():
    record = toy.rows({"with": [60, 62, 64], "without": [30, 31, 35], "max": [80, 80, 80]}, seconds=2.0)
    result = compare(toy.claim(), record)
    assert result.effect == pytest.approx((30 + 31 + 29) / 3)
    assert (result.low, result.high) == pytest.approx((30 - 2.484, 30 + 2.484), abs=1e-3)
    assert (result.seeds, result.verdict) == (3, "supported")
    first = result.table[0]
    assert (first.arm, first.role, first.parameters, first.mean, first.seconds, first.seeds) == (
        "with", "attention", 100, 62, 2.0, 3,
    )  # fmt: skip
    assert first.values == (60, 62, 64)


def test_pairs_cancel_what_a_seed_does_to_all_arms():
    """Seeds differ by 40 points, arms by 30 within each seed: the interval is narrow."""
    shift = [0, 20, 40, 10, 30]
    result = compare(
        toy.claim(), toy.rows({"with": [35 + s for s in shift], "without": [5 + s for s in shift]})
    )
    assert (result.effect, result.low, result.high) == (30, 30, 30)


def test_pairs_follow_the_seed_not_the_order():
    record = toy.rows({"with": [50, 60, 70], "without": [20, 30, 40]})
    assert compare(toy.claim(), record[::-1]).low == 30


def test_the_verdict_turns_negative_when_the_data_do():
    worse = compare(toy.claim(), toy.rows({"with": [30, 31, 32], "without": [60, 61, 63]}))
    assert worse.verdict == "not supported" and worse.effect < 0
    small = compare(toy.claim(), toy.rows({"with": [35, 36, 37], "without": [30, 31, 31]}))
    assert small.verdict == "not supported" and small.effect > 0
    mixed = compare(toy.claim(), toy.rows({"with": [30, 90, 60], "without": [30, 31, 32]}))
    assert mixed.verdict == "undecided"


def test_lower_is_better():
    record = toy.rows({"with": [10, 11, 12], "without": [50, 51, 52]})
    assert compare(toy.claim(lower=True), record).effect == 40
    assert compare(toy.claim(lower=True), record).verdict == "supported"
    assert compare(toy.claim(), record).verdict == "not supported"
    assert compare(toy.claim(lower=True), record).sentence.startswith("Supported. Without minus with: +40.0")


def test_another_baseline_gets_words_but_no_verdict():
    record = toy.rows({"with": [60, 62, 64], "without": [30, 31, 35], "max": [80, 81, 82]})
    result = compare(toy.claim(), record, baseline="max")
    assert result.verdict == "worse" and result.effect == pytest.approx(-19)
    assert "wanted" not in result.sentence


def test_only_common_seeds_count():
    record = toy.rows({"with": [60, 62, 64, 66], "without": [30, 31, 35]})
    assert compare(toy.claim(), record).seeds == 3


def test_two_seeds_decide_nothing_and_one_has_no_interval():
    two = compare(toy.claim(), toy.rows({"with": [60, 62], "without": [30, 31]}))
    assert two.verdict == "undecided" and "fewer than 3 seeds" in two.sentence
    one = compare(toy.claim(), toy.rows({"with": [60], "without": [30]}))
    assert one.verdict == "undecided" and "interval" not in one.sentence and "1 seed " in one.sentence
    assert "nan" not in one._repr_html_() and "nan" not in repr(one)


def test_another_metric_of_the_same_runs():
    record = toy.rows({"with": [60, 61, 62], "without": [30, 31, 32]})
    record += toy.rows({"with": [0.9, 0.8, 0.7]}, metric="pointing")
    result = compare(toy.claim(), record)
    assert result.table[0].others == {"pointing": pytest.approx(0.8)} and result.table[1].others == {}
    with pytest.raises(ValueError, match="'pointing' of 'with' and 'without' for a common seed"):
        compare(toy.claim(), record, metric="pointing")


def test_mixed_budgets_and_unknown_arms_are_refused():
    record = toy.rows({"with": [60], "without": [30]})
    with pytest.raises(ValueError, match=r"wanted one budget, got \['full', 'live'\]"):
        compare(toy.claim(), record + toy.rows({"with": [50]}, budget="live"))
    with pytest.raises(ValueError, match="wanted one of .*, got 'nothing'"):
        compare(toy.claim(), record, baseline="nothing")


def test_the_table_is_accessible_and_escapes():
    claim = toy.claim(question="Does <img src=x onerror=alert(1)> help?")
    page = compare(claim, toy.rows({"with": [60, 62, 64], "without": [30, 31, 35]}))._repr_html_()
    assert "<caption>" in page and "<img" not in page and "&lt;img" in page
    assert page.count('scope="col"') == 7 and page.count('scope="row"') == 2
    assert 'tabindex="0"' in page and 'role="group"' in page and "aria-label=" in page
    assert "<strong>Supported.</strong>" in page


def test_live_runs_the_short_budget_and_stores_nothing(tmp_path):
    rows = comparison.live(toy.claim(), arms=["with", "without"], jobs=1, progress=False)
    assert {row["budget"]["name"] for row in rows} == {"live"}
    assert {row["value"] for row in rows if row["metric"] == "steps"} == {2}
    assert {(row["arm"], row["seed"]) for row in rows} == {
        (a, s) for a in ("with", "without") for s in (0, 1)
    }
    assert compare(toy.claim(), rows).effect == 30
