"""What is a claim that can be tested?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import nn

from visual_attention.training import parameters, seeded

TOLERANCE = 0.05  # parameters of matched arms may differ by this share of the smallest
ROLES = ("attention", "without", "control", "rival")


@dataclass(frozen=True)
class Arm:
    """One way to build the model.

    Args:
        name: what tables and figures call it.
        role: "attention", "without" it, a "control" (attention with its choice taken away), or a "rival"
            (another way to the same end).
        build: makes a fresh model; its random weights follow torch's global generator, which the runner
            seeds.
        note: one sentence for the page of claims.
    """

    name: str
    role: Literal["attention", "without", "control", "rival"]
    build: Callable[[], nn.Module]
    note: str = ""

    def __post_init__(self):
        if self.role not in ROLES:
            raise ValueError(
                f"role of arm {self.name!r}: wanted one of {', '.join(ROLES)}; got {self.role!r}"
            )


@dataclass(frozen=True)
class Budget:
    """How long a run is: training steps, examples a step, and examples in the test."""

    steps: int
    batch: int = 64
    test: int = 1000


@dataclass(frozen=True)
class Claim:
    """A statement, the arms that test it, and the rule that decides, written before the run.

    Args:
        name: stem of the chapter first: "soft", "soft-longer".
        chapter: "mechanisms/soft".
        statement: what the article asserts, in our words.
        question: the same as a question; the heading on the page of claims.
        arms: what is compared.
        measure: trains and tests one model: (model, arm, seed, budget) -> metrics.
        metric: the key among the metrics that the rule is about.
        treatment: name of the arm that the claim favours.
        baseline: name of the arm that it is held against.
        margin: the effect that counts, in the metric's unit.
        budgets: "live" for the chapter and "full" for the record.
        unit: unit of the metric.
        lower: whether a lower metric is better.
        seeds: how many seeds the record has.
        matched: arms whose parameters must agree; empty: all of role "attention" or "without".
        columns: which of the other metrics the table shows; empty: all of them.
        design: a few sentences on data and models, for the page of claims.
        meaning: what the result does and does not say, for the page of claims; written after the run.
        tried: what an attacker tried, and what it gave; written after the run.
    """

    name: str
    chapter: str
    statement: str
    question: str
    arms: tuple[Arm, ...]
    measure: Callable[[nn.Module, Arm, int, Budget], dict[str, float]]
    metric: str
    treatment: str
    baseline: str
    margin: float
    budgets: Mapping[str, Budget]
    unit: str = "points"
    lower: bool = False
    seeds: int = 5
    matched: tuple[str, ...] = field(default=())
    columns: tuple[str, ...] = ()
    design: str = ""
    meaning: str = ""
    tried: tuple[str, ...] = ()

    def __post_init__(self):
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError(f"arms of claim {self.name!r}: wanted distinct names, got {names}")
        for name in (self.treatment, self.baseline, *self.matched):
            self.arm(name)
        if self.margin < 0:
            raise ValueError(f"margin of claim {self.name!r}: wanted 0 or more, got {self.margin}")
        if not self.name.startswith(self.chapter.rpartition("/")[2]):
            raise ValueError(f"name: wanted the stem of {self.chapter!r} first, got {self.name!r}")

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise ValueError(f"arm: wanted one of {[arm.name for arm in self.arms]}, got {name!r}")

    def budget(self, name: str) -> Budget:
        """The budget of that name."""
        if name not in self.budgets:
            raise ValueError(
                f"budget of claim {self.name!r}: wanted one of {list(self.budgets)}, got {name!r}"
            )
        return self.budgets[name]

    @property
    def rule(self) -> str:
        """The rule in words."""
        first, second = self.treatment, self.baseline
        if self.lower:
            first, second = second, first
        return (
            f"{self.metric} of {first} minus {self.metric} of {second}, {self.seeds} seeds: supported if the "
            f"whole 95 % interval is at or above {self.margin:g} {self.unit}, not supported if all of it is "
            "below that, otherwise undecided"
        )


def count_parameters(claim: Claim) -> dict[str, int]:
    """Trainable parameters of each arm.

    Raises:
        ValueError: if those of the matched arms differ by more than 5 %.
    """
    with seeded(0):
        counts = {arm.name: parameters(arm.build()) for arm in claim.arms}
    matched = claim.matched or tuple(arm.name for arm in claim.arms if arm.role in ("attention", "without"))
    sizes = {name: counts[name] for name in matched}
    if sizes and max(sizes.values()) > min(sizes.values()) * (1 + TOLERANCE):
        listed = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
        raise ValueError(
            f"claim {claim.name!r}: wanted matched arms within {TOLERANCE:.0%} of parameters, got {listed}"
        )
    return counts
