"""The rule says what it should, and the record is held to it."""

import numpy as np
import pytest
from scipy import stats

from visual_attention.chapters.explanation import verdicts
from visual_attention.chapters.explanation.verdicts import Trial, decide, interval

HIGHER = Trial("t", "?", ("a",), 0.1)
LOWER = Trial("t", "?", ("a",), 0.05, -1)
BELOW = Trial("t", "?", ("a",), 0.3, -1, rivals=False)


def near(value, count=10, spread=0.01):
    return list(value + spread * np.linspace(-1, 1, count))


def test_the_interval_is_student_s_and_paired():
    rng = np.random.default_rng(0)
    other = rng.normal(size=7)
    one = other + 0.5 + 0.1 * rng.normal(size=7)
    found = interval(one, other)
    half = stats.t.ppf(0.975, 6) * (one - other).std(ddof=1) / np.sqrt(7)
    assert found.mean == pytest.approx((one - other).mean()) and found.seeds == 7
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


@pytest.mark.slow
def test_intervals_hold_the_truth_in_95_of_100():
    rng = np.random.default_rng(1)
    held = [
        found.low <= 0.3 <= found.high
        for found in (interval(rng.normal(0.3, 1, 10), rng.normal(0, 1, 10)) for _ in range(4000))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.01)


def test_all_the_same_is_sure_and_one_value_is_not():
    assert (interval([0.5] * 4).low, interval([0.5] * 4).high) == (0.5, 0.5)
    assert np.isnan(interval([0.5]).low)
    with pytest.raises(ValueError, match="as many numbers"):
        interval([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("trial", "mine", "rivals", "verdict"),
    [
        (HIGHER, 0.9, (0.5, 0.7), "passes"),
        (HIGHER, 0.75, (0.5, 0.7), "fails"),  # one rival is too near
        (HIGHER, 0.4, (0.5, 0.2), "fails"),
        (LOWER, 0.1, (0.3, 0.2), "passes"),
        (LOWER, 0.3, (0.3, 0.2), "fails"),
        (BELOW, 0.1, (), "passes"),
        (BELOW, 1.0, (), "fails"),
    ],
)
def test_a_method_passes_if_it_beats_every_rival_by_the_margin(trial, mine, rivals, verdict):
    assert decide(trial, {"a": near(mine)}, [{"a": near(value)} for value in rivals]) == verdict


def test_an_interval_across_the_margin_leaves_it_open_and_so_do_two_seeds():
    assert decide(HIGHER, {"a": near(0.65, spread=0.4)[::-1]}, [{"a": near(0.5, spread=0.4)}]) == "open"
    assert decide(HIGHER, {"a": [0.9, 0.91]}, [{"a": [0.1, 0.1]}]) == "open"


def test_a_filling_that_changes_the_answer_is_named():
    three = Trial("t", "?", ("a", "b", "c"), 0.05, -1)
    rival = {name: near(0.5) for name in "abc"}
    assert decide(three, {"a": near(0.1), "b": near(0.1), "c": near(0.1)}, [rival]) == "passes"
    assert (
        decide(three, {"a": near(0.1), "b": near(0.1), "c": near(0.6)}, [rival]) == "depends on the filling"
    )
    assert decide(three, {"a": near(0.6), "b": near(0.6), "c": near(0.6)}, [rival]) == "fails"


def test_the_hash_follows_the_rule(monkeypatch):
    before = verdicts.rule_hash()
    monkeypatch.setitem(verdicts.RULE, "seeds", [1, 2])
    assert verdicts.rule_hash() != before and len(before) == 12


def test_series_are_in_the_order_of_the_seeds():
    rows = [
        {"network": "n", "method": "m", "seed": seed, "values": {"a": seed / 10}} for seed in (3, 1, 2)
    ] + [{"network": "n", "method": "other", "seed": 1, "values": {"a": 9}}]
    assert verdicts.series(rows, "n", "m") == {"a": [0.1, 0.2, 0.3]}
    assert verdicts.series(rows, "n", "none") == {}
