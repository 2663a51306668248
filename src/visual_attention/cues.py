"""Which gate finds a cue that lies far from what it decides about?

One convolution, a gate, and a linear reader. A convolution alone sees a few pixels around each place, so it
cannot know the cue; a gate that looks further can. All arms of the claims on spatial and channel attention
are built and measured here.

Run: python -m visual_attention.experiments run channel spatial --seeds 5 --jobs 2
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.data import digits
from visual_attention.data.overlaid import CuedDigits
from visual_attention.experiments.claim import Arm, Budget
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.slots import Builder, Empty, Shuffled
from visual_attention.mechanisms.spatial import SpatialAttention
from visual_attention.training import evaluate, fit

LEARNING_RATE = 1e-2  # one for all arms of a claim
GENTLE = 3e-3  # the rate of the claim that asks whether the first one decided
SCORED = {"metric": "accuracy", "baseline": "no gate"}  # how each of these claims is decided
Draw = Callable[..., CuedDigits]


class CueReader(nn.Module):
    """A convolution, a halving, a gate, and a linear layer that reads the digit.

    Args:
        places: places of the halved map, H/2 x W/2 rounded down.
        width: C, channels of the convolution.
        slot: builds the gate from C; None: nothing.
        second: channels of a second convolution after the gate; 0: none.

    Shape:
        (B, 3, H, W) -> scores of the digits (B, 10).

    Raises:
        ValueError: at call, for pictures with another number of places.
    """

    def __init__(self, places: int, width: int, *, slot: Builder | None = None, second: int = 0):
        super().__init__()
        self.places = places
        self.conv = nn.Conv2d(3, width, kernel_size=3, padding=1)
        self.gate = (slot or Empty)(width)
        self.second = nn.Conv2d(width, second, kernel_size=3, padding=1) if second else None
        self.read = nn.Linear((second or width) * places, 10)

    def features(self, x: Tensor) -> Tensor:
        """What enters the gate, (B, C, H/2, W/2)."""
        height, width = x.shape[-2:]
        if (height // 2) * (width // 2) != self.places:
            raise ValueError(
                f"wanted pictures with {self.places} places after a halving, got {height} x {width} pixels"
            )
        return F.max_pool2d(torch.relu(self.conv(x)), 2)

    def weights(self, x: Tensor) -> Tensor:
        """The gate's weights for pictures, as the gate's docstring describes them."""
        return self.gate.weights(self.features(x))

    def forward(self, x: Tensor) -> Tensor:
        x = self.gate(self.features(x))
        if self.second is not None:
            x = torch.relu(self.second(x))
        return self.read(x.flatten(1))


def nothing_to_choose(count: int, *, split: str, generator: torch.Generator | None = None) -> CuedDigits:
    """One white MNIST digit of 14 x 14 pixels, and no cue: there is nothing to leave out."""
    images, labels = _halved(split)
    chosen = torch.randint(len(images), (count,), generator=generator)
    answer = labels[chosen]
    return CuedDigits(images[chosen].expand(-1, 3, -1, -1), answer, torch.zeros_like(answer), answer[:, None])


def _halved(split: str) -> tuple[Tensor, Tensor]:
    images, labels = digits.load(split)
    return F.avg_pool2d(images, 2), labels


def train(
    model: nn.Module,
    draw: Draw,
    seed: int,
    budget: Budget,
    *,
    lr: float = LEARNING_RATE,
    progress: bool = False,
) -> list[float]:
    """Train on fresh pictures; the seed fixes the pictures, the same for all arms."""
    generator = torch.Generator().manual_seed(seed)
    return fit(
        model,
        lambda step: draw(budget.batch, split="train", generator=generator),
        lambda model, batch: F.cross_entropy(model(batch.images), batch.labels),
        steps=budget.steps,
        lr=lr,
        progress=progress,
    )


def measure(
    draw: Draw, model: nn.Module, arm: Arm, seed: int, budget: Budget, *, lr: float = LEARNING_RATE
) -> dict[str, float]:
    """Train; then the accuracy in percent and, where there are a cue and gates, what these know of it."""
    train(model, draw, seed, budget, lr=lr)
    test = draw(budget.test, split="test", generator=torch.Generator().manual_seed(10_000 + seed))
    metrics = {}
    if hasattr(model.gate, "weights") and draw is not nothing_to_choose:
        with torch.no_grad():
            metrics["cue in the gates"] = explained(model.weights(test.images[:500]), test.cues[:500])
    right = evaluate(model, [test], lambda model, batch: model(batch.images).argmax(1) == batch.labels)
    return metrics | {"accuracy": 100 * right}


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


def reader(places: int, width: int, slot: Builder | None = None, second: int = 0) -> Callable[[], nn.Module]:
    """How an arm builds its model."""
    return partial(CueReader, places, width, slot=slot, second=second)


def excitation(channels: int) -> SqueezeExcitation:
    """Squeeze and excitation with r = 1: the paper's 16 would leave one hidden unit for 24 channels."""
    return SqueezeExcitation(channels, reduction=1)


def cbam(channels: int) -> CBAM:
    """CBAM with r = 1, for the same reason."""
    return CBAM(channels, reduction=1)


def spatial(channels: int) -> SpatialAttention:
    """CBAM's spatial half; it takes any number of channels."""
    return SpatialAttention()


def shuffled(slot: Builder) -> Builder:
    """A gate whose weights go to the next image of the batch."""
    return partial(_shuffled, slot)


def _shuffled(slot: Builder, channels: int) -> Shuffled:
    return Shuffled(slot(channels))
