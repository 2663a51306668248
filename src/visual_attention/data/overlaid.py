"""Which of several digits is to be read, when a cue in the picture says so?

Two tasks from the same digits. In `by_colour`, three digits lie on top of each other in red, green and blue,
and the colour of a stripe says which one to read: the place says nothing. In `by_place`, four white digits
lie side by side, and a bar beneath one of them says which one to read: the colour says nothing.

Run: python -m visual_attention.data.overlaid
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import digits

COLOURS = ("red", "green", "blue")
PLACES = ("top left", "top right", "bottom left", "bottom right")
SIZE = 8  # pixels of a digit's side
STRIPE = 2  # rows of the stripe that names a colour
BAR = 2  # rows of the bar that marks a place
MARGIN = 1  # empty pixels around


class CuedDigits(NamedTuple):
    """A batch of pictures with a question in them.

    `images` (B, 3, H, W) in [0, 1]; `labels` (B,), the digit to read; `cues` (B,), where it is, an index into
    COLOURS or PLACES; `digits` (B, n), all digits of the picture, one for each colour or place.
    """

    images: Tensor
    labels: Tensor
    cues: Tensor
    digits: Tensor


def by_colour(count: int, *, split: str, generator: torch.Generator | None = None) -> CuedDigits:
    """Three digits in one place; a stripe of a primary colour names the digit to read by its colour.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; or "learning" or "validation", which divide "train" between them.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1 or there is no such split.
    """
    pictures, labels, cues = _draw(count, len(COLOURS), split, generator)
    images = F.pad(pictures, (MARGIN, MARGIN, STRIPE + MARGIN, 0))  # digit n is channel n
    images[torch.arange(count), cues, :STRIPE] = 1.0
    return CuedDigits(images, labels.gather(1, cues[:, None])[:, 0], cues, labels)


def by_place(count: int, *, split: str, generator: torch.Generator | None = None) -> CuedDigits:
    """Four white digits in four places; a bar lies beneath the digit to read.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; or "learning" or "validation", which divide "train" between them.
        generator: seeds everything that is random here.

    Raises:
        ValueError: as `by_colour`.
    """
    pictures, labels, cues = _draw(count, len(PLACES), split, generator)
    cells = F.pad(pictures, (MARGIN, MARGIN, 0, BAR))  # (B, 4, h, w)
    cells[torch.arange(count), cues, SIZE:] = 1.0
    height, width = cells.shape[2:]
    grid = cells.view(count, 2, 2, height, width).transpose(2, 3)  # (B, row, h, column, w)
    images = grid.reshape(count, 1, 2 * height, 2 * width).expand(-1, 3, -1, -1).contiguous()
    return CuedDigits(images, labels.gather(1, cues[:, None])[:, 0], cues, labels)


def _draw(
    count: int, among: int, split: str, generator: torch.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (B, n, 8, 8), their digits (B, n), and which of them is asked for (B,)."""
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    bank, labels = digits.small(split)
    chosen = torch.randint(len(bank), (count, among), generator=generator)
    cues = torch.randint(among, (count,), generator=generator)
    return bank[chosen, 0], labels[chosen], cues


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    for draw, names in ((by_colour, COLOURS), (by_place, PLACES)):
        batch = draw(3, split="test", generator=generator)
        print(f"{draw.__name__}: images {tuple(batch.images.shape)}")
        for label, cue, all_digits in zip(batch.labels, batch.cues, batch.digits, strict=True):
            print(f"  {all_digits.tolist()}: read the {names[cue]} one, {label}")


if __name__ == "__main__":
    main()
