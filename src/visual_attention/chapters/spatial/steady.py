"""Does the contest's verdict hang on the one seed that chose the gate's rate?

The rule takes the best rate of one validation seed. Here the gate has a third of that rate, on the ten seeds
of the contest, with 500 pictures. Thought of after the contest's record had been seen.

Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.chapters.spatial.steady
"""

import numpy as np

from visual_attention.experiments import ledger, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.registry import question
from visual_attention.experiments.verdict import Interval, paired

RATE = 0.03
NAME = "spatial-steady"


def scores() -> np.ndarray:
    """The accuracies after the last step, by seed, as the record holds them."""
    found = {row["seed"]: row["scores"]["accuracy"][-1] for row in ledger.read(ledger.path(NAME)).rows}
    return np.array([found[seed] for seed in sorted(found)])


def against(opponent: str) -> Interval:
    """The gate at this rate minus an opponent of the contest at its own."""
    contest = answer(question("spatial"))
    return paired(scores(), contest.curve(contest.question.middle, opponent)[:, -1])


def main() -> None:
    """Make what the record lacks, and compare."""
    contest = question("spatial")
    done = {row["seed"] for row in ledger.read(ledger.path(NAME)).rows}
    for seed in set(range(contest.seeds)) - done:
        one = trial.Trial("headline", contest.conditions[1], contest.attention.name, RATE, seed)
        ledger.append(ledger.path(NAME), trial.make(contest, one))
    for opponent in ("second convolution", "CBAM", "no gate"):
        found = against(opponent)
        print(f"minus {opponent}: {found.effect:+.1f} ({found.low:+.1f} to {found.high:+.1f})")


if __name__ == "__main__":
    main()
