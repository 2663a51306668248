"""Does the headline hang on one setting? The effect under every variant, sorted, with intervals."""

from dataclasses import dataclass

from visual_attention.experiments import plan, verdict
from visual_attention.experiments.answer import Answer
from visual_attention.experiments.verdict import Interval

REGISTERED = "as registered"


@dataclass(frozen=True)
class Specification:
    """One setting: attention minus the opponent after the last step."""

    name: str
    interval: Interval
    attention: float
    opponent: float
    registered: bool = False


def opponent(answer: Answer) -> str | None:
    """Whom attention meets here: the opponent that was strongest on validation pictures."""
    return plan.strongest(answer.question, answer.rows)


def curve(answer: Answer) -> list[Specification]:
    """All settings whose seeds are whole, smallest effect first; the registered one among them."""
    question, other = answer.question, opponent(answer)
    if other is None:
        return []
    names = (question.attention.name, other)
    found = []
    if answer.seeds(question.middle):
        last = [list(answer.curve(question.middle, name)[:, -1]) for name in names]
        found.append(_specification(answer, REGISTERED, *last, registered=True))
    for condition in question.specifications:
        by = [_last(answer, condition.name, name) for name in names]
        if all(set(values) >= set(range(question.variant_seeds)) for values in by):
            seeds = range(question.variant_seeds)
            found.append(
                _specification(answer, condition.name, *([values[s] for s in seeds] for values in by))
            )
    return sorted(found, key=lambda one: one.interval.effect)


def turns(answer: Answer) -> list[str]:
    """The settings whose effect has another sign than the registered one, with the whole interval."""
    listed = curve(answer)
    registered = next((one for one in listed if one.registered), None)
    if registered is None:
        return []
    positive = registered.interval.effect > 0
    return [one.name for one in listed if (one.interval.high < 0 if positive else one.interval.low > 0)]


def _last(answer: Answer, condition: str, arm: str) -> dict[int, float]:
    return {
        row["seed"]: row["scores"][answer.question.metric][-1]
        for row in answer.specification
        if (row["condition"], row["arm"]) == (condition, arm)
    }


def _specification(answer: Answer, name: str, one, two, *, registered: bool = False) -> Specification:
    sign = -1 if answer.question.lower else 1
    interval = verdict.paired([sign * v for v in one], [sign * v for v in two])
    return Specification(name, interval, sum(one) / len(one), sum(two) / len(two), registered)
