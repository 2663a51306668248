"""From which photograph is this piece? Real pictures, small enough for a network that trains in seconds.

Twelve photographs are cut into blocks of 24 x 24 pixels. Some blocks are for learning, others for validation
and for the test, side by side all over each photograph; a piece is a window of 16 x 16 pixels of one block,
so that the splits share no pixel.

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.chapters.channel.pieces
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import crops

NAMES = (
    "astronaut", "brick", "camera", "cat", "coffee", "coins", "flower", "grass", "gravel", "pagoda", "retina",
    "rocket",
)  # fmt: skip
SIDE, BLOCK = 240, 24  # pixels of a photograph and of a block
PIECE = 16  # pixels of a piece's side
GROUPS = {"test": (0,), "validation": (1,), "train": (2, 3, 4)}  # of the five groups of blocks


class Pieces(NamedTuple):
    """A batch: `images` (B, 3, 16, 16) in [0, 1], `labels` (B,), indices into NAMES."""

    images: Tensor
    labels: Tensor


@functools.cache
def blocks(split: str) -> Tensor:
    """The corners of a split's blocks, (N, 2): row and column. Rows and columns have all five groups."""
    if split not in GROUPS:
        raise ValueError(f"split: wanted one of {', '.join(GROUPS)}; got {split!r}")
    across = SIDE // BLOCK
    corners = [
        (BLOCK * row, BLOCK * column)
        for row in range(across)
        for column in range(across)
        if (row + 2 * column) % 5 in GROUPS[split]
    ]
    return torch.tensor(corners)


def batch(count: int, *, split: str, generator: torch.Generator, size: int = PIECE) -> Pieces:
    """Draw pieces, each flipped left to right half of the time.

    Args:
        count: B.
        split: "train", "validation" or "test"; no two share a pixel.
        generator: seeds everything that is random here.
        size: pixels of a piece's side, at most 24.
    """
    if not 4 <= size <= BLOCK:
        raise ValueError(f"size: wanted from 4 to {BLOCK} pixels, got {size}")
    labels = torch.randint(len(NAMES), (count,), generator=generator)
    chosen = blocks(split)[torch.randint(len(blocks(split)), (count,), generator=generator)]
    corner = chosen + torch.randint(BLOCK - size + 1, (count, 2), generator=generator)
    flips = torch.rand(count, generator=generator) < 0.5
    rows, columns = (corner[:, :, None] + torch.arange(size)).unbind(1)  # (B, size) each
    columns = torch.where(flips[:, None], columns.flip(1), columns)
    last = crops.bank(NAMES, SIDE).movedim(1, -1)  # indices must stand side by side
    images = last[labels[:, None, None], rows[:, :, None], columns[:, None]].movedim(-1, 1)
    return Pieces(images.contiguous(), labels)


def main() -> None:
    """What one batch shows."""
    generator = torch.Generator().manual_seed(0)
    for split in GROUPS:
        drawn = batch(4, split=split, generator=generator)
        print(f"{split:10} {len(blocks(split))} blocks a photograph;", *(NAMES[k] for k in drawn.labels))


if __name__ == "__main__":
    main()
