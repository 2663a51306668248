"""What is one training of a question, and what row does it leave?

The seed fixes the pictures, which are the same for all contenders, and the first weights. Fixed sets are
drawn once for all contenders of a seed.
"""

import functools
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from visual_attention.experiments import curves, record
from visual_attention.experiments.ledger import Row
from visual_attention.experiments.question import Condition, Data, Question, Task
from visual_attention.training import parameters, seeded

OFFSETS = {"validation": 20_000, "test": 10_000}  # from the seed of the training pictures


@dataclass(frozen=True)
class Trial:
    """One training: a part of the question, a condition, a contender, its rate, a seed."""

    part: str  # "tuning", "headline" or "specification"
    condition: Condition
    arm: str
    rate: float
    seed: int

    def key(self, question: Question) -> tuple:
        """What its row is known by."""
        return (rule(question, self.part), self.part, self.condition.name, self.arm, self.rate, self.seed)


def rule(question: Question, part: str) -> str:
    """The hash that a row of that part carries."""
    return question.specification_rule if part == "specification" else question.rule


def make(question: Question, trial: Trial) -> Row:
    """Build, train, score and cut one network in one thread; the row of its record.

    `seconds` is processor time, which a busy machine distorts less than the clock on the wall.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _row(question, trial)
    finally:
        torch.set_num_threads(threads)


def _row(question: Question, trial: Trial) -> Row:
    condition, task = trial.condition, question.task
    split = "validation" if trial.part == "tuning" else "test"
    judged = examples(task, split, trial.seed, condition)
    start = time.process_time()
    model, scores, _ = train(
        question, trial, lambda averaged: task.score(averaged, judged), scored=condition.recipe.scored
    )
    seconds = time.process_time() - start
    at = condition.recipe.scored
    metrics = {name: [_rounded(scores[step][name]) for step in at] for name in scores[at[-1]]}
    if question.metric not in metrics:
        raise ValueError(f"{question.name!r}: wanted the metric {question.metric!r}, got {sorted(metrics)}")
    cuts = {}
    if trial.part == "headline":
        with torch.no_grad():
            cuts = {name: cut(model, judged) for name, cut in task.cuts.items()}
    return {
        "question": question.name,
        "rule": rule(question, trial.part),
        "part": trial.part,
        "condition": condition.name,
        "arm": trial.arm,
        "rate": trial.rate,
        "seed": trial.seed,
        "steps": list(condition.recipe.scored),
        "scores": metrics,
        "cuts": {name: _rounded(value) for name, value in cuts.items() if value is not None},
        "parameters": parameters(model),
        "multiplications": multiplications(model, judged),
        "seconds": round(seconds, 2),
        "versions": record.versions(),
    }


def train(question: Question, trial: Trial, score, *, scored) -> tuple[nn.Module, dict, list[float]]:
    """The averaged network of a trial, its scores by step, and its losses; a chapter shows it live."""
    condition, recipe = trial.condition, trial.condition.recipe
    with seeded(trial.seed):
        model = question.contender(trial.arm).build(condition.setting)
    with seeded(trial.seed):
        return curves.train(
            model,
            _batches(question.task, trial.seed, condition),
            question.task.loss,
            score,
            steps=recipe.steps,
            rate=trial.rate * condition.rate_factor,
            warmup=recipe.warmup,
            scored=scored,
        )


def live(
    question: Question, name: str, *, steps: int, rate: float, seed: int = 1, points: int = 6, **setting: Any
) -> tuple[nn.Module, dict[int, dict[str, float]]]:
    """Train a contender now, on pictures without end, for a chapter that shows it.

    Args:
        question: whose recipe and setting hold.
        name: the contender's.
        steps: how many updates.
        rate: the learning rate.
        seed: fixes the pictures and the first weights.
        points: how many steps are scored.
        setting: what differs from the registered setting, such as ``norm="none"``.

    Returns:
        The averaged network, and its scores by step.
    """
    without_end = question.conditions[-1]
    condition = shorter(
        replace(without_end, setting={**question.setting, **setting}), steps=steps, points=points
    )
    judged = examples(question.task, "test", seed, condition)
    model, scores, _ = train(
        question,
        Trial("live", condition, name, rate, seed),
        lambda averaged: question.task.score(averaged, judged),
        scored=condition.recipe.scored,
    )
    return model, scores


def examples(task: Task, split: str, seed: int, condition: Condition) -> Data:
    """The pictures of a seed that judge, the same for all contenders."""
    setting = json.dumps(dict(condition.setting))
    return _drawn(task.draw, condition.recipe.examples, split, seed + OFFSETS[split], setting)


def multiplications(model: nn.Module, data: Data) -> int:
    """Multiplications for one example, counted by torch."""
    one = type(data)(*(tensor[:1] for tensor in data))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(one[0])
    return counter.get_total_flops() // 2


def _batches(task: Task, seed: int, condition: Condition):
    """Batches by step: always new pictures, or a fixed set in an order that is drawn anew for each pass."""
    generator, size = torch.Generator().manual_seed(seed), condition.recipe.batch
    if condition.pictures is None:
        return lambda step: task.draw(size, "train", generator, condition.setting)
    pictures = _drawn(task.draw, condition.pictures, "train", seed, json.dumps(dict(condition.setting)))
    order = torch.empty(0, dtype=torch.long)

    def batch(step: int) -> Data:
        nonlocal order
        if len(order) < size:
            order = torch.cat([order, torch.randperm(condition.pictures, generator=generator)])
        chosen, order = order[:size], order[size:]
        return type(pictures)(*(tensor[chosen] for tensor in pictures))

    return batch


@functools.lru_cache(maxsize=8)
def _drawn(draw: Callable, count: int, split: str, seed: int, setting: str) -> Any:
    return draw(count, split, torch.Generator().manual_seed(seed), json.loads(setting))


def _rounded(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"wanted a finite score, got {value}")
    return round(float(value), 4)


def shorter(condition: Condition, **changes: int) -> Condition:
    """The same condition with another recipe, for a short training in a chapter."""
    return replace(condition, recipe=replace(condition.recipe, **changes))
