"""How large is the digit, and how much lies beside it?

The cluttered digits of `clutter`, at several sizes of the digit and with several amounts of clutter, so that
a test can say for which pictures something helps. A piece of clutter grows with the digit beside it.

Run: python -m visual_attention.chapters.classification.sizes
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import clutter

CANVAS = 48  # pixels of a picture's side
SIDES = (10, 14, 18, 24)  # pixels of the digit's square: 4, 9, 14 and 25 % of the picture
PIECES = (0, 4, 12)  # pieces of other digits


class SizedDigits(NamedTuple):
    """Images (B, 1, 48, 48) in [0, 1], labels (B,), masks (B, 1, 48, 48), true in the digit's square, and for
    each picture the side of that square (B,) and the pieces of clutter (B,)."""

    images: Tensor
    labels: Tensor
    masks: Tensor
    sides: Tensor
    pieces: Tensor


def cell(
    count: int, *, split: str, side: int, pieces: int, generator: torch.Generator | None = None
) -> SizedDigits:
    """Draw `count` pictures of one size of digit with one amount of clutter.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; the two share no digit and no photograph.
        side: pixels of the digit's square.
        pieces: pieces of clutter.
        generator: seeds everything that is random here.
    """
    drawn = clutter.batch(count, split=split, canvas=CANVAS, digit=side, clutter=pieces, generator=generator)
    return SizedDigits(*drawn, torch.full((count,), side), torch.full((count,), pieces))


def mixed(count: int, *, split: str, generator: torch.Generator | None = None) -> SizedDigits:
    """Draw pictures of all sizes, the same number of each, with amounts of clutter drawn for each size.

    Args:
        count: B, a multiple of the number of sizes.
        split: "train" or "test".
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is no such multiple.
    """
    if count < 1 or count % len(SIDES):
        raise ValueError(f"count: wanted a multiple of the {len(SIDES)} sizes, got {count}")
    amounts = torch.randint(len(PIECES), (len(SIDES),), generator=generator)
    parts = [
        cell(count // len(SIDES), split=split, side=side, pieces=PIECES[amount], generator=generator)
        for side, amount in zip(SIDES, amounts.tolist(), strict=True)
    ]
    return SizedDigits(*(torch.cat(pieces) for pieces in zip(*parts, strict=True)))


def main() -> None:
    drawn = mixed(64, split="train", generator=torch.Generator().manual_seed(0))
    for side in SIDES:
        mine = drawn.sides == side
        share = drawn.masks[mine].float().mean()
        print(f"{int(mine.sum())} digits of {side} pixels, {share:.0%} of the picture")


if __name__ == "__main__":
    main()
