import math

import numpy as np
import pytest

from visual_attention.experiments import verdict
from visual_attention.experiments.verdict import Interval, over_seeds, paired

ROLES = {"mean": "trivial", "max": "rival", "another's": "control"}


def interval(low, high, seeds=10):
    return Interval((low + high) / 2, low, high, seeds)


def test_an_interval_by_hand():
    """Differences 1, 2, 3: mean 2, standard error 1 / sqrt(3), and t of two degrees of freedom is 4.303."""
    got = paired([11, 22, 33], [10, 20, 30])
    assert got.effect == pytest.approx(2) and got.seeds == 3
    assert got.low == pytest.approx(2 - 4.30265 / math.sqrt(3), abs=1e-4)
    assert got.high == pytest.approx(2 + 4.30265 / math.sqrt(3), abs=1e-4)
    assert over_seeds([1, 2, 3]) == got, "numbers without a pair are held against nothing"


def test_intervals_of_one_pair_and_of_equal_differences():
    assert math.isnan(paired([3], [1]).low)
    assert paired([3.0, 4.0, 5.0], [1.0, 2.0, 3.0]) == Interval(2, 2, 2, 3)
    with pytest.raises(ValueError, match="as many numbers on both sides"):
        paired([1, 2], [1])


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10])
def test_the_interval_holds_the_true_difference_in_95_of_100(seeds):
    """Counted accuracies of two networks with a seed's own luck: 500 pictures, 70 % and 75 %."""
    generator, held, trials = np.random.default_rng(seeds), 0, 4000
    for _ in range(trials):
        luck = generator.normal(0, 0.03, seeds)
        first = (
            100 * generator.binomial(500, np.clip(0.75 + luck + generator.normal(0, 0.03, seeds), 0, 1)) / 500
        )
        second = 100 * generator.binomial(500, np.clip(0.70 + luck, 0, 1)) / 500
        found = paired(first, second)
        held += found.low <= 5 <= found.high
    assert 0.94 <= held / trials <= 0.96


def test_supported_needs_every_opponent_beaten_with_the_whole_interval():
    against = {"mean": interval(20, 30), "max": interval(6, 9), "another's": interval(15, 18)}
    assert verdict.decide(against, ROLES, 5) == "supported"
    assert verdict.decide(against | {"max": interval(4, 9)}, ROLES, 5) == "undecided"


def test_a_rival_that_ties_refuses_support():
    against = {"mean": interval(20, 30), "max": interval(-1, 1), "another's": interval(15, 18)}
    assert verdict.decide(against, ROLES, 5) == "not supported"


def test_a_control_that_ties_takes_the_gain_from_the_choice():
    against = {"mean": interval(20, 30), "max": interval(6, 9), "another's": interval(-1, 1)}
    assert verdict.decide(against, ROLES, 5) == "not by choosing"
    assert verdict.decide(against | {"max": interval(-9, -7)}, ROLES, 5) == "not by choosing"


def test_without_a_gain_a_tying_control_says_nothing_about_choosing():
    against = {"mean": interval(-1, 1), "max": interval(-5, -3), "another's": interval(-1, 1)}
    assert verdict.decide(against, ROLES, 5) == "not supported"


def test_two_seeds_decide_nothing():
    against = {name: interval(20, 30, seeds=2) for name in ROLES}
    assert verdict.decide(against, ROLES, 5) == "undecided"


def test_fewer_steps_by_hand():
    """The second ends at 80; the first is there half-way between steps 20 and 40 (on a logarithmic axis)."""
    steps = [10, 20, 40, 80]
    got = verdict.fewer_steps(steps, [10, 70, 90, 95], [0, 20, 60, 80])
    assert 2**got == pytest.approx(80 / (20 * math.sqrt(2)))


def test_fewer_steps_exchanges_its_sign_alone():
    steps, one, two = [1, 2, 4], [10, 50, 60], [20, 30, 55]
    assert verdict.fewer_steps(steps, one, two) == -verdict.fewer_steps(steps, two, one) > 0
    assert verdict.fewer_steps(steps, one, one) == 0
    losses = [-value for value in one], [-value for value in two]
    assert verdict.fewer_steps(steps, *losses, lower=True) == verdict.fewer_steps(steps, one, two)


def test_a_curve_that_falls_counts_from_where_it_first_was():
    assert 2 ** verdict.fewer_steps([1, 2, 4, 8], [0, 80, 70, 60], [0, 20, 40, 60]) == pytest.approx(
        8 / 2 ** (60 / 80)
    )


def test_fewer_pictures_by_hand():
    sizes = (100, 400, 1600)
    assert verdict.fewer_pictures(sizes, [50, 70, 90], [40, 50, 70], 70) == (2, False)
    assert verdict.fewer_pictures(sizes, [50, 70, 90], [40, 50, 60], 70) == (2, True)  # at least 4 times
    assert verdict.fewer_pictures(sizes, [75, 80, 90], [40, 50, 70], 70) == (pytest.approx(4), True)
    assert verdict.fewer_pictures(sizes, [10, 20, 30], [10, 20, 30], 70) is None
    assert verdict.fewer_pictures(sizes, [40, 50, 60], [50, 70, 90], 70) == (-2, True)


def test_who_is_still_rising():
    curves = {
        "done": np.array([[50, 80, 81], [50, 80, 81]]),
        "rising": np.array([[50, 70, 72], [50, 70, 71]]),
    }
    assert verdict.still_rising(curves, 5) == ("rising",)  # 1.5 points, of which 1.25 are too many
    assert verdict.still_rising({"falling": np.array([[3, 2, 1]])}, 1, lower=True) == ("falling",)
