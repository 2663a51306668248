"""How do you measure whether the distant parts of a picture agree?

Two handwritten digits in colours lie one above the other at the left edge of a picture, and their mirror
images at the right edge, eight dark pixels away. Left and right agree in colour and in shape, always, so a
made picture can be held to the same rule.

Run: python -m visual_attention.data.mirrored
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import digits
from visual_attention.data.twins import COLOURS

CELL = 8  # pixels of a digit's side
ROWS = 2  # digits one above the other
SIZE = (ROWS * CELL, 3 * CELL)  # (H, W) of a picture: a digit, a gap, the mirror image
INK = 0.1  # a part with less mean brightness holds nothing; the faintest digit has 0.22
CLEAR = 0.95  # cosine of a part's colour to the nearest of COLOURS, below which it is of no clear colour
ALIKE = 0.8  # correlation of two parts' brightness from which they have one shape


class Mirrored(NamedTuple):
    """A batch: `images` (B, 3, 16, 24) in [0, 1]; `digits` and `colours` (B, 2), upper and lower."""

    images: Tensor
    digits: Tensor
    colours: Tensor


class Agreement(NamedTuple):
    """Whether left and right agree, for each of the pairs: `colour`, `shape` and `both`, (B, 2) bool."""

    colour: Tensor
    shape: Tensor
    both: Tensor


def batch(count: int, *, split: str, generator: torch.Generator | None = None) -> Mirrored:
    """Draw pictures of two digits and their mirror images.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; the two have no digit in common.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1 or there is no such split.
    """
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    bank, labels = digits.small(split)
    chosen = torch.randint(len(bank), (count, ROWS), generator=generator)
    colours = torch.randint(len(COLOURS), (count, ROWS), generator=generator)
    left = bank[chosen] * _paint()[colours][..., None, None]  # (B, 2, 3, 8, 8)
    return Mirrored(compose(left, left), labels[chosen], colours)


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


def likeness(first: Tensor, second: Tensor) -> Tensor:
    """The correlation of two parts' brightness: two of (..., 3, 8, 8) -> (...), 0 if one is of one grey."""
    light = [each.clamp(0, 1).amax(dim=-3).flatten(-2) for each in (first, second)]  # (..., 64)
    light = [each - each.mean(dim=-1, keepdim=True) for each in light]
    return F.cosine_similarity(*light, dim=-1)


def strangers(images: Tensor) -> Tensor:
    """The same parts, but each right side is that of the picture before: what agrees, agrees by chance."""
    left, right = parts(images)
    return compose(left, right.roll(1, dims=0))


def _paint() -> Tensor:
    return torch.tensor(list(COLOURS.values()))  # (6, 3)


def main() -> None:
    drawn = batch(2000, split="test", generator=torch.Generator().manual_seed(0))
    print(f"images {tuple(drawn.images.shape)}, upper digits {drawn.digits[:8, 0].tolist()} ...")
    for name, images in (("real", drawn.images), ("right sides exchanged", strangers(drawn.images))):
        shares = (f"{field} {100 * pairs.float().mean():.1f} %" for field, pairs in
                  zip(Agreement._fields, agreement(images), strict=True))  # fmt: skip
        print(f"{name:22}", ", ".join(shares))


if __name__ == "__main__":
    main()
