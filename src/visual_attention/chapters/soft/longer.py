"""Four times as long, on five hundred and on a thousand pictures: who is ahead where the contest stopped?

The contest's networks were still rising after 512 steps, and an outsider had found attention far ahead on
five hundred pictures, a size between the registered ones. So all six networks of the contest train for 2,048
steps at the contest's rates, on five seeds, with 500 pictures and with 1,000. Written down before the run:
the contest's margin decides, with the whole interval, after 512 steps and after 2,048.

Chapter: notebooks/mechanisms/soft.ipynb
Run: python -m visual_attention.chapters.soft.longer
"""

from dataclasses import replace

import numpy as np

from visual_attention.chapters.soft import claims
from visual_attention.experiments import ledger, trial, tuning
from visual_attention.experiments.question import fixed
from visual_attention.experiments.verdict import Interval, paired

NAME = "soft-longer"
SEEDS = 5
SIZES = (500, 1000)
CONTEST = claims.QUESTIONS[0]
QUESTION = replace(
    CONTEST, sets=(*SIZES, 4000), recipe=replace(CONTEST.recipe, steps=2048, points=9), seeds=SEEDS
)


def missing(rows: list[ledger.Row]) -> list[trial.Trial]:
    """The trainings that the record lacks, one seed after another."""
    contest = ledger.read(ledger.path(CONTEST.name)).rows
    rates = {
        each.name: tuning.chosen(CONTEST, contest, each.name, CONTEST.middle) for each in CONTEST.contenders
    }
    done = {ledger.key(row) for row in rows}
    wanted = [
        trial.Trial("headline", condition, name, rate, seed)
        for seed in range(SEEDS)
        for condition in QUESTION.conditions[: len(SIZES)]
        for name, rate in rates.items()
    ]
    return [one for one in wanted if one.key(QUESTION) not in done]


def load() -> list[ledger.Row]:
    """All rows of the record."""
    return ledger.read(ledger.path(NAME)).rows


def scores(rows: list[ledger.Row], name: str, pictures: int, steps: int) -> np.ndarray:
    """A contender's test accuracy in percent after so many steps, one number a seed."""
    found = {
        row["seed"]: row["scores"][QUESTION.metric][row["steps"].index(steps)]
        for row in rows
        if (row["arm"], row["condition"]) == (name, fixed(pictures))
    }
    return np.array([found[seed] for seed in sorted(found)])


def lead(rows: list[ledger.Row], opponent: str, pictures: int, steps: int) -> Interval:
    """Attention minus an opponent, seed by seed."""
    names = (QUESTION.attention.name, opponent)
    return paired(*(scores(rows, name, pictures, steps) for name in names))


def main() -> None:
    """Make what the record lacks, and compare."""
    for one in missing(load()):
        ledger.append(ledger.path(NAME), trial.make(QUESTION, one))
    rows = load()
    for pictures in SIZES:
        for steps in (CONTEST.recipe.steps, QUESTION.recipe.steps):
            print(f"{pictures} pictures, {steps} steps")
            for each in QUESTION.contenders:
                print(f"  {each.name}: {scores(rows, each.name, pictures, steps).mean():.1f}")
            for each in QUESTION.opponents:
                found = lead(rows, each.name, pictures, steps)
                print(f"  minus {each.name}: {found.effect:+.1f} ({found.low:+.1f} to {found.high:+.1f})")


if __name__ == "__main__":
    main()
