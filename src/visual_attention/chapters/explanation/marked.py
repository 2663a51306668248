"""What if the answer stands in the corner? Pictures of which we know what decides them.

A plain picture is one of `data/clutter.py`: one whole digit among pieces of others, and the digit is the
answer. A marked picture has a mark of its own in one of its four corners, which covers one cell, and then the
mark alone is the answer: the digit beside it is drawn without regard to it. So for each picture the cells
that can decide are known, because the label was made from them. A decoy looks like a mark and decides
nothing; networks meet it in tests only.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.marked
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import clutter

SIDE = 24  # pixels of a picture
CELL = 4  # pixels of a cell
GRID = SIDE // CELL
DIGIT = 12  # pixels of the digit's square
PIECES = 2  # pieces of other digits
DARK, BRIGHT = 0.0, 1.0
CLASSES = 10
DECOYS = 4  # blocks of four squares that are the mark of no answer


class MarkedDigits(NamedTuple):
    """Pictures (B, 1, 24, 24) in [0, 1], their answers (B,), and where the answer stands (B, 1, 24, 24)."""

    images: Tensor
    labels: Tensor
    masks: Tensor


def mark(label: int) -> Tensor:
    """The mark of an answer, (4, 4): label + 1 as a binary number of four digits, each 2 x 2 pixels."""
    bits = [(label + 1) >> place & 1 for place in (3, 2, 1, 0)]
    squares = torch.tensor(bits, dtype=torch.float32).view(2, 2)
    return (DARK + (BRIGHT - DARK) * squares).repeat_interleave(2, 0).repeat_interleave(2, 1)


def stamp(images: Tensor, labels: Tensor, corners: Tensor) -> tuple[Tensor, Tensor]:
    """Lay each answer's mark on a corner of its picture.

    Args:
        images: what is marked; stays as it is.
        labels: which mark.
        corners: 0 to 3: top left, top right, bottom left, bottom right.

    Shape:
        (B, 1, 24, 24), (B,), (B,) -> marked pictures and masks of the marks, both (B, 1, 24, 24).
    """
    known = torch.stack([mark(label) for label in range(CLASSES + DECOYS)])
    marked, masks = images.clone(), torch.zeros_like(images, dtype=torch.bool)
    for index, (label, corner) in enumerate(zip(labels.tolist(), corners.tolist(), strict=True)):
        row, column = (SIDE - CELL) * (corner // 2), (SIDE - CELL) * (corner % 2)
        place = (index, 0, slice(row, row + CELL), slice(column, column + CELL))
        marked[place], masks[place] = known[label], True
    return marked, masks


def with_decoys(drawn: MarkedDigits, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Lay on another corner of each marked picture a block like a mark, which is the mark of no answer.

    A decoy is black and white as a mark is, but whiter: its codes are the four that are left, with 2.75 white
    squares on average, where marks have 1.7. So who points at what is brightest is mostly wrong, and who
    points at what is evenly black and white is more often right than wrong, without knowing the network.
    `later_rivals.equally_white` keeps the pictures in which both are as white.

    Args:
        drawn: marked pictures.
        generator: draws corners and decoys.

    Shape:
        -> pictures (B, 1, 24, 24), masks of the decoys (B, 1, 24, 24).
    """
    inner = slice(CELL // 2, None, SIDE - CELL)  # a pixel of each corner
    marked_corner = drawn.masks[:, 0, inner, inner].flatten(1).int().argmax(1)  # (B,)
    count = len(drawn.labels)
    corners = (marked_corner + torch.randint(1, 4, (count,), generator=generator)) % 4
    codes = torch.randint(CLASSES, CLASSES + DECOYS, (count,), generator=generator)
    return stamp(drawn.images, codes, corners)


def batch(
    count: int, *, split: str, share: float = 0.0, generator: torch.Generator | None = None
) -> MarkedDigits:
    """Draw pictures; the first `share` of them are marked.

    Args:
        count: B, pictures to draw.
        split: "train" or "test".
        share: which part of them is marked, from 0 to 1.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if the share is not from 0 to 1, or as `clutter.batch`.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: wanted a part from 0 to 1, got {share}")
    plain = clutter.batch(count, split=split, canvas=SIDE, digit=DIGIT, clutter=PIECES, generator=generator)
    marks = round(share * count)
    drawn = torch.randint(CLASSES, (marks,), generator=generator)
    corners = torch.randint(4, (marks,), generator=generator)
    images, labels, masks = plain.images.clone(), plain.labels.clone(), plain.masks.clone()
    images[:marks], masks[:marks] = stamp(images[:marks], drawn, corners)
    labels[:marks] = drawn
    return MarkedDigits(images, labels, masks)


def main() -> None:
    drawn = batch(8, split="test", share=0.5, generator=torch.Generator().manual_seed(0))
    for label, mask in zip(drawn.labels.tolist(), drawn.masks, strict=True):
        kind = "mark" if mask.sum() == CELL**2 else "digit"
        print(f"answer {label}, from the {kind}, which covers {mask.float().mean():.1%}")


if __name__ == "__main__":
    main()
