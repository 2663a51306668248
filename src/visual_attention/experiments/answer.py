"""What does the record answer?

Three verdicts, a table for each condition, cuts, and what keeps them from being final.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean

import numpy as np

from visual_attention.experiments import ledger, plan, tuning, verdict
from visual_attention.experiments.question import ENDLESS, Contender, Question, fixed
from visual_attention.experiments.verdict import Interval


@dataclass(frozen=True)
class Verdict:
    """One of the three questions, answered.

    Args:
        kind: "needs fewer pictures", "ends higher" or "learns faster".
        verdict: one of `verdict.VERDICTS`.
        against: opponent -> the interval of the effect, in the metric's unit or in powers of 2.
        strongest: the opponent with the smallest effect, of those that are no control.
        rising: contenders that were still rising when the training ended.
        seeds: how many it rests on.
    """

    kind: str
    verdict: str
    against: dict[str, Interval]
    strongest: str
    rising: tuple[str, ...]
    seeds: int

    @property
    def effect(self) -> Interval | None:
        """The effect against the strongest opponent."""
        return self.against.get(self.strongest)


@dataclass(frozen=True)
class Line:
    """A contender under one condition: means over seeds."""

    contender: Contender
    mean: float
    interval: Interval | None
    others: dict[str, float]
    cuts: dict[str, float]
    rate: float
    parameters: int
    multiplications: int
    seconds: float
    seeds: int


class Answer:
    """A question with its record."""

    def __init__(self, question: Question, book: ledger.Ledger):
        self.question = question
        self.faults = tuple(book.faults)
        self.changed = plan.changed(question, book.rows)
        self.rows = plan.current(question, book.rows)

    @cached_property
    def headline(self) -> list[ledger.Row]:
        """The rows of the headline, each at the rate that the rule chose: at another they do not count."""
        return [row for row in self.rows if row["part"] == "headline" and self._at_its_rate(row)]

    @cached_property
    def specification(self) -> list[ledger.Row]:
        """The rows of the specification curve, each at the rate that the rule chose."""
        return [row for row in self.rows if row["part"] == "specification" and self._at_its_rate(row)]

    def _at_its_rate(self, row: ledger.Row) -> bool:
        regime = ENDLESS if row["condition"] == ENDLESS else self.question.middle
        return row["rate"] == self._rates[row["arm"], regime]

    @cached_property
    def _rates(self) -> dict[tuple[str, str], float | None]:
        return {
            (contender.name, name): tuning.chosen(self.question, self.rows, contender.name, name)
            for contender in self.question.contenders
            for name in (self.question.middle, ENDLESS)
        }

    @cached_property
    def _made(self) -> set[tuple[str, str, int]]:
        return {(row["condition"], row["arm"], row["seed"]) for row in self.headline}

    def seeds(self, condition: str) -> int:
        """How many seeds, counted from 0, every contender has under a condition."""
        names = [contender.name for contender in self.question.contenders]
        count, wanted = 0, self.question.seeds_of(condition)
        while count < wanted and all((condition, name, count) in self._made for name in names):
            count += 1
        return count

    def whole(self, condition: str) -> bool:
        """Whether all seeds are there: on a part there is no verdict, or one could stop when one likes what
        one sees."""
        return self.seeds(condition) == self.question.seeds_of(condition)

    def curve(self, condition: str, arm: str, metric: str | None = None) -> np.ndarray:
        """Scores by seed and scored step, (seeds, points)."""
        found = {
            row["seed"]: row["scores"][metric or self.question.metric]
            for row in self.headline
            if (row["condition"], row["arm"]) == (condition, arm) and row["seed"] < self.seeds(condition)
        }
        return np.array([found[seed] for seed in sorted(found)], dtype=float)

    @cached_property
    def verdicts(self) -> tuple[Verdict, Verdict, Verdict]:
        """The three answers, as the forest plot shows them."""
        return self.fewer(), self.higher(), self.faster()

    def fewer(self, size: int | None = None) -> Verdict:
        """Does attention need fewer pictures? The difference on a fixed set, the middle one by the rule."""
        name = fixed(size) if size else self.question.middle
        return self._judged("needs fewer pictures", name, self._differences(name), self.question.margin)

    def higher(self) -> Verdict:
        """Does attention end higher on pictures without end?"""
        return self._judged("ends higher", ENDLESS, self._differences(ENDLESS), self.question.margin)

    def faster(self) -> Verdict:
        """Does attention learn faster on pictures without end? In powers of 2."""
        against = {}
        if self.seeds(ENDLESS):
            mine, steps = self.curve(ENDLESS, self.question.attention.name), self.question.recipe.scored
            for opponent in self.question.opponents:
                theirs = self.curve(ENDLESS, opponent.name)
                factors = [
                    verdict.fewer_steps(steps, *pair, lower=self.question.lower)
                    for pair in zip(mine, theirs, strict=True)
                ]
                against[opponent.name] = verdict.paired(factors, np.zeros(len(factors)))
        return self._judged("learns faster", ENDLESS, against, float(np.log2(self.question.faster)))

    def times_fewer(self, opponent: str) -> tuple[Interval, bool] | None:
        """How many times fewer pictures attention needs for the stated score, in powers of 2, and whether
        that is a bound only, because a side reached the score outside the sizes that were tried."""
        if not (count := min(self.seeds(fixed(size)) for size in self.question.sets)):
            return None
        sizes, level, lower = self.question.sets, self.question.level, self.question.lower
        mine, theirs = (
            np.stack([self.curve(fixed(size), name)[:count, -1] for size in sizes], axis=1)  # (seeds, sizes)
            for name in (self.question.attention.name, opponent)
        )
        found = [
            verdict.fewer_pictures(sizes, *pair, level, lower=lower)
            for pair in zip(mine, theirs, strict=True)
        ]
        if not any(found):
            return None
        factors = [one[0] if one else 0.0 for one in found]
        return verdict.paired(factors, [0.0] * len(factors)), any(one is None or one[1] for one in found)

    def table(self, condition: str) -> list[Line]:
        """A line for each contender, best first; empty while no seed is whole."""
        if not self.seeds(condition):
            return []
        lines = [self._line(condition, contender) for contender in self.question.contenders]
        return sorted(lines, key=lambda line: line.mean, reverse=not self.question.lower)

    def at_the_edge(self) -> list[str]:
        """Contenders whose best rate is the last that was tried."""
        return list(tuning.at_the_edge(self.question, self.rows))

    def _differences(self, condition: str) -> dict[str, Interval]:
        if not self.seeds(condition):
            return {}
        sign = -1 if self.question.lower else 1
        mine = sign * self.curve(condition, self.question.attention.name)[:, -1]
        return {
            opponent.name: verdict.paired(mine, sign * self.curve(condition, opponent.name)[:, -1])
            for opponent in self.question.opponents
        }

    def _judged(self, kind: str, condition: str, against: dict[str, Interval], margin: float) -> Verdict:
        roles = {opponent.name: opponent.role for opponent in self.question.opponents}
        others = [name for name in against if roles[name] != "control"] or list(against)
        strongest = min(others, key=lambda name: against[name].effect, default="")
        rising = ()
        if self.seeds(condition):
            curves = {c.name: self.curve(condition, c.name) for c in self.question.contenders}
            rising = verdict.still_rising(curves, self.question.margin, lower=self.question.lower)
        word = verdict.decide(against, roles, margin) if self.whole(condition) else verdict.NOT_RUN
        return Verdict(kind, word, against, strongest, rising, self.seeds(condition))

    def _line(self, condition: str, contender: Contender) -> Line:
        rows = [
            row
            for row in self.headline
            if (row["condition"], row["arm"]) == (condition, contender.name)
            and row["seed"] < self.seeds(condition)
        ]
        first, metric = rows[0], self.question.metric
        last = [row["scores"][metric][-1] for row in rows]
        return Line(
            contender=contender,
            mean=mean(last),
            interval=self._differences(condition).get(contender.name),
            others={
                name: mean(row["scores"][name][-1] for row in rows)
                for name in first["scores"]
                if name != metric
            },
            cuts={name: mean(row["cuts"][name] for row in rows) for name in first["cuts"]},
            rate=first["rate"],
            parameters=first["parameters"],
            multiplications=first["multiplications"],
            seconds=mean(row["seconds"] for row in rows),
            seeds=len(rows),
        )


def answer(question: Question, folder: Path | None = None) -> Answer:
    """The question with its committed record."""
    return Answer(question, ledger.read(ledger.path(question.name, folder)))
