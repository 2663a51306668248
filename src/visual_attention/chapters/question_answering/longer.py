"""Who learns relations when there is more time? Half as many steps again, all at one rate.

The contest tunes each rate and stops when its steps are spent. Here contenders of it learn on without end,
all at 0.003, which the contest chose for own readings and not for FiLM or one reading, and are cut after
that; the rows have a record of their own. The seeds are the first of the contest's: this is no new count.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.longer
"""

import sys
from dataclasses import replace
from statistics import mean

from visual_attention.chapters.question_answering import claims
from visual_attention.experiments import verdict
from visual_attention.experiments.again import Again
from visual_attention.experiments.question import ENDLESS
from visual_attention.experiments.verdict import Interval, paired

STEPS, RATE, SEEDS = 1536, 3e-3, 5
RECORD = "question_answering-longer"
NAMES = ("own readings", "FiLM", "one reading", "question appended", "cross-attention", "joint stream")
QUESTION = replace(claims.QUESTION, recipe=replace(claims.QUESTION.recipe, steps=STEPS))
RUNS = {name: Again(RECORD, QUESTION, ENDLESS, name, RATE, SEEDS) for name in NAMES}


def score(name: str, metric: str = claims.QUESTION.metric) -> Interval:
    """The mean of a metric over the seeds after the last step, with its interval."""
    return over_seeds([row["scores"][metric][-1] for row in RUNS[name].rows])


def cut(name: str, kind: str) -> Interval:
    """The mean of relations after a cut, with its interval."""
    return over_seeds([row["cuts"][kind] for row in RUNS[name].rows])


def lost(name: str, kind: str) -> Interval:
    """What a cut takes of the relations, seed by seed."""
    rows, metric = RUNS[name].rows, claims.QUESTION.metric
    return paired([row["scores"][metric][-1] for row in rows], [row["cuts"][kind] for row in rows])


def curve(name: str, metric: str = claims.QUESTION.metric) -> list[float]:
    """The mean over seeds at each scored step; nothing where no seed is there."""
    rows = [row["scores"][metric] for row in RUNS[name].rows]
    return [mean(column) for column in zip(*rows, strict=True)]


def told(found: Interval) -> str:
    """A share in percent with its interval, which ends where shares end: "97 % (91 to 100)"."""
    if found.seeds < 2:
        return f"{found.effect:.0f} %"
    return f"{found.effect:.0f} % ({max(found.low, 0):.0f} to {min(found.high, 100):.0f})"


def over_seeds(values: list[float]) -> Interval:
    """The mean with Student's t interval."""
    return verdict.over_seeds(values)


def main() -> None:
    """Make what is lacking of the contenders that are named, or of all."""
    for name in sys.argv[1:] or NAMES:
        RUNS[name].make()
        print(f"{name}: {mean(RUNS[name].scores):.1f} % of the relations", flush=True)


if __name__ == "__main__":
    main()
