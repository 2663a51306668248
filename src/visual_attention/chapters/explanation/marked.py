"""What if the answer stands in the corner? Pictures of which we know what decides them.

A plain picture is one of `data/clutter.py`: one whole digit among pieces of others, and the digit is the
answer. A marked picture has a mark of its own in one of its four corners, which covers one cell, and then the
mark alone is the answer: the digit beside it is drawn without regard to it. A decoy is such a block, too, and
the mark of no answer. So for each picture the cells that can decide are known, because the label was made
from them.

Each block has eight dominoes, four white and four black; only their arrangement says whether it is a mark,
and of which answer. Which arrangements are marks is drawn for each pair of networks, and what is a mark to
the one is a decoy to the other, its twin. So the same picture has one answer for each of them, from two
corners, and no map that does not ask the network can be right for both.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.marked
"""

from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import clutter

SIDE = 24  # pixels of a picture
CELL = 4  # pixels of a cell
GRID = SIDE // CELL
DIGIT = 12  # pixels of the digit's square
PIECES = 2  # pieces of other digits
DOMINOES, WHITE = 8, 4  # of a block, and how many of them are white
CLASSES = 10
CODES = 70_000  # where the seeds of the codes begin
NOTHING = -1  # what a corner without a decoy says


class MarkedDigits(NamedTuple):
    """Pictures, their answers, and where the answer stands; the same of decoys.

    `images` (B, 1, 24, 24) in [0, 1]; `labels` (B,); `masks` (B, 1, 24, 24), true where the answer stands;
    `idle` (B,), what the decoy says to the twin, -1 where there is none; `decoys` as `masks`.
    """

    images: Tensor
    labels: Tensor
    masks: Tensor
    idle: Tensor
    decoys: Tensor


def arrangements() -> Tensor:
    """All blocks of eight dominoes, 1 x 2 pixels each, of which four are white (1): (70, 4, 4)."""
    blocks = torch.zeros(0, DOMINOES)
    for white in combinations(range(DOMINOES), WHITE):
        block = torch.zeros(1, DOMINOES)
        block[0, list(white)] = 1
        blocks = torch.cat([blocks, block])
    return blocks.view(-1, CELL, CELL // 2).repeat_interleave(2, 2)


def codebook(seed: int) -> Tensor:
    """The blocks of a network, (20, 4, 4): first the marks of the ten answers, then ten that mean nothing.

    Twins are an even seed and the odd one after it: what is a mark to the one means nothing to the other.
    """
    drawn = torch.Generator().manual_seed(CODES + seed // 2)
    blocks = arrangements()
    chosen = blocks[torch.randperm(len(blocks), generator=drawn)[: 2 * CLASSES]]
    return chosen.roll(CLASSES, 0) if seed % 2 else chosen


def stamp(images: Tensor, blocks: Tensor, corners: Tensor) -> tuple[Tensor, Tensor]:
    """Lay a block on a corner of each picture.

    Args:
        images: what is marked; stays as it is.
        blocks: what is laid on each.
        corners: 0 to 3: top left, top right, bottom left, bottom right.

    Shape:
        (B, 1, 24, 24), (B, 4, 4), (B,) -> marked pictures and masks of the blocks, both (B, 1, 24, 24).
    """
    steps = torch.arange(CELL)
    rows = (SIDE - CELL) * (corners // 2)[:, None, None] + steps[:, None]  # (B, 4, 1)
    columns = (SIDE - CELL) * (corners % 2)[:, None, None] + steps  # (B, 1, 4)
    place = (torch.arange(len(images))[:, None, None], 0, rows, columns)
    marked, masks = images.clone(), torch.zeros_like(images, dtype=torch.bool)
    marked[place], masks[place] = blocks, True
    return marked, masks


def batch(
    count: int,
    *,
    split: str,
    share: float = 0.0,
    decoys: float = 0.0,
    code: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> MarkedDigits:
    """Draw pictures; the first `share` of them are marked.

    Args:
        count: B, pictures to draw.
        split: "train" or "test".
        share: which part of them is marked, from 0 to 1.
        decoys: how probable a decoy is in each, marked or not, from 0 to 1.
        code: the network's blocks, (20, 4, 4); those of seed 0 by default.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if a share is not from 0 to 1, or as `clutter.batch`.
    """
    for name, part in (("share", share), ("decoys", decoys)):
        if not 0 <= part <= 1:
            raise ValueError(f"{name}: wanted a part from 0 to 1, got {part}")
    blocks = codebook(0) if code is None else code
    plain = clutter.batch(count, split=split, canvas=SIDE, digit=DIGIT, clutter=PIECES, generator=generator)
    images, labels, masks = plain.images.clone(), plain.labels.clone(), plain.masks.clone()
    said, idle = torch.randint(CLASSES, (2, count), generator=generator)
    corners = torch.randint(4, (count,), generator=generator)
    others = (corners + torch.randint(1, 4, (count,), generator=generator)) % 4
    fooling = torch.rand(count, generator=generator) < decoys
    first = slice(round(share * count))
    images[first], masks[first] = stamp(images[first], blocks[said[first]], corners[first])
    labels[first] = said[first]
    fooled = torch.zeros_like(masks)
    images[fooling], fooled[fooling] = stamp(
        images[fooling], blocks[CLASSES + idle[fooling]], others[fooling]
    )
    return MarkedDigits(images, labels, masks, idle.where(fooling, torch.tensor(NOTHING)), fooled)


def for_twin(drawn: MarkedDigits) -> MarkedDigits:
    """The same pictures as the twin of a network sees them: the decoy decides, and the mark means nothing.

    Raises:
        ValueError: if a picture has no decoy.
    """
    if (drawn.idle == NOTHING).any():
        raise ValueError("wanted a decoy in each picture, got one without")
    return MarkedDigits(drawn.images, drawn.idle, drawn.decoys, drawn.labels, drawn.masks)


def main() -> None:
    drawn = batch(8, split="test", share=0.5, decoys=0.5, generator=torch.Generator().manual_seed(0))
    for label, mask, decoy in zip(drawn.labels.tolist(), drawn.masks, drawn.decoys, strict=True):
        kind = "mark" if mask.sum() == CELL**2 else "digit"
        beside = "beside a decoy" if decoy.any() else "alone"
        print(f"answer {label}, from the {kind}, which covers {mask.float().mean():.1%}, {beside}")


if __name__ == "__main__":
    main()
