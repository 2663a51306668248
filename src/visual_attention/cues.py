"""Which networks may find a cue that lies far from what they decide about?

One convolution, a gate, and a linear reader. A convolution alone sees a few pixels around each place, so it
cannot know the cue; a gate that looks further can. The contenders of two contests are built here; what they
are asked, and how they are cut, is in `cue_task.py`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.experiments.question import Setting
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.slots import Builder, Empty, Shuffled
from visual_attention.mechanisms.spatial import SpatialAttention

GRIDS = {"colour": (5, 5), "place": (10, 10), "nowhere": (7, 7)}  # rows and columns of the halved map, by cue


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
