"""Questions whose answers are known beforehand: networks that know their own curve."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from visual_attention.experiments.question import Contender, Question, Recipe, Task, Variant


class Shown(NamedTuple):
    """Examples that say how many there were, and of which seed."""

    images: Tensor
    sizes: Tensor


class Known(nn.Module):
    """Its score nears `last`, halving the distance every `half` steps, less 10 for each factor of ten between
    its rate and `best`. It reads its rate off its weight, which moves by the rate at each step."""

    def __init__(self, last, *, half=2.0, best=1e-2, few=0.0, width=1):
        super().__init__()
        self.last, self.half, self.best, self.few = last, half, best, few
        self.weight = nn.Parameter(torch.zeros(width))
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("pictures", torch.zeros(()))

    def forward(self, x):
        return x.flatten(1)[:, :1] * self.weight.sum()


def draw(count, split, generator, setting):
    images = torch.rand(count, 1, 2, 2, generator=generator)
    return Shown(images + {"train": 0, "validation": 10, "test": 20}[split], torch.full((count,), count))


def loss(model, batch):
    model.steps += 1
    model.pictures.fill_(float(batch.sizes[0]))
    return model(batch.images).mean()


def score(model, batch):
    import math

    rate = max(abs(model.weight.detach().sum().item()) / max(model.steps.item(), 1), 1e-9)
    off = abs(math.log10(rate / model.best)) if model.best else 0.0
    shift = 3 * math.sin(float(batch.images.mean()) * 1e4)  # a seed's own, for all alike
    few = model.few / max(model.pictures.item(), 1)
    value = model.last * (1 - 0.5 ** (model.steps.item() / model.half)) - 10 * off - few + shift
    return {"accuracy": value, "where": float(batch.images.mean() // 10)}


def contender(name, role, last, **more):
    return Contender(name, role, lambda setting: Known(last, **more))


def question(contenders, **changes):
    settings = dict(
        name="toy",
        chapter="mechanisms/toy",
        statement="It helps.",
        question="Does it help?",
        task=Task(draw, loss, score, {"halved": lambda model, batch: score(model, batch)["accuracy"] / 2}),
        contenders=tuple(contenders),
        recipe=Recipe(steps=16, batch=4, warmup=0, points=5, examples=8),
        margin=5,
        faster=1.5,
        level=50,
        sets=(8, 16, 32),
        seeds=3,
        side_seeds=3,
        variants=(Variant("half the rate", rate_factor=0.5), Variant("more", pictures=64)),
        variant_seeds=3,
    )
    return Question(**(settings | changes))


def usual(**changes):
    """Attention is ahead of all."""
    usual = [
        contender("attention", "attention", 90.0),
        contender("mean", "trivial", 40.0),
        contender("max", "rival", 60.0),
        contender("another", "control", 50.0),
    ]
    return question(**{"contenders": usual} | changes)


def row(name, *, condition, seed, scores, part="headline", rate=0.01, rule="x", steps=(16, 32, 64), **more):
    """A row as `trial.make` leaves it."""
    return {
        "question": "toy", "rule": rule, "part": part, "condition": condition, "arm": name, "rate": rate,
        "seed": seed, "steps": list(steps), "scores": {"accuracy": list(scores)}, "cuts": {},
        "parameters": 1, "multiplications": 2, "seconds": 1.0, "versions": {},
    } | more  # fmt: skip


def rows(question, *, part="headline", **lasts):
    """Rows under the question's rule: contender -> last score by seed, the same under every condition.

    Half of it after half of the steps; a value (half, last) gives both.
    """
    conditions = question.specifications if part == "specification" else question.conditions
    rule = question.specification_rule if part == "specification" else question.rule
    found = []
    for condition in conditions:
        for name, values in lasts.items():
            for seed, value in enumerate(values):
                half, last = value if isinstance(value, tuple) else (value, value)
                scores = [0.0] * (len(question.recipe.scored) - 2) + [half, last]
                made = row(
                    name.replace("_", " "), condition=condition.name, seed=seed, scores=scores, part=part,
                    rule=rule, steps=question.recipe.scored,
                )  # fmt: skip
                found.append(made)
    return found


def tuned(question):
    """Tuning rows by which the rate 0.01 is everyone's, and max the strongest opponent."""
    points, worst = {"attention": 9, "max": 8, "mean": 5, "another": 8.5}, 99 if question.lower else 0
    return [
        row(
            name, condition=condition, seed=1000, part="tuning", rate=rate, rule=question.rule,
            scores=[0, 0, (10 - value if question.lower else value) if rate == 0.01 else worst],
        )
        for condition in (question.middle, "without end")
        for name, value in points.items()
        for rate in question.rates
    ]  # fmt: skip
