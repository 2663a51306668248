"""At which rate does each contender learn? One grid, one rule, on validation pictures, for all alike.

There are two regimes, pictures without end and the middle fixed set (whose rates serve all fixed sets). The
best rate has the best mean validation score after the last step; of equal ones, the lower rate. Where the
best lies at the edge of what was tried, the grid grows by a rate on that side, at most twice on each.
"""

from collections.abc import Iterable, Iterator
from statistics import mean

from visual_attention.experiments.ledger import Row
from visual_attention.experiments.question import ENDLESS, Condition, Question

PART = "tuning"
FIRST_SEED = 1000  # the headline's seeds count from 0
EXTENSIONS = 2


def regime(question: Question, condition: Condition) -> str:
    """The condition whose tuned rate serves this one."""
    return ENDLESS if condition.pictures is None else question.middle


def seeds(question: Question) -> range:
    """The seeds of the tuning."""
    return range(FIRST_SEED, FIRST_SEED + question.tuning_seeds)


def scores(question: Question, rows: Iterable[Row], arm: str, name: str) -> dict[float, float]:
    """The mean validation score of each rate that was tried with every seed, lowest rate first."""
    found: dict[float, dict[int, float]] = {}
    for row in rows:
        if (row["part"], row["condition"], row["arm"]) == (PART, name, arm):
            found.setdefault(row["rate"], {})[row["seed"]] = row["scores"][question.metric][-1]
    whole = {rate: mean(by.values()) for rate, by in found.items() if set(by) >= set(seeds(question))}
    return dict(sorted(whole.items()))


def best(question: Question, tried: dict[float, float]) -> float:
    """The rate with the best score; of equal ones, the lower."""
    sign = -1 if question.lower else 1
    return max(sorted(tried), key=lambda rate: sign * tried[rate])


def next_rates(question: Question, tried: dict[float, float]) -> list[float]:
    """The rates that must still be tried before one can be chosen; empty when it can."""
    if lacking := [rate for rate in question.rates if rate not in tried]:
        return lacking
    rate, rates = best(question, tried), question.rates
    below = sum(other < rates[0] for other in tried)
    above = sum(other > rates[-1] for other in tried)
    if rate == min(tried) and below < EXTENSIONS:
        return [_round(rate * rates[0] / rates[1])]
    if rate == max(tried) and above < EXTENSIONS:
        return [_round(rate * rates[-1] / rates[-2])]
    return []


def chosen(question: Question, rows: Iterable[Row], arm: str, name: str) -> float | None:
    """The tuned rate of a contender in a regime; None while rates must still be tried."""
    tried = scores(question, rows, arm, name)
    return None if next_rates(question, tried) else best(question, tried)


def at_the_edge(question: Question, rows: Iterable[Row]) -> Iterator[str]:
    """Contenders whose best rate lies at the edge even of the grown grid, for the page to say so."""
    listed = list(rows)
    for name in (question.middle, ENDLESS):
        for contender in question.contenders:
            tried = scores(question, listed, contender.name, name)
            if len(set(tried.values())) > 1 and not next_rates(question, tried):  # else no rate matters
                if best(question, tried) in (min(tried), max(tried)):
                    yield f"{contender.name} ({name})"


def _round(rate: float) -> float:
    """Two figures, so that a rate found by division is the same number everywhere."""
    return float(f"{rate:.2g}")
