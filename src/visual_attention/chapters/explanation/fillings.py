"""By what is a cell replaced when it is taken away? There is no picture of nothing.

Each filling gives, for a batch of pictures, the pictures from which the removed cells are taken. Which one is
used is part of the answer: a grey square is a shape that no training picture has, a blurred cell still says a
little, and a cell of another picture brings evidence of its own.

Chapter: notebooks/deeper/explanation.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

KERNEL = 9  # pixels over which a blur takes the mean


def grey(images: Tensor) -> Tensor:
    """Each picture's own mean brightness, everywhere: (B, 1, H, W) -> (B, 1, H, W)."""
    return images.mean((1, 2, 3), keepdim=True).expand_as(images)


def blur(images: Tensor) -> Tensor:
    """The mean over 9 x 9 pixels around each, taken twice: (B, 1, H, W) -> (B, 1, H, W)."""
    for _ in range(2):
        images = F.avg_pool2d(F.pad(images, [KERNEL // 2] * 4, mode="reflect"), KERNEL, stride=1)
    return images


def another(images: Tensor) -> Tensor:
    """The next picture of the batch, the first for the last: (B, 1, H, W) -> (B, 1, H, W).

    Raises:
        ValueError: if there is only one picture.
    """
    if len(images) < 2:
        raise ValueError("wanted at least two pictures, so that one can stand in for another, got 1")
    return images.roll(-1, dims=0)


FILLINGS: dict[str, Callable[[Tensor], Tensor]] = {"grey": grey, "blur": blur, "another picture": another}


def pixels(cells: Tensor, side: int) -> Tensor:
    """A number for each cell becomes one for each pixel of it: (B, 1, h, w) -> (B, 1, side, side)."""
    return F.interpolate(cells.float(), size=(side, side), mode="nearest")


def replace(images: Tensor, filling: Tensor, cells: Tensor) -> Tensor:
    """Take the chosen cells from the filling and all others from the pictures.

    Shape:
        (B, 1, H, H), (B, 1, H, H), (B, 1, h, w) bool -> (B, 1, H, H).
    """
    return torch.where(pixels(cells, images.shape[-1]) > 0.5, filling, images)
