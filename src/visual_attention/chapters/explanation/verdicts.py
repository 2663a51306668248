"""When does a method pass a test? The rule, written before the run, and the table that the record gives.

All intervals are Student's t over seeds, paired where a method is held against a rival that knows nothing.
`RULE` holds everything that could change a verdict; each line of the record carries its hash, and lines that
were made under another rule do not count.

Chapter: notebooks/deeper/explanation.ipynb
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from visual_attention.chapters.explanation import (
    fillings,
    maps,
    marked,
    networks,
    other_weights,
    rivals,
    signs,
    trials,
)

# Seeds 1 to 23 were seen under older rules, 100 to 103 in pilots for this one.
SEEDS = tuple(range(24, 34))
PAIRS = tuple(zip(SEEDS[::2], SEEDS[1::2], strict=True))  # twins
PLAIN, MARKED, CHANGED = 96, 64, 32  # pictures, answered rightly, in the tests
GUIDE_PICTURES = (600, 400)  # for training and testing a guided reader
MARKS_STEPS = 250  # of the controls that see marked pictures only
PASSES, FAILS, DEPENDS, OPEN, NOT_RUN = "passes", "fails", "depends on the filling", "open", "not run yet"
MIN_SEEDS = 3
GUIDE_MARGIN = 0.05  # by which the network's own weights must guide a simple reader better than other weights


@dataclass(frozen=True)
class Trial:
    """A test of methods.

    Args:
        name: what tables call it.
        question: the same as a question.
        metrics: keys of the record's lines; a method has to pass in all of them.
        margin: what counts.
        sign: 1 if higher is better, -1 if lower is.
        rivals: whether the metric is held against each rival, or against the margin itself.
    """

    name: str
    question: str
    metrics: tuple[str, ...]
    margin: float
    sign: int = 1
    rivals: bool = True


def _each(name: str) -> tuple[str, ...]:
    return tuple(f"{name}, {filling}" for filling in fillings.FILLINGS)


# A method passes if it lies nearer to the truth than to the best rival: a margin is half of what a map that
# knows the truth leads the best rival by, in pilots (seeds 100 to 103), to a hundredth. On marks no rival can
# have more than a half (`marked.py`), and the truth has 1. On digits the best rival had 0.93. In deletion and
# insertion the truth is the digit's square; over all fillings it led the best rival by 0.04 at least, and by
# 0.03 in insertion.
# A correlation counts without its sign: a map that is turned upside down is still the same map.
TRIALS = (
    Trial("digit", "Does the highest cell lie on the digit?", ("digit",), 0.04),
    Trial("mark", "A mark decides, a decoy does not: is the highest cell the mark's?", ("mark",), 0.25),
    Trial("mark or beside", "And if a cell beside the mark counts as well?", ("mark or beside",), 0.25),
    Trial("deletion", "Does the answer fall when the highest cells go first?", _each("deletion"), 0.02, -1),
    Trial("insertion", "Does the answer rise when they come first?", _each("insertion"), 0.02),
    Trial("noise", "Is it another map when the network is noise?", ("noise",), 0.3, -1, rivals=False),
    Trial("answer", "Is it another map when another head asks?", ("another head",), 0.9, -1, rivals=False),
)

RULE = {
    "seeds": SEEDS,
    "pictures": [PLAIN, MARKED, CHANGED, GUIDE_PICTURES],
    "world": [marked.SIDE, marked.CELL, marked.DIGIT, marked.PIECES, marked.DOMINOES, marked.WHITE],
    "codes": "drawn for each pair of seeds; what is a mark to the one is a decoy to the other",
    "training": [networks.STEPS, networks.RATES, networks.BATCH, networks.MARKED, networks.DECOYED],
    "networks": [networks.WIDTH, networks.DEPTH, networks.HEADS, MARKS_STEPS],
    "rivals": [*rivals.RIVALS],
    "methods": [*signs.NAMES, maps.STEPS],
    "cells": trials.COUNTS,
    "guided": [other_weights.GUIDED_STEPS, other_weights.GUIDED_BATCH, other_weights.WIDTH, GUIDE_MARGIN],
    "others": [other_weights.STEPS, other_weights.RATE, other_weights.ALLOWED, other_weights.PRICE],
    "trials": [asdict(trial) for trial in TRIALS],
    "interval": "95 %, Student's t over seeds, paired with each rival",
}


def rule_hash() -> str:
    """Twelve letters that change when the rule does."""
    return hashlib.sha256(json.dumps(RULE, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval; the ends are nan for fewer than two seeds."""

    mean: float
    low: float
    high: float
    seeds: int


def interval(values: Sequence[float], against: Sequence[float] | None = None) -> Interval:
    """The mean of the values, or of what they are above `against` pair by pair, with Student's interval."""
    one = np.asarray(values, dtype=float)
    other = np.zeros_like(one) if against is None else np.asarray(against, dtype=float)
    if one.shape != other.shape or one.ndim != 1 or not len(one):
        raise ValueError(f"wanted as many numbers on both sides, one or more, got {one.shape}, {other.shape}")
    difference = one - other
    mean = float(difference.mean())
    if len(one) < 2:
        return Interval(mean, math.nan, math.nan, len(one))
    if np.ptp(difference) < 1e-12:  # all the same: nothing to be unsure of
        return Interval(mean, mean, mean, len(one))
    ends = stats.ttest_rel(one, other).confidence_interval(0.95)
    return Interval(mean, float(ends.low), float(ends.high), len(one))


def cleared(found: Interval, margin: float) -> str:
    """Whether an interval lies wholly at or above the margin, wholly below it, or neither."""
    if found.seeds < MIN_SEEDS or math.isnan(found.low):
        return OPEN
    return PASSES if found.low >= margin else FAILS if found.high < margin else OPEN


def decide(trial: Trial, mine: dict[str, list[float]], others: Iterable[dict[str, list[float]]]) -> str:
    """The verdict on one method.

    Args:
        trial: the test.
        mine: metric -> the method's values, one a seed.
        others: the same of each rival, in the same order of seeds.
    """
    by_metric = []
    for metric in trial.metrics:
        ours = [trial.sign * value for value in mine[metric]]
        if trial.rivals:
            theirs = [[trial.sign * value for value in rival[metric]] for rival in others]
            each = [cleared(interval(ours, other), trial.margin) for other in theirs]
        else:
            each = [cleared(interval(ours), trial.sign * trial.margin)]
        by_metric.append(FAILS if FAILS in each else OPEN if OPEN in each else PASSES)
    if len(set(by_metric)) == 1:
        return by_metric[0]
    return DEPENDS if PASSES in by_metric else OPEN


def series(rows: list[dict], network: str, method: str) -> dict[str, list[float]]:
    """metric -> values in the order of the seeds, of one method on one network."""
    mine = [row for row in rows if (row["network"], row["method"]) == (network, method)]
    mine.sort(key=lambda row: row["seed"])
    return {name: [row["values"][name] for row in mine] for name in (mine[0]["values"] if mine else ())}


def verdicts(rows: list[dict], network: str) -> dict[str, dict[str, str]]:
    """method -> test -> verdict, for all methods that the record has of a network; rivals are not judged."""
    others = [series(rows, network, name) for name in rivals.RIVALS]
    names = [name for name in signs.NAMES if series(rows, network, name)]
    return {
        name: {trial.name: decide(trial, series(rows, network, name), others) for trial in TRIALS}
        for name in names
    }
