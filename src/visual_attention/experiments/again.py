"""Does an answer hang on the rate that was chosen? The same training again, at another one.

A rule that was written down first forbids to change a rate afterwards, so that a verdict stays what it was.
But somebody who attacks it may ask what another rate, or another contender, gives on the same seeds; the rows
have a record of their own, and the page says when they were thought of.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from visual_attention.experiments import ledger, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import Condition, Question
from visual_attention.experiments.verdict import Interval, paired


@dataclass(frozen=True)
class Again:
    """Trainings of one contender at a rate that the rule did not choose, on the first seeds of the contest.

    Args:
        record: the name of the record that holds the rows; several may share one.
        question: the contest, or the contest with a contender more.
        condition: the name of the pictures, as in the contest.
        arm: the contender's name.
        rate: the learning rate.
        seeds: how many.
    """

    record: str
    question: Question
    condition: str
    arm: str
    rate: float
    seeds: int

    @property
    def rows(self) -> list[ledger.Row]:
        """The rows that the record holds, by seed."""
        asked = (self.question.rule, "headline", self.condition, self.arm, self.rate)
        found = [row for row in ledger.read(ledger.path(self.record)).rows if ledger.key(row)[:5] == asked]
        return sorted(found, key=lambda row: row["seed"])

    @property
    def scores(self) -> np.ndarray:
        """The metric after the last step, one number a seed."""
        return np.array([row["scores"][self.question.metric][-1] for row in self.rows])

    def make(self) -> None:
        """Make what the record lacks."""
        for seed in sorted(set(range(self.seeds)) - {row["seed"] for row in self.rows}):
            one = trial.Trial("headline", self._condition, self.arm, self.rate, seed)
            ledger.append(ledger.path(self.record), trial.make(self.question, one))

    def minus(self, other: "str | Again") -> Interval:
        """This minus a contender of the contest at its own rate, or minus another of these, seed by seed."""
        if isinstance(other, Again):
            theirs = other.scores
        else:
            theirs = answer(_contest(self.question)).curve(self.condition, other)[:, -1]
        count = min(len(self.scores), len(theirs))
        return paired(self.scores[:count], theirs[:count])

    @property
    def _condition(self) -> Condition:
        return next(each for each in self.question.conditions if each.name == self.condition)


def told(found: Interval) -> str:
    """An interval in a few words, such as "+1.2 points (0.3 to 2.1)"."""
    return f"{found.effect:+.1f} points ({found.low:+.1f} to {found.high:+.1f})"


def compare(*runs: Again, others: Iterable["str | Again"]) -> None:
    """Make what the records lack, and print each mean and what it is ahead of others by."""
    for one in runs:
        one.make()
        print(f"{_named(one)}, {one.condition}, {len(one.scores)} seeds: {one.scores.mean():.1f}")
        for other in others:
            print(f"  minus {_named(other)}: {told(one.minus(other))}")


def _named(one: "str | Again") -> str:
    return one if isinstance(one, str) else f"{one.arm} at {one.rate:g}"


def _contest(question: Question) -> Question:
    from visual_attention.experiments import registry

    return registry.question(question.name)
