"""What lies behind the things of a picture?

A random window of a random photograph. Each data set says which photographs it takes and how large they are;
how dark, mirrored or tinted a window is, is its own affair too.

Run: python -m visual_attention.data.crops
"""

import functools

import torch
from torch import Tensor

from visual_attention.data import photographs

# On which things lie: others in training than in test. The cat and the coins lend objects and are none.
BACKGROUNDS = {"train": ("brick", "coffee", "grass", "pagoda"), "test": ("flower", "gravel", "rocket")}


@functools.cache
def bank(names: tuple[str, ...], side: int, *, grey: bool = False, stretched: bool = False) -> Tensor:
    """Photographs of one size, read once.

    The tensor is shared between callers: copy before you write into it.

    Args:
        names: which, P of them, as `photographs.load` knows them.
        side: pixels to which each is brought.
        grey: whether one channel holds the mean of the three.
        stretched: whether the darkest pixel of each becomes 0 and the brightest 1.

    Shape:
        (P, 3, side, side), or (P, 1, side, side) if grey; float32 in [0, 1].
    """
    pictures = torch.stack([photographs.load(name, side) for name in names])
    if grey:
        pictures = pictures.mean(dim=1, keepdim=True)
    if stretched:
        low, high = (extreme((1, 2, 3), keepdim=True) for extreme in (pictures.amin, pictures.amax))
        pictures = (pictures - low) / (high - low)
    return pictures


def draw(pictures: Tensor, count: int, size: int, *, generator: torch.Generator | None = None) -> Tensor:
    """Random square windows of random pictures, each place as likely as any other.

    First all pictures are drawn, then row and column of each window's corner.

    Args:
        pictures: P square pictures.
        count: n, windows to draw.
        size: side of a window in pixels.
        generator: seeds both.

    Shape:
        (P, C, side, side) -> (n, C, size, size)

    Raises:
        ValueError: if the pictures are not square, or a window does not fit in them.
    """
    height, width = pictures.shape[-2:]
    if height != width:
        raise ValueError(f"pictures: wanted square ones, got {height} x {width} pixels")
    if not 1 <= size <= width:
        raise ValueError(f"size: wanted a window of 1 to {width} pixels, got {size}")
    which = torch.randint(len(pictures), (count,), generator=generator)
    corner = torch.randint(width - size + 1, (count, 2, 1), generator=generator)
    rows, columns = (corner + torch.arange(size)).unbind(dim=1)  # (n, size) each
    last = pictures.movedim(1, -1)  # indices must stand side by side
    return last[which[:, None, None], rows[:, :, None], columns[:, None]].movedim(-1, 1)


def main() -> None:
    pictures = bank(("grass", "gravel"), 100, grey=True)
    windows = draw(pictures, 4, 40, generator=torch.Generator().manual_seed(0))
    print(f"{tuple(windows.shape)} from {tuple(pictures.shape)}, brightness", end="")
    print(*(f" {window.mean():.2f}" for window in windows))


if __name__ == "__main__":
    main()
