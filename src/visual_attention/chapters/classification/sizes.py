"""How large is the digit, and how much lies beside it?

The cluttered digits of `clutter`, at several sizes of the digit and with several amounts of clutter, so that
a test can say for which pictures something helps. A piece of clutter grows with the digit beside it.

Run: python -m visual_attention.chapters.classification.sizes
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import clutter

CANVAS = 48  # pixels of a picture's side
SIDES = (10, 14, 18, 24)  # pixels of the digit's square: 4, 9, 14 and 25 % of the picture
PIECES = (0, 4, 12)  # pieces of other digits
TOGETHER = 16  # pictures for which amounts of clutter are drawn at once


class SizedDigits(NamedTuple):
    """Images (B, 1, H, H) in [0, 1], labels (B,), masks (B, 1, H, H), true in the digit's square, and for
    each picture the side of that square (B,) and the pieces of clutter (B,)."""

    images: Tensor
    labels: Tensor
    masks: Tensor
    sides: Tensor
    pieces: Tensor


def cell(
    count: int,
    *,
    split: str,
    side: int,
    pieces: int,
    canvas: int = CANVAS,
    generator: torch.Generator | None = None,
) -> SizedDigits:
    """Draw `count` pictures of one size of digit with one amount of clutter.

    Args:
        count: B, pictures to draw.
        split: one of `clutter.batch`'s; "train" and "test" share no digit and no photograph.
        side: pixels of the digit's square.
        pieces: pieces of clutter.
        canvas: pixels of a picture's side.
        generator: seeds everything that is random here.
    """
    drawn = clutter.batch(count, split=split, canvas=canvas, digit=side, clutter=pieces, generator=generator)
    return SizedDigits(*drawn, torch.full((count,), side), torch.full((count,), pieces))


def mixed(
    count: int,
    *,
    split: str,
    sides: Sequence[int] = SIDES,
    amounts: Sequence[int] = PIECES,
    canvas: int = CANVAS,
    generator: torch.Generator | None = None,
) -> SizedDigits:
    """Draw pictures of all sizes, the same number of each, with amounts of clutter drawn by lot.

    They come sixteen at a time; in each sixteen, the pictures of one size have one amount of clutter.

    Args:
        count: B, a multiple of the number of sizes.
        split: one of `clutter.batch`'s.
        sides: the sizes, four or fewer.
        amounts: the amounts of clutter.
        canvas: pixels of a picture's side.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is no such multiple.
    """
    if count < 1 or count % len(sides):
        raise ValueError(f"count: wanted a multiple of the {len(sides)} sizes, got {count}")
    each = TOGETHER // len(sides)
    parts = []
    for start in range(0, count // len(sides), each):
        some = min(each, count // len(sides) - start)
        for side in sides:
            pieces = amounts[torch.randint(len(amounts), (), generator=generator)]
            drawn = cell(some, split=split, side=side, pieces=pieces, canvas=canvas, generator=generator)
            parts.append(drawn)
    return SizedDigits(*(torch.cat(pieces) for pieces in zip(*parts, strict=True)))


def main() -> None:
    drawn = mixed(64, split="train", generator=torch.Generator().manual_seed(0))
    for side in SIDES:
        mine = drawn.sides == side
        share = drawn.masks[mine].float().mean()
        print(f"{int(mine.sum())} digits of {side} pixels, {share:.0%} of the picture")


if __name__ == "__main__":
    main()
