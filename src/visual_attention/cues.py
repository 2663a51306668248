"""Which gate finds a cue that lies far from what it decides about?

One convolution, a gate, and a linear reader. A convolution alone sees a few pixels around each place, so it
cannot know the cue; a gate that looks further can. All contenders of the two contests, on a cue in the colour
and on a cue in the place, are built, trained and cut here.

Run: python -m visual_attention.experiments run channel
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.data import digits, overlaid
from visual_attention.data.overlaid import CuedDigits
from visual_attention.experiments import curves
from visual_attention.experiments.question import Setting, Task
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.slots import Builder, Empty, Shuffled
from visual_attention.mechanisms.spatial import SpatialAttention
from visual_attention.training import seeded

SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
GRIDS = {"colour": (5, 5), "place": (10, 10), "nowhere": (7, 7)}  # rows and columns of the halved map, by cue
ASKED = 200  # pictures whose gates are asked what they know of the cue


class CueReader(nn.Module):
    """A convolution, a halving, a gate, and a linear layer that reads the digit.

    Args:
        grid: rows and columns of the halved map.
        width: C, channels of the convolution.
        slot: builds the gate from C; None: nothing.
        second: channels of a second convolution after the gate; 0: none.
        norm: whether each convolution is normalised over the batch.

    Shape:
        (B, 3, H, W) -> scores of the digits (B, 10).

    Raises:
        ValueError: at call, for pictures whose halved map has other rows or columns.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        width: int,
        *,
        slot: Builder | None = None,
        second: int = 0,
        norm: bool = True,
    ):
        super().__init__()
        self.grid = tuple(grid)
        self.see = _convolution(3, width, norm)
        self.gate = (slot or Empty)(width)
        self.again = _convolution(width, second, norm) if second else nn.Identity()
        self.read = nn.Linear((second or width) * grid[0] * grid[1], 10)

    def features(self, x: Tensor) -> Tensor:
        """What enters the gate, (B, C, H/2, W/2)."""
        height, width = x.shape[-2:]
        if (height // 2, width // 2) != self.grid:
            rows, columns = self.grid
            raise ValueError(
                f"wanted pictures with {rows} x {columns} places after a halving, got {height} x {width} "
                "pixels"
            )
        return F.max_pool2d(self.see(x), 2)

    def weights(self, x: Tensor) -> Tensor | None:
        """The gate's weights for pictures, as its docstring describes them; None if it has none."""
        return self.gate.weights(self.features(x)) if hasattr(self.gate, "weights") else None

    def read_with(self, x: Tensor, weights: Tensor) -> Tensor:
        """The scores if the gate's weights were these."""
        return self.read(self.again(self.features(x) * weights).flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.again(self.gate(self.features(x))).flatten(1))


def _convolution(into: int, out: int, norm: bool) -> nn.Sequential:
    scaled = nn.BatchNorm2d(out) if norm else nn.Identity()
    return nn.Sequential(nn.Conv2d(into, out, 3, padding=1, bias=not norm), scaled, nn.ReLU())


class Added(nn.Module):
    """A gate's scores, added to the map instead of multiplied with it, then a ReLU.

    The rival that knows as much of the whole picture as the gate, but does not weigh: it shifts the threshold
    of each ReLU.

    Args:
        gate: the gate whose scores, the logarithm of w / (1 - w), are added.

    Shape:
        As the gate's.
    """

    def __init__(self, gate: nn.Module):
        super().__init__()
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + torch.logit(self.gate.weights(x), eps=1e-6))


class FixedPlaces(nn.Module):
    """Gate each place by a learned number that is the same for every image: a control without a choice.

    Args:
        grid: rows and columns, h and w.

    Shape:
        (B, C, h, w) -> (B, C, h, w), in the units of the input.
    """

    def __init__(self, grid: tuple[int, int]):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(1, 1, *grid))

    def weights(self, x: Tensor) -> Tensor:
        """The gates, (B, 1, h, w), each in (0, 1), the same for each image."""
        return torch.sigmoid(self.scores).expand(len(x), -1, -1, -1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weights(x)


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


def reader(width: float, slot: Builder | None = None, *, second: float = 0) -> Callable[[Setting], nn.Module]:
    """How a contender builds its network: channels as shares of the setting's width."""

    def build(setting: Setting) -> nn.Module:
        channels, more = (round(share * setting["width"]) for share in (width, second))
        grid, norm = GRIDS[setting["cue"]], setting["norm"] == "batch"
        model = CueReader(grid, channels, slot=slot, second=more, norm=norm)
        return model.to(memory_format=torch.channels_last)

    return build


def fixed_places(width: float) -> Callable[[Setting], nn.Module]:
    """How the control with a fixed map of gates builds its network."""
    return lambda setting: reader(width, lambda channels: FixedPlaces(GRIDS[setting["cue"]]))(setting)


def excitation(channels: int) -> SqueezeExcitation:
    """Squeeze and excitation with r = 1: the paper's 16 would leave one hidden unit for 24 channels."""
    return SqueezeExcitation(channels, reduction=1)


def cbam(channels: int) -> CBAM:
    """CBAM with r = 1, for the same reason."""
    return CBAM(channels, reduction=1)


def spatial(channels: int) -> SpatialAttention:
    """CBAM's spatial half; it takes any number of channels."""
    return SpatialAttention()


def normed_cbam(channels: int) -> CBAM:
    """The same with the norm of the authors' published code."""
    return CBAM(channels, reduction=1, norm=True)


def normed_spatial(channels: int) -> SpatialAttention:
    """CBAM's spatial half with the norm of the authors' published code."""
    return SpatialAttention(norm=True)


def shuffled(slot: Builder) -> Builder:
    """A gate whose weights go to the next image of the batch."""
    return lambda channels: Shuffled(slot(channels))


def added(slot: Builder) -> Builder:
    """A gate whose scores are added."""
    return lambda channels: Added(slot(channels))
