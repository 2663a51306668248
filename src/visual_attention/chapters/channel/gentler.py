"""Does what gates gain in the residual network hang on the one seed that chose its rival's rate?

The rule takes the best rate of one validation seed, 0.03 for the network without a gate and 0.01 for most
with gates. Here the plain network has 0.01, too, on the ten seeds of the contest, with 300 pictures. Thought
of after the contest's record had been seen.

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.chapters.channel.gentler
"""

import numpy as np

from visual_attention.experiments import ledger, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.registry import question
from visual_attention.experiments.verdict import Interval, paired

RATE = 0.01
NAME = "channel-residual-gentler"


def scores() -> np.ndarray:
    """The accuracies of the plain network after the last step, by seed, as the record holds them."""
    found = {row["seed"]: row["scores"]["accuracy"][-1] for row in ledger.read(ledger.path(NAME)).rows}
    return np.array([found[seed] for seed in sorted(found)])


def minus_plain(name: str) -> Interval:
    """A contender at its own rate minus the plain network at this one."""
    contest = answer(question("channel-residual"))
    return paired(contest.curve(contest.question.middle, name)[:, -1], scores())


def main() -> None:
    """Make what the record lacks, and compare."""
    contest = question("channel-residual")
    done = {row["seed"] for row in ledger.read(ledger.path(NAME)).rows}
    for seed in set(range(contest.seeds)) - done:
        one = trial.Trial("headline", contest.conditions[1], "no gate", RATE, seed)
        ledger.append(ledger.path(NAME), trial.make(contest, one))
    for name in ("squeeze and excitation", "ECA", "fixed gates"):
        found = minus_plain(name)
        print(f"{name} minus it: {found.effect:+.1f} ({found.low:+.1f} to {found.high:+.1f})")


if __name__ == "__main__":
    main()
