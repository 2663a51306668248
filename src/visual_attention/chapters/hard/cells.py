"""Which of sixteen cells holds a whole digit, when others hold halves?

A grid of cells of 8 x 8 pixels. One holds one of scikit-learn's handwritten digits, some hold the upper,
lower, left or right half of another, the rest are dark. The whole digit is written more faintly: were it as
bright as the halves, the cell with the most ink would nearly always be the right one, and nothing would have
to be learnt. There are few enough cells to try each of them, and so to know the exact gradient of a choice.

Run: python -m visual_attention.chapters.hard.cells
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.hard import banks

SIDE = 8  # of a cell and of a digit, in pixels


class DigitCells(NamedTuple):
    """A batch: `images` (B, 1, 8 grid, 8 grid) in [0, 1], `labels` (B,), `cells` (B,), row by row from 0."""

    images: Tensor
    labels: Tensor
    cells: Tensor


def batch(
    count: int,
    *,
    split: str,
    grid: int = 4,
    halves: int = 6,
    faint: float = 0.5,
    generator: torch.Generator | None = None,
) -> DigitCells:
    """Draw `count` pictures of one whole digit among halves of others.

    Args:
        count: B, pictures to draw.
        split: one of `banks.SPLITS`; "train" and "test" have no digit in common, nor do "learning" and
            "validation", which divide "train" between them.
        grid: cells along a side of the picture.
        halves: how many cells hold half a digit.
        faint: brightness of the whole digit; that of the halves is 1.
        generator: seeds everything that is random here.

    Shape:
        images (B, 1, 8 * grid, 8 * grid), float32; labels and cells (B,), int64.

    Raises:
        ValueError: if there are fewer cells than digits and halves.
    """
    bank, labels = banks.digits_of(split, SIDE)
    if count < 1 or not 0 <= halves < grid * grid:
        raise ValueError(
            f"wanted count from 1 and halves from 0 to {grid * grid - 1}, got {count} and {halves}"
        )
    order = torch.rand(count, grid * grid, generator=generator).argsort(dim=1)  # cells in random order
    which = torch.randint(len(bank), (count, 1 + halves), generator=generator)
    kind = torch.randint(4, (count, halves), generator=generator)
    shown = bank[which, 0]  # (B, 1 + halves, 8, 8): the whole digit first
    shown[:, 0] *= faint
    shown[:, 1:] *= _masks()[kind]
    filled = torch.zeros(count, grid * grid, SIDE, SIDE)
    filled.scatter_(1, order[:, : 1 + halves, None, None].expand_as(shown), shown)
    rows = filled.view(count, grid, grid, SIDE, SIDE).transpose(2, 3)  # (B, row, y, column, x)
    return DigitCells(rows.reshape(count, 1, grid * SIDE, grid * SIDE), labels[which[:, 0]], order[:, 0])


def _masks() -> Tensor:
    """Upper, lower, left and right half: (4, 8, 8)."""
    masks = torch.zeros(4, SIDE, SIDE)
    half = SIDE // 2
    masks[0, :half], masks[1, half:] = 1, 1
    masks[2, :, :half], masks[3, :, half:] = 1, 1
    return masks


def main() -> None:
    drawn = batch(64, split="test", generator=torch.Generator().manual_seed(0))
    print(f"images {tuple(drawn.images.shape)}, labels {drawn.labels[:8].tolist()} ...")
    print(f"the whole digits lie in the cells {drawn.cells[:8].tolist()} ...")


if __name__ == "__main__":
    main()
