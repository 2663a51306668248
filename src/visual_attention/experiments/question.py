"""What is asked of an attention mechanism, who competes, and by which rule is it answered?

Three questions are kept apart: does attention *learn faster*, does it *end higher* (both on pictures without
end), and does it *need fewer pictures* (on fixed sets)? Everything that could change an answer is part of the
rule, and each row of a record carries the rule's hash: change the rule, and rows made under the old one no
longer count.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from visual_attention.experiments import curves
from visual_attention.training import seeded

ROLES = ("attention", "trivial", "rival", "control")
SPLITS = ("train", "validation", "test")
ENDLESS = "without end"
TIES = "of equal rates the lower; the grid grows at most twice on each side"  # as `tuning` does it

Setting = Mapping[str, Any]  # what variants may change, in values that JSON knows
Data = tuple[Tensor, ...]  # a NamedTuple of tensors, (B, ...) each


@dataclass(frozen=True)
class Contender:
    """One way to build the network, in good faith.

    Args:
        name: what tables and figures call it.
        role: "attention", a "trivial" answer, a "rival", or a "control": attention with its choice taken
            away.
        build: makes a fresh network from the setting; its random weights follow torch's global generator.
        note: one sentence for the page of claims.
        extra: what it has and others lack, a column of the table.
    """

    name: str
    role: Literal["attention", "trivial", "rival", "control"]
    build: Callable[[Setting], nn.Module]
    note: str = ""
    extra: str = "–"

    def __post_init__(self):
        if self.role not in ROLES:
            raise ValueError(f"role of {self.name!r}: wanted one of {', '.join(ROLES)}; got {self.role!r}")


@dataclass(frozen=True)
class Task:
    """What the networks learn, and how they are judged.

    Args:
        draw: (count, split, generator, setting) -> examples, a NamedTuple of tensors; the splits "train",
            "validation" and "test" share nothing.
        loss: (model, examples) -> scalar.
        score: (model, examples) -> metrics; the model is in evaluation mode, without gradients.
        cuts: interventions on the trained network: name -> (model, examples) -> the metric after it, or None
            where the network has nothing to cut.
    """

    draw: Callable[[int, str, torch.Generator, Setting], Data]
    loss: Callable[[nn.Module, Data], Tensor]
    score: Callable[[nn.Module, Data], dict[str, float]]
    cuts: Mapping[str, Callable[[nn.Module, Data], float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How every network is trained: AdamW at a constant rate after a warm-up, averaged weights for scoring.

    Args:
        steps: the cap; the last of the scored steps.
        batch: examples a step.
        warmup: steps in which the rate rises to its value.
        points: how many steps are scored, each twice the one before.
        examples: examples in the test, and in the validation.
    """

    steps: int
    batch: int = 32
    warmup: int = 64
    points: int = 8
    examples: int = 500

    @property
    def scored(self) -> tuple[int, ...]:
        """The steps at which the averaged network is scored."""
        return tuple(dict.fromkeys(max(1, self.steps >> k) for k in reversed(range(self.points))))


@dataclass(frozen=True)
class Condition:
    """What one training differs in: how many pictures there are, and what a variant changes."""

    name: str
    pictures: int | None  # None: without end
    setting: Setting
    recipe: Recipe
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Variant:
    """Another reasonable way to have asked, for the specification curve.

    Args:
        name: what the figure calls it.
        setting: what it changes in the question's setting.
        pictures: how many, if not as many as registered.
        recipe: what it changes in the recipe.
        rate_factor: multiplies the tuned rate.
    """

    name: str
    setting: Setting = field(default_factory=dict)
    pictures: int | None = None
    recipe: Mapping[str, int] = field(default_factory=dict)
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Question:
    """Contenders, a task, and the rule that decides, written before the run.

    Args:
        name: stem of the chapter first.
        chapter: "mechanisms/soft".
        statement: what the article asserts, in our words.
        question: the same as a question; the heading on the page of claims.
        task: what is learnt.
        contenders: exactly one of role "attention".
        recipe: how all are trained.
        margin: the difference that counts, in the metric's unit.
        faster: how many times fewer steps count.
        level: the stated score for "how many times fewer pictures".
        sets: three sizes of fixed sets; the middle one decides *needs fewer pictures*.
        metric: the key among the scores that the rule is about.
        unit: of the metric.
        lower: whether a lower metric is better.
        rates: the grid of learning rates, rising; extended where the best lies at its edge.
        seeds: of the conditions that decide, the middle set and pictures without end.
        side_seeds: of the other two sets, which are shown beside them.
        tuning_seeds: for each rate; they are not among the headline's seeds.
        setting: the registered setting.
        variants: of the specification curve, at the middle size, against the opponent that was strongest on
            validation pictures.
        variant_seeds: for each variant.
        design: a few sentences on data and networks.
        meaning: what the answer does and does not say; written after the run.
        tried: what an attacker tried, and what it gave; written after the run.
    """

    name: str
    chapter: str
    statement: str
    question: str
    task: Task
    contenders: tuple[Contender, ...]
    recipe: Recipe
    margin: float
    faster: float
    level: float
    sets: tuple[int, int, int]
    metric: str = "accuracy"
    unit: str = "points"
    lower: bool = False
    rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2, 3e-2)
    seeds: int = 10
    side_seeds: int = 5
    tuning_seeds: int = 1
    setting: Setting = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    variant_seeds: int = 5
    design: str = ""
    meaning: str = ""
    tried: tuple[str, ...] = ()

    def __post_init__(self):
        names = [contender.name for contender in self.contenders]
        if len(set(names)) < len(names):
            raise ValueError(f"contenders of {self.name!r}: wanted distinct names, got {names}")
        if [c.role for c in self.contenders].count("attention") != 1:
            raise ValueError(f"contenders of {self.name!r}: wanted exactly one of role 'attention'")
        if not self.name.startswith(self.chapter.rpartition("/")[2]):
            raise ValueError(f"name: wanted the stem of {self.chapter!r} first, got {self.name!r}")
        if len(self.rates) < 4 or list(self.rates) != sorted(set(self.rates)):
            raise ValueError(f"rates of {self.name!r}: wanted at least four, rising, got {self.rates}")
        if self.margin <= 0 or self.faster <= 1:
            raise ValueError(f"{self.name!r}: wanted margin > 0 and faster > 1")

    def contender(self, name: str) -> Contender:
        """The contender of that name."""
        for contender in self.contenders:
            if contender.name == name:
                return contender
        raise ValueError(f"contender: wanted one of {[c.name for c in self.contenders]}, got {name!r}")

    @property
    def attention(self) -> Contender:
        """The one that the question is about."""
        return next(contender for contender in self.contenders if contender.role == "attention")

    @property
    def opponents(self) -> tuple[Contender, ...]:
        """All others."""
        return tuple(contender for contender in self.contenders if contender.role != "attention")

    @property
    def middle(self) -> str:
        """The condition that decides *needs fewer pictures*."""
        return fixed(self.sets[1])

    def seeds_of(self, condition: str) -> int:
        """How many seeds the headline has under a condition."""
        return self.seeds if condition in (self.middle, ENDLESS) else self.side_seeds

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The headline's: the fixed sets, then pictures without end."""
        return tuple(
            Condition(fixed(size) if size else ENDLESS, size, self.setting, self.recipe)
            for size in (*self.sets, None)
        )

    @cached_property
    def specifications(self) -> tuple[Condition, ...]:
        """One condition for each variant."""
        return tuple(
            Condition(
                variant.name,
                variant.pictures or self.sets[1],
                {**self.setting, **variant.setting},
                replace(self.recipe, **variant.recipe),
                variant.rate_factor,
            )
            for variant in self.variants
        )

    @cached_property
    def rule(self) -> str:
        """The hash of all that decides the headline: twelve hexadecimal digits.

        How many seeds the sides and the variants have decides no verdict, so more of them make no new rule.
        """
        return _hash(self._headline())

    @cached_property
    def specification_rule(self) -> str:
        """The hash of the headline's rule and of the variants."""
        conditions = [asdict(condition) for condition in self.specifications]
        return _hash([self._headline(), conditions])

    def _headline(self) -> list:
        contenders = [[c.name, c.role, _shapes(c, self)] for c in self.contenders]
        numbers = [self.margin, self.faster, self.level, self.sets, self.rates, self.seeds]
        words = [self.metric, self.unit, self.lower, self.tuning_seeds, curves.METHOD, TIES]
        return [contenders, asdict(self.recipe), numbers, words, dict(self.setting), sorted(self.task.cuts)]

    @property
    def rule_in_words(self) -> str:
        """The rule, for the page."""
        rates = ", ".join(f"{rate:g}" for rate in self.rates)
        return (
            f"{self.seeds} seeds; differences in {self.metric}, pair by pair, with Student's t interval of "
            f"95 %. *Needs fewer pictures* (on {self.sets[1]:,}) and *ends higher* (without end): supported "
            f"if the whole interval is at or above {self.margin:g} {self.unit} against each opponent. "
            f"*Learns faster*: supported if attention needs {self.faster:g} times fewer steps to each "
            "opponent's last level, again with the whole interval. If a control without a choice ties where "
            "the trivial answer is beaten, the verdict is *not by choosing*. Rates: for each contender the "
            f"best on validation pictures, of {rates}, further where the best lies at the edge"
        )


def fixed(size: int) -> str:
    """The name of the condition with a fixed set of that size."""
    return f"{size:,} pictures"


@cache
def _state(build: Callable[[Setting], nn.Module], setting: str) -> dict[str, list[int]]:
    with seeded(0):
        model = build(json.loads(setting))
    return {name: list(value.shape) for name, value in model.state_dict().items()}


def _shapes(contender: Contender, question: Question) -> dict[str, list[int]]:
    """What the network consists of: a layer more or less is another rule."""
    return _state(contender.build, json.dumps(dict(question.setting)))


def _hash(description: Any) -> str:
    text = json.dumps(description, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
