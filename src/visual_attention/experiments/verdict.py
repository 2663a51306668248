"""Is it so? A paired interval, three answers to three questions, and what a rule makes of them.

Intervals are Student's t over paired seeds: a test shows by simulation that they cover 95 %. *Supported*
needs every opponent beaten by the margin with the whole interval. If a control that keeps the parts and takes
the choice away ties where the trivial answer is beaten, the verdict is *not by choosing*.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from visual_attention.experiments.intervals import mean_interval

METHOD = "Student's t over paired seeds (scipy.stats.ttest_rel)"
SUPPORTED, NOT_BY_CHOOSING = "supported", "not by choosing"
NOT_SUPPORTED, UNDECIDED, NOT_RUN = "not supported", "undecided", "not run yet"
VERDICTS = (SUPPORTED, NOT_BY_CHOOSING, NOT_SUPPORTED, UNDECIDED, NOT_RUN)
MIN_SEEDS = 3


@dataclass(frozen=True)
class Interval:
    """A mean difference with its 95 % interval; the ends are nan for fewer than two seeds."""

    effect: float
    low: float
    high: float
    seeds: int


def paired(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean of first minus second, pair by pair, with Student's t interval."""
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 1 or not len(one):
        raise ValueError(f"wanted as many numbers on both sides, one or more, got {one.shape}, {two.shape}")
    differences = one - two
    effect = float(differences.mean())
    if len(one) < 2:
        return Interval(effect, math.nan, math.nan, len(one))
    if np.ptp(differences) == 0:
        return Interval(effect, effect, effect, len(one))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # about nearly equal differences
        bounds = stats.ttest_rel(one, two).confidence_interval(0.95)
    return Interval(effect, float(bounds.low), float(bounds.high), len(one))


def over_seeds(values: Sequence[float]) -> Interval:
    """The mean of numbers that have no pair, with Student's t interval."""
    return Interval(*mean_interval(values), len(values))


def held(interval: Interval, margin: float) -> str:
    """Whether an opponent is "beaten", "not beaten", or the interval leaves it "open"."""
    if interval.seeds < MIN_SEEDS or not math.isfinite(interval.low):
        return "open"
    if interval.low >= margin:
        return "beaten"
    return "not beaten" if interval.high < margin else "open"


def decide(against: Mapping[str, Interval], roles: Mapping[str, str], margin: float) -> str:
    """The verdict over all opponents.

    Args:
        against: opponent -> attention minus opponent.
        roles: opponent -> "trivial", "rival" or "control".
        margin: the difference that counts.
    """
    by_role: dict[str, list[str]] = {"trivial": [], "rival": [], "control": []}
    for name, interval in against.items():
        by_role[roles[name]].append(held(interval, margin))
    others = by_role["trivial"] + by_role["rival"]
    if all(result == "beaten" for result in others + by_role["control"]):
        return SUPPORTED
    # a gain that the control shares: over every trivial answer, or, where there is none, over every rival
    gain = by_role["trivial"] or by_role["rival"]
    if gain and "not beaten" in by_role["control"] and all(result == "beaten" for result in gain):
        return NOT_BY_CHOOSING
    return NOT_SUPPORTED if "not beaten" in others + by_role["control"] else UNDECIDED


def fewer_steps(
    steps: Sequence[int], first: Sequence[float], second: Sequence[float], *, lower: bool = False
) -> float:
    """The logarithm to base 2 of how many times fewer steps the first curve needs to the second's last level.

    Where the first ends below the second, it is the other way round, with a minus: of two curves, one always
    reaches the other's last level, and exchanging them changes the sign alone. Between scored steps the curve
    is a line over the logarithm of the step. A level that was reached before the first scored step counts as
    reached there, so the factor is then at least so large.
    """
    sign = -1 if lower else 1
    one, two = sign * np.asarray(first, dtype=float), sign * np.asarray(second, dtype=float)
    places = np.log2(np.asarray(steps, dtype=float))
    if one[-1] >= two[-1]:
        return float(places[-1] - _reached(places, one, two[-1]))
    return -float(places[-1] - _reached(places, two, one[-1]))


def fewer_pictures(
    sizes: Sequence[int],
    first: Sequence[float],
    second: Sequence[float],
    level: float,
    *,
    lower: bool = False,
) -> tuple[float, bool] | None:
    """The logarithm to base 2 of how many times fewer pictures the first needs for a stated score.

    Args:
        sizes: of the fixed sets, rising.
        first: scores at the sizes.
        second: the same of the opponent.
        level: the stated score.
        lower: whether a lower score is better.

    Returns:
        The logarithm, and whether one side lies outside the sizes that were tried, so that the true factor is
        further from 1 than it says; None if neither reaches the level.
    """
    sign = -1 if lower else 1
    places = np.log2(np.asarray(sizes, dtype=float))
    needed, outside = [], False
    for values in (first, second):
        curve, wanted = sign * np.asarray(values, dtype=float), sign * level
        reaches = bool((curve >= wanted).any())
        outside |= not reaches or curve[0] >= wanted
        needed.append(_reached(places, curve, wanted) if reaches else None)
    if needed == [None, None]:
        return None
    one, two = (places[-1] if place is None else place for place in needed)
    return float(two - one), bool(outside)


def still_rising(curves: Mapping[str, np.ndarray], margin: float, *, lower: bool = False) -> tuple[str, ...]:
    """Who gains a quarter of the margin or more in the last doubling: name -> scores (seeds, points)."""
    sign = -1 if lower else 1
    return tuple(
        name
        for name, values in curves.items()
        if sign * float((values[:, -1] - values[:, -2]).mean()) >= margin / 4
    )


def _reached(places: np.ndarray, curve: np.ndarray, level: float) -> float:
    """Where the curve first comes to the level, which it does."""
    index = int(np.argmax(curve >= level))
    if index == 0:
        return float(places[0])
    below, above = curve[index - 1], curve[index]
    share = (level - below) / (above - below)
    return float(places[index - 1] + share * (places[index] - places[index - 1]))
