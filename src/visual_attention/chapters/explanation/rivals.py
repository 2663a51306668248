"""What does a map score that knows nothing of the network? The rivals of every method.

Each has the form of a method and asks no network: two see nothing at all, the others see the picture. They
stand in the rule, so that a method passes only if it beats every one of them. On marks none of them can be
right for more than half: what is a mark to a network is a decoy to its twin (`marked.py`).

Chapter: notebooks/deeper/explanation.ipynb
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.explanation.fillings import grey
from visual_attention.chapters.explanation.maps import Method, cells
from visual_attention.chapters.explanation.marked import CELL, GRID
from visual_attention.data.clutter import BACKGROUND


def at_random(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """A number from 0 to 1 for each cell, drawn without a look at anything."""
    generator = torch.Generator().manual_seed(len(images))
    return torch.rand(len(images), 1, GRID, GRID, generator=generator)


def centre(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The nearer to the middle of the picture, the more, for things tend to be there."""
    steps = torch.arange(GRID) - (GRID - 1) / 2
    near = torch.exp(-(steps[:, None] ** 2 + steps**2) / GRID)
    return near.expand(len(images), 1, GRID, GRID).clone()


def contrast(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """How far the pixels of a cell are from the picture's mean.

    Integrated gradients are such differences, each times a mean slope; this is what is left of them when the
    network is taken out.
    """
    return cells((images - grey(images)).abs())


def spread(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The standard deviation of a cell's pixels: highest where half is black and half is white."""
    mean = F.avg_pool2d(images, CELL)
    return (F.avg_pool2d(images.square(), CELL) - mean.square()).clamp(min=0).sqrt()


def spread_and_dark(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """The spread, less a quarter of the mean brightness."""
    return spread(model, images, answers) - F.avg_pool2d(images, CELL) / 4


def edges(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """How much neighbouring pixels of a cell differ: unlike the others it sees how a cell is arranged."""
    down, right = torch.zeros_like(images), torch.zeros_like(images)
    down[:, :, :-1], right[..., :-1] = images.diff(dim=2).abs(), images.diff(dim=3).abs()
    down[:, :, CELL - 1 :: CELL], right[..., CELL - 1 :: CELL] = 0, 0  # from one cell to the next
    return cells(down + right)


def smoothed_and_centred(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """Contrast, its mean over 3 x 3 cells, weighed by nearness to the middle: a digit is large and there."""
    return around(contrast(model, images, answers)) * centre(model, images, answers)


def ink(model: nn.Module, images: Tensor, answers: Tensor) -> Tensor:
    """What is brighter than any background, its mean over 3 x 3 cells, weighed by nearness to the middle."""
    return around(cells((images - BACKGROUND).clamp(min=0))) * centre(model, images, answers)


def around(found: Tensor) -> Tensor:
    """The mean over 3 x 3 cells, beyond the frame there is nothing: (B, 1, 6, 6) -> (B, 1, 6, 6)."""
    return F.avg_pool2d(found, 3, stride=1, padding=1)


RIVALS: dict[str, Method] = {
    "at random": at_random,
    "centre": centre,
    "contrast": contrast,
    "spread": spread,
    "spread and dark": spread_and_dark,
    "edges": edges,
    "smoothed and centred": smoothed_and_centred,
    "ink": ink,
}
