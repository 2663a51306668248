"""What is this piece of a photograph made of?

Small square crops of eight photographs: bricks, fur, coffee, petals and so on. The label is the photograph
that a crop comes from. Training crops come from the left of each photograph, test crops from the right.
Whoever tunes on crops of their own takes "learning" and "validation", which divide the left between them.

Run: python -m visual_attention.data.materials
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import crops, digits

NAMES = ("brick", "cat", "coffee", "flower", "grass", "gravel", "pagoda", "rocket")
SIDE = 160  # pixels to which a photograph is resized before crops are taken
# each split's columns, as shares of the width from the left
COLUMNS = {"train": (0, 0.6), "test": (0.6, 1), "learning": (0, 0.45), "validation": (0.45, 0.6)}


class Crops(NamedTuple):
    """A batch: `images` (B, 3, size, size) in [0, 1] and `labels` (B,), indices into NAMES."""

    images: Tensor
    labels: Tensor


def batch(count: int, *, split: str, size: int = 32, generator: torch.Generator | None = None) -> Crops:
    """Draw crops, each from a random photograph and flipped left to right half of the time.

    Args:
        count: B, crops to draw.
        split: "train" or "test", which share no pixel; or "learning" or "validation", which share none
            either and divide the columns of "train".
        size: side of a crop in pixels, at most 64 and at most the columns of the split.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1, `size` does not fit, or there is no such split.
    """
    if split not in COLUMNS:
        raise ValueError(f"split: wanted one of {', '.join(COLUMNS)}; got {split!r}")
    if count < 1:
        raise ValueError(f"count: wanted at least 1 crop, got {count}")
    first, end = columns(split)
    widest = min(end - first, SIDE - columns("test")[0])
    if not 4 <= size <= widest:
        raise ValueError(f"size: wanted from 4 to {widest} pixels, got {size}")
    labels = torch.randint(len(NAMES), (count,), generator=generator)
    rows = torch.randint(SIDE - size + 1, (count,), generator=generator)
    starts = torch.randint(first, end - size + 1, (count,), generator=generator)
    flips = torch.rand(count, generator=generator) < 0.5
    down, across = (corner[:, None] + torch.arange(size) for corner in (rows, starts))  # (B, size) each
    bank = crops.bank(NAMES, SIDE).movedim(1, -1)  # indices must stand side by side
    images = bank[labels[:, None, None], down[:, :, None], across[:, None]].movedim(-1, 1).contiguous()
    return Crops(torch.where(flips[:, None, None, None], images.flip(3), images), labels)


def columns(split: str) -> tuple[int, int]:
    """The first column of a split, and the one after its last."""
    first, end = COLUMNS[split]
    return round(first * SIDE), round(end * SIDE)


def collage(names: tuple[str, str, str, str]) -> Tensor:
    """Four photographs in one picture, from those parts that training does not show.

    Args:
        names: top left, top right, bottom left, bottom right; each one of NAMES.

    Shape:
        (3, 128, 128), float32 in [0, 1].
    """
    if len(names) != 4 or not set(names) <= set(NAMES):
        raise ValueError(f"names: wanted four of {', '.join(NAMES)}; got {names}")
    border, top = columns("test")[0], (SIDE - 64) // 2
    bank = crops.bank(NAMES, SIDE)
    parts = [bank[NAMES.index(name), :, top : top + 64, border : border + 64] for name in names]
    return torch.cat([torch.cat(parts[:2], dim=2), torch.cat(parts[2:], dim=2)], dim=1)


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    for split in digits.SPLITS:
        drawn = batch(6, split=split, generator=generator)
        print(f"{split}: {tuple(drawn.images.shape)}", ", ".join(NAMES[label] for label in drawn.labels))


if __name__ == "__main__":
    main()
