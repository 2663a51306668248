"""What stays the same when a digit lies elsewhere? Its name: handwritten digits anywhere in a small picture.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.anywhere
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import digits

SIDE, DIGIT = 16, 12  # pixels of a picture and of the square that a digit fills
PLACES = SIDE - DIGIT + 1  # in each direction
MIDDLE = (SIDE - DIGIT) // 2


class Anywhere(NamedTuple):
    """Images (B, 1, 16, 16) in [0, 1], labels (B,), places (B, 2): row and column of the corner."""

    images: Tensor
    labels: Tensor
    places: Tensor


def batch(count: int, *, split: str, anywhere: bool = True, generator: torch.Generator) -> Anywhere:
    """Draw digits; none comes twice before all have come once.

    Args:
        count: B.
        split: as in :func:`visual_attention.data.digits.tight`.
        anywhere: whether each lies at one of 25 places; if not, all lie in the middle.
        generator: seeds everything that is random here.
    """
    bank, labels = digits.tight(split, DIGIT)
    rounds = -(-count // len(bank))
    chosen = torch.cat([torch.randperm(len(bank), generator=generator) for _ in range(rounds)])[:count]
    places = torch.full((count, 2), MIDDLE)
    if anywhere:
        places = torch.randint(PLACES, (count, 2), generator=generator)
    corner = F.pad(bank[chosen], (0, SIDE - DIGIT, 0, SIDE - DIGIT))
    return Anywhere(roll(corner, places), labels[chosen], places)


def moved(shown: Anywhere, places: Tensor) -> Anywhere:
    """The same digits at other places, (B, 2); nothing is cut off."""
    return Anywhere(roll(shown.images, places - shown.places), shown.labels, places)


def elsewhere(shown: Anywhere) -> Anywhere:
    """The same digits, each two pixels further in both directions, from the last places on to the first."""
    return moved(shown, (shown.places + 2) % PLACES)


def roll(images: Tensor, shift: Tensor) -> Tensor:
    """Shift pictures (B, 1, H, W) by rows and columns of their own (B, 2); what leaves comes in opposite."""
    picture = torch.arange(len(images))[:, None, None]
    rows = (torch.arange(images.shape[2]) - shift[:, :1]) % images.shape[2]
    columns = (torch.arange(images.shape[3]) - shift[:, 1:]) % images.shape[3]
    return images[picture, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def main() -> None:
    """Two digits as text."""
    shown = batch(2, split="test", generator=torch.Generator().manual_seed(0))
    for image, label, place in zip(*shown, strict=True):
        print(f"a {label.item()} at row and column {tuple(place.tolist())}")
        print("\n".join("".join(" .:#"[int(3.99 * value)] for value in row) for row in image[0]))


if __name__ == "__main__":
    main()
