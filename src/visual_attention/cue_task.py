"""Which digit does the cue ask for? Pictures with a cue in the colour or in the place, scores and cuts.

Run: python -m visual_attention.experiments run channel
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.cues import GRIDS, CueReader
from visual_attention.data import digits, overlaid
from visual_attention.data.overlaid import CuedDigits
from visual_attention.experiments import curves
from visual_attention.experiments.question import Setting, Task
from visual_attention.training import seeded

SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
ASKED = 200  # pictures whose gates are asked what they know of the cue


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> CuedDigits:
    """Digits with a cue of the setting's kind; training, validation and test share no digit."""
    drawn = {"colour": overlaid.by_colour, "place": overlaid.by_place, "nowhere": nothing_to_choose}
    return drawn[setting["cue"]](count, split=SPLITS[split], generator=generator)


def nothing_to_choose(count: int, *, split: str, generator: torch.Generator | None = None) -> CuedDigits:
    """One white MNIST digit of 14 x 14 pixels, and no cue: there is nothing to leave out."""
    images, labels = digits.tight(split, 14)
    chosen = torch.randint(len(images), (count,), generator=generator)
    answer = labels[chosen]
    return CuedDigits(images[chosen].expand(-1, 3, -1, -1), answer, torch.zeros_like(answer), answer[:, None])


def loss(model: nn.Module, batch: CuedDigits) -> Tensor:
    """Cross-entropy of the digit's name."""
    return F.cross_entropy(model(batch.images), batch.labels)


def score(model: nn.Module, batch: CuedDigits) -> dict[str, float]:
    """The accuracy in percent and, where there are gates, which share of their variation the cue explains."""
    metrics = {"accuracy": accuracy(model(batch.images), batch)}
    if (weights := model.weights(batch.images[:ASKED])) is not None:
        metrics["cue in the gates"] = explained(weights, batch.cues[:ASKED])
    return metrics


def accuracy(scores: Tensor, batch: CuedDigits) -> float:
    """How many digits are named, in percent."""
    return 100 * (scores.argmax(1) == batch.labels).float().mean().item()


def explained(weights: Tensor, cues: Tensor) -> float:
    """The share of the weights' variance over images that lies between cues, from 0 (none) to 1 (all)."""
    flat = weights.flatten(1)  # (B, n)
    total = (flat - flat.mean(0)).square().sum()
    if total <= 1e-12 * flat.square().sum():
        return 0.0
    means = torch.stack([flat[cues == cue].mean(0) for cue in cues.unique()])  # (cues, n)
    counts = torch.stack([(cues == cue).sum() for cue in cues.unique()])
    between = (counts[:, None] * (means - flat.mean(0)).square()).sum()
    return (between / total).item()


def held(weights: Tensor, cues: Tensor) -> Tensor:
    """Each gate at its mean over the pictures."""
    return weights.mean(0, keepdim=True).expand_as(weights)


def anothers(weights: Tensor, cues: Tensor) -> Tensor:
    """The gates of another picture."""
    return weights.roll(1, dims=0)


def same_cue(weights: Tensor, cues: Tensor) -> Tensor:
    """The gates of another picture that has the same cue."""
    given = torch.empty_like(weights)
    for cue in cues.unique():
        given[cues == cue] = weights[cues == cue].roll(1, dims=0)
    return given


def cut(change: Callable[[Tensor, Tensor], Tensor]) -> Callable[[nn.Module, CuedDigits], float | None]:
    """The accuracy of a trained network after its gates were changed; None if it has no gates."""

    def after(model: nn.Module, batch: CuedDigits) -> float | None:
        if (weights := model.weights(batch.images)) is None:
            return None
        return accuracy(model.read_with(batch.images, change(weights, batch.cues)), batch)

    return after


TASK = Task(
    draw,
    loss,
    score,
    {
        "gates at their mean": cut(held),
        "another picture's gates": cut(anothers),
        "gates of one with the same cue": cut(same_cue),
    },
)


class Written(nn.Module):
    """A gate that a given function computes from the map and a window of its own: the reader's.

    Args:
        function: (x (B, C, H, W), window) -> the gated map, (B, C, H, W).
        shape: of the window.
    """

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], shape: tuple[int, ...]):
        super().__init__()
        self.function = function
        self.window = nn.Parameter(torch.randn(shape) / math.prod(shape) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.window)


def learn(gate: nn.Module, cue: str, *, width: int, steps: int, rate: float, seed: int = 0) -> float:
    """The accuracy in percent, on unseen digits, of a reader trained around a gate for a few seconds."""
    setting = {"cue": cue}
    generator, judged = (torch.Generator().manual_seed(number) for number in (seed, 10_000 + seed))
    with seeded(seed):
        model = CueReader(GRIDS[cue], width, slot=lambda channels: gate)
    test = draw(600, "test", judged, setting)
    _, scores, _ = curves.train(
        model,
        lambda step: draw(32, "train", generator, setting),
        loss,
        lambda averaged: {"accuracy": accuracy(averaged(test.images), test)},
        steps=steps,
        rate=rate,
        warmup=32,
        scored=(steps,),
    )
    return scores[steps]["accuracy"]
