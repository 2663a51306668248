"""How do you measure whether the distant parts of a picture agree?

Two coloured shapes lie one above the other at the left edge of a picture, and their mirror images at the
right edge, eight dark pixels away. Left and right agree in colour and in shape, always, so a made picture can
be held to the same rule.

Run: python -m visual_attention.chapters.generation.mirrored
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data.colours import COLOURS
from visual_attention.data.digits import check_split

DRAWN = {
    "disc": "........ ..####.. .######. .######. .######. .######. ..####.. ........",
    "ring": ".######. ######## ##....## ##....## ##....## ##....## ######## .######.",
    "cross": "...##... ...##... ...##... ######## ######## ...##... ...##... ...##...",
    "steps": "##...... ##...... ####.... ####.... ######.. ######.. ######## ########",
}
CELL = 8  # pixels of a shape's side
ROWS = 2  # shapes one above the other
SIZE = (ROWS * CELL, 3 * CELL)  # (H, W) of a picture: a shape, a gap, its mirror image
KINDS = len(DRAWN) * len(COLOURS)  # what a pair may be: 24 shapes in colours
HELD_OUT = 5  # every fifth pair of kinds, upper and lower, is for testing
INK = 0.1  # a part with less mean brightness holds nothing; the thinnest shape has 0.43
CLEAR = 0.95  # cosine of a part's colour to the nearest of COLOURS, below which it is of no clear colour
ALIKE = (
    0.8  # correlation of brightness from which two parts have one shape; two shapes reach 0.38 at the most
)


class Mirrored(NamedTuple):
    """A batch: `images` (B, 3, 16, 24) in [0, 1]; `shapes` and `colours` (B, 2), upper and lower."""

    images: Tensor
    shapes: Tensor
    colours: Tensor


class Agreement(NamedTuple):
    """Whether left and right agree, for each of the pairs: `colour`, `shape` and `both`, (B, 2) bool."""

    colour: Tensor
    shape: Tensor
    both: Tensor


def batch(count: int, *, split: str, generator: torch.Generator | None = None) -> Mirrored:
    """Draw pictures of two shapes and their mirror images.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; they have no picture in common, though every shape in every colour occurs in
            both.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1 or there is no such split.
    """
    check_split(split)
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    upper = torch.randint(KINDS, (count,), generator=generator)
    below = torch.arange(KINDS)
    allowed = held_out(upper[:, None], below) == (split == "test")  # (B, 24)
    lower = torch.multinomial(allowed.float(), 1, generator=generator)[:, 0]
    kinds = torch.stack([upper, lower], dim=1)
    shapes, colours = kinds // len(COLOURS), kinds % len(COLOURS)
    left = masks()[shapes][:, :, None] * _paint()[colours][..., None, None]  # (B, 2, 3, 8, 8)
    return Mirrored(compose(left, left), shapes, colours)


def held_out(upper: Tensor, lower: Tensor) -> Tensor:
    """Whether a picture of these kinds, each from 0 to 23, is for testing."""
    return (upper + lower) % HELD_OUT == HELD_OUT - 1


def masks() -> Tensor:
    """The shapes, (4, 8, 8) of 0 and 1."""
    return torch.tensor(
        [[[sign == "#" for sign in row] for row in drawn.split()] for drawn in DRAWN.values()]
    ).float()


def compose(left: Tensor, right: Tensor) -> Tensor:
    """Lay parts into pictures, the right ones mirrored: two of (B, 2, 3, 8, 8) -> (B, 3, 16, 24)."""
    rows = torch.cat([left, torch.zeros_like(left), right.flip(4)], dim=4)  # (B, 2, 3, 8, 24)
    return rows.transpose(1, 2).flatten(2, 3)


def parts(images: Tensor) -> tuple[Tensor, Tensor]:
    """What `compose` was given: the left parts and, mirrored back, the right ones, each (B, 2, 3, 8, 8).

    Raises:
        ValueError: if the pictures are not (B, 3, 16, 24).
    """
    if images.ndim != 4 or images.shape[1:] != (3, *SIZE):
        raise ValueError(f"wanted pictures (B, 3, {SIZE[0]}, {SIZE[1]}), got {tuple(images.shape)}")
    rows = images.unflatten(2, (ROWS, CELL)).transpose(1, 2)  # (B, 3, 16, 24) -> (B, 2, 3, 8, 24)
    return rows[..., :CELL], rows[..., -CELL:].flip(4)


def agreement(images: Tensor) -> Agreement:
    """Whether each pair's parts have one colour and one shape.

    A part's colour is the nearest of COLOURS to the sum of its pixels, by angle; a part that is almost dark
    or of no clear colour agrees with nothing. Shapes are alike if the brightness of the left part and of the
    right, mirrored back, correlate by ALIKE or more.
    """
    left, right = parts(images)
    named = colour_of(left)
    colour = (named == colour_of(right)) & (named >= 0)
    shape = likeness(left, right) >= ALIKE
    return Agreement(colour, shape, colour & shape)


def colour_of(part: Tensor) -> Tensor:
    """The index into COLOURS of each part, or -1 for none: (..., 3, 8, 8) -> (...)."""
    total = part.clamp(0, 1).mean(dim=(-2, -1))  # (..., 3)
    cosine, nearest = (F.normalize(total, dim=-1) @ F.normalize(_paint(), dim=-1).T).max(dim=-1)
    clear = (cosine >= CLEAR) & (total.amax(dim=-1) >= INK)
    return torch.where(clear, nearest, -1)


def shape_of(part: Tensor) -> Tensor:
    """The index of the shape that each part resembles by ALIKE or more, or -1: (..., 3, 8, 8) -> (...)."""
    drawn = masks()[:, None].expand(-1, 3, -1, -1)  # (4, 3, 8, 8)
    closest, nearest = likeness(part[..., None, :, :, :], drawn).max(dim=-1)
    return torch.where(closest >= ALIKE, nearest, -1)


def likeness(first: Tensor, second: Tensor) -> Tensor:
    """The correlation of two parts' brightness: two of (..., 3, 8, 8) -> (...), 0 if one is of one grey."""
    light = [each.clamp(0, 1).amax(dim=-3).flatten(-2) for each in (first, second)]  # (..., 64)
    light = [each - each.mean(dim=-1, keepdim=True) for each in light]
    return F.cosine_similarity(*light, dim=-1)


def kinds_of(images: Tensor) -> Tensor:
    """Which of the 24 kinds each pair is, judged by its left part, or -1: (B, 3, 16, 24) -> (B, 2)."""
    left, _ = parts(images)
    shape, colour = shape_of(left), colour_of(left)
    return torch.where((shape >= 0) & (colour >= 0), shape * len(COLOURS) + colour, -1)


def counterparts(grid: tuple[int, int]) -> Tensor:
    """The patch that mirrors each patch of a grid, row by row: (rows, columns) -> (rows * columns,)."""
    return torch.arange(grid[0] * grid[1]).view(grid).flip(1).flatten()


def strangers(images: Tensor) -> Tensor:
    """The same parts, but each right side is that of the picture before: what agrees, agrees by chance."""
    left, right = parts(images)
    return compose(left, right.roll(1, dims=0))


def _paint() -> Tensor:
    return torch.tensor(list(COLOURS.values()))  # (6, 3)


def main() -> None:
    drawn = batch(4000, split="test", generator=torch.Generator().manual_seed(0))
    print(f"images {tuple(drawn.images.shape)}, upper shapes {drawn.shapes[:8, 0].tolist()} ...")
    for name, images in (("real", drawn.images), ("right sides exchanged", strangers(drawn.images))):
        pairs = zip(Agreement._fields, agreement(images), strict=True)
        print(f"{name:22}", ", ".join(f"{field} {100 * each.float().mean():.1f} %" for field, each in pairs))


if __name__ == "__main__":
    main()
