"""Would more seeds have chosen another rate? The tuning of a contest, on seeds that its rule did not ask for.

Where the rule lets one validation seed choose, that seed may mislead. These rows decide no verdict; they have
a record of their own, and the page says what more seeds would have chosen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from visual_attention.experiments import ledger, trial, tuning
from visual_attention.experiments.question import Question

SEEDS = (tuning.FIRST_SEED + 1, tuning.FIRST_SEED + 2)


@dataclass(frozen=True)
class MoreSeeds:
    """Validation scores of one contender on the middle fixed set, at the rates that come into question.

    Args:
        record: the name of the record that holds the rows; several may share one.
        question: the contest, or the contest with a contender more.
        arm: the contender's name.
        rates: which; others were far behind on the contest's own seed.
        seeds: which.
    """

    record: str
    question: Question
    arm: str
    rates: tuple[float, ...]
    seeds: tuple[int, ...] = SEEDS

    def scores(self) -> dict[float, list[float]]:
        """The last validation score of each seed, by rate: of the contest's seeds, then of these."""
        return {
            rate: [
                row["scores"][self.question.metric][-1]
                for row in sorted(self._rows(), key=lambda row: row["seed"])
                if row["rate"] == rate
            ]
            for rate in self.rates
        }

    def best(self) -> float:
        """The rate that all seeds together choose by the contest's rule; of equal ones, the lower."""
        return tuning.best(self.question, {rate: round(mean(x), 6) for rate, x in self.scores().items()})

    def make(self) -> None:
        """Make what the record lacks."""
        middle = next(each for each in self.question.conditions if each.name == self.question.middle)
        made = {(row["rate"], row["seed"]) for row in self._rows()}
        for rate in self.rates:
            for seed in self.seeds:
                if (rate, seed) not in made:
                    one = trial.Trial(tuning.PART, middle, self.arm, rate, seed)
                    ledger.append(ledger.path(self.record), trial.make(self.question, one))

    def _rows(self) -> Iterator[ledger.Row]:
        asked = (self.question.rule, tuning.PART, self.question.middle, self.arm)
        for name in (self.question.name, self.record):
            yield from (row for row in ledger.read(ledger.path(name)).rows if ledger.key(row)[:4] == asked)
