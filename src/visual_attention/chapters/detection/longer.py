"""Do queries from the grid still lean on their talk when they have trained for longer?

After 512 steps on a thousand scenes they lost more when they fell silent than with another picture's looks;
the stored network, after 8,192 steps, loses more with the looks. Here three networks train without end for
2,048 steps, at the contest's rate, and are cut as in the contest. Asked by an outsider, after the record had
been seen. Written down before the run: the order of the two cuts has turned back where the whole interval of
their difference lies below 0.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.longer
"""

from dataclasses import replace

import numpy as np

from visual_attention.chapters.detection import claims
from visual_attention.experiments import ledger, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import ENDLESS
from visual_attention.experiments.verdict import Interval, paired

NAME = "detection-longer"
CONTEST = claims.QUESTIONS[0]
ARM = "queries from the grid"
SEEDS = 3
QUESTION = replace(CONTEST, recipe=replace(CONTEST.recipe, steps=2048, points=8))
LOOKS, TALK = "another picture's looks", "silent queries"


def load() -> list[ledger.Row]:
    """All rows of the record, by seed."""
    return sorted(ledger.read(ledger.path(NAME)).rows, key=lambda row: row["seed"])


def lacking(rows: list[ledger.Row]) -> list[trial.Trial]:
    """The trainings that the record lacks."""
    made = {ledger.key(row) for row in rows}
    rate = next(line.rate for line in answer(CONTEST).table(ENDLESS) if line.contender.name == ARM)
    trials = [trial.Trial("headline", QUESTION.conditions[-1], ARM, rate, seed) for seed in range(SEEDS)]
    return [one for one in trials if one.key(QUESTION) not in made]


def contest(condition: str = ENDLESS) -> list[ledger.Row]:
    """The same contender in the contest, after 512 steps, by seed."""
    rows = [row for row in answer(CONTEST).headline if (row["condition"], row["arm"]) == (condition, ARM)]
    return sorted(rows, key=lambda row: row["seed"])


def left(rows: list[ledger.Row], cut: str | None = None) -> np.ndarray:
    """AP50 after a cut, or without one, a number a seed."""
    return np.array([row["cuts"][cut] if cut else row["scores"][QUESTION.metric][-1] for row in rows])


def looks_minus_talk(rows: list[ledger.Row]) -> Interval:
    """What is left with another picture's looks minus what is left in silence: above 0, talk costs more."""
    return paired(left(rows, LOOKS), left(rows, TALK))


def main() -> None:
    """Make what the record lacks, and compare."""
    for one in lacking(load()):
        ledger.append(ledger.path(NAME), trial.make(QUESTION, one))
    for name, rows in ((CONTEST.middle, contest(CONTEST.middle)), (ENDLESS, contest()), ("longer", load())):
        found = looks_minus_talk(rows)
        ends = ", ".join(f"{cut or 'whole'} {left(rows, cut).mean():.1f}" for cut in (None, LOOKS, TALK))
        print(f"{name}: {ends}; {found.effect:+.1f} ({found.low:+.1f} to {found.high:+.1f})")


if __name__ == "__main__":
    main()
