"""Claims whose outcome is known beforehand, for testing the framework."""

import torch
from torch import nn

from visual_attention.experiments.claim import Arm, Budget, Claim


class Known(nn.Module):
    """A model that knows its own score."""

    def __init__(self, score, size):
        super().__init__()
        self.score = score
        self.weight = nn.Parameter(torch.randn(size))


def known(score, size=100):
    return lambda: Known(score, size)


def measure(model, arm, seed, budget):
    """The model's score, a seed's own shift for all arms, and numbers that tell what the seed fixed."""
    return {
        "accuracy": model.score + seed,
        "first weight": model.weight[0].item(),
        "drawn": torch.rand(()).item(),
        "steps": float(budget.steps),
        "threads": float(torch.get_num_threads()),
    }


def claim(better=60.0, worse=30.0, *, sizes=(100, 100), **changes):
    arms = (
        Arm("with", "attention", known(better, sizes[0])),
        Arm("without", "without", known(worse, sizes[1])),
        Arm("max", "rival", known(70.0, 300)),
    )
    settings = dict(
        name="toy",
        chapter="mechanisms/toy",
        statement="It helps.",
        question="Does it help?",
        arms=arms,
        measure=measure,
        metric="accuracy",
        treatment="with",
        baseline="without",
        margin=20,
        budgets={"full": Budget(steps=7), "live": Budget(steps=2)},
    )
    return Claim(**(settings | changes))


def rows(values, *, metric="accuracy", budget="full", seconds=1.0):
    """Rows of a record from {arm: [value of seed 0, of seed 1, ...]}."""
    return [
        {
            "claim": "toy",
            "arm": arm,
            "seed": seed,
            "metric": metric,
            "value": value,
            "parameters": 100,
            "seconds": seconds,
            "budget": {"name": budget, "steps": 7, "batch": 64, "test": 1000},
            "versions": {},
        }
        for arm, series in values.items()
        for seed, value in enumerate(series)
    ]
