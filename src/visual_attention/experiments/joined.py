"""Who was missing from a contest? Contenders that were thought of after its record had been seen.

A rule that was written down first cannot be given another opponent, so these are in no verdict and have a
record of their own. Everything else is the contest's: pictures, recipe, the grid of rates and how one is
chosen, and the seeds, so that differences are paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from visual_attention.experiments import answer, ledger, trial, tuning
from visual_attention.experiments.question import Contender, Question
from visual_attention.experiments.verdict import Interval, paired


@dataclass(frozen=True)
class Joined:
    """Contenders that join a contest, with their record.

    Args:
        record: its name.
        contest: the contest that they join.
        contenders: who joins, first the one to be trained first.
        seeds: condition -> how many; conditions are the contest's, first the one to be trained first.
        beside: contenders of the contest that stand in the rule's hash; without it, attention alone.
    """

    record: str
    contest: Question
    contenders: tuple[Contender, ...]
    seeds: dict[str, int]
    beside: tuple[Contender, ...] = ()

    @cached_property
    def question(self) -> Question:
        """The contest with those who join in place of the opponents."""
        return replace(
            self.contest, contenders=(*(self.beside or (self.contest.attention,)), *self.contenders)
        )

    @property
    def rows(self) -> list[ledger.Row]:
        """All rows of the record."""
        return ledger.read(ledger.path(self.record)).rows

    def lacking(self, rows: Sequence[ledger.Row]) -> list[trial.Trial]:
        """What the first who is not whole lacks: rates, then trainings; empty when nobody lacks any."""
        conditions = {each.name: each for each in self.question.conditions}
        middle, made = conditions[self.question.middle], {ledger.key(row) for row in rows}
        for each in self.contenders:
            rates = tuning.next_rates(
                self.question, tuning.scores(self.question, rows, each.name, middle.name)
            )
            if rates:
                trials = [
                    trial.Trial(tuning.PART, middle, each.name, rate, seed)
                    for rate in rates
                    for seed in tuning.seeds(self.question)
                ]
            else:
                rate = tuning.chosen(self.question, rows, each.name, middle.name)
                trials = [
                    trial.Trial("headline", conditions[name], each.name, rate, seed)
                    for name, count in self.seeds.items()
                    for seed in range(count)
                ]
            if todo := [one for one in trials if one.key(self.question) not in made]:
                return todo
        return []

    def make(self) -> None:
        """Make what the record lacks."""
        while todo := self.lacking(self.rows):
            for one in todo:
                ledger.append(ledger.path(self.record), trial.make(self.question, one))

    def trained(self, name: str, condition: str | None = None) -> list[ledger.Row]:
        """The headline's rows of one who joined, by seed; without a condition, those of the middle set."""
        asked = (self.question.rule, "headline", condition or self.contest.middle, name)
        return sorted((row for row in self.rows if ledger.key(row)[:4] == asked), key=lambda row: row["seed"])

    def scores(self, name: str, condition: str | None = None, metric: str | None = None) -> np.ndarray:
        """Scores after the last step, one a seed; of who did not join, those of the contest's record."""
        if name not in (each.name for each in self.contenders):
            contest = answer.answer(self.contest)
            return contest.curve(condition or self.contest.middle, name, metric)[:, -1]
        found = self.trained(name, condition)
        return np.array([row["scores"][metric or self.contest.metric][-1] for row in found])

    def lead(self, one: str, other: str, condition: str | None = None, metric: str | None = None) -> Interval:
        """The first minus the second, seed by seed, over the seeds that both have."""
        pair = [self.scores(name, condition, metric) for name in (one, other)]
        count = min(map(len, pair))
        return paired(*(values[:count] for values in pair))
