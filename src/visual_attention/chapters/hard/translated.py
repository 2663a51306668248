"""What if the digit may lie anywhere, and bits of other digits lie about?

Translated, cluttered MNIST after Mnih et al. (2014): a whole digit of 28 x 28 pixels at a random place of a
large black canvas, and small pieces cut from other digits at random places, on the digit too.

Run: python -m visual_attention.chapters.hard.translated
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.hard import banks

DIGIT = banks.MNIST


class TranslatedDigits(NamedTuple):
    """A batch: `images` (B, 1, H, W) in [0, 1], `labels` (B,), and `centres` (B, 2) of the digits.

    A centre is (x, y) in [-1, 1], x right, y down: (-1, -1) is the top left corner of the picture, (1, 1) the
    bottom right one.
    """

    images: Tensor
    labels: Tensor
    centres: Tensor


def batch(
    count: int,
    *,
    split: str,
    canvas: int = 60,
    clutter: int = 4,
    piece: int = 8,
    digit: int = DIGIT,
    generator: torch.Generator | None = None,
) -> TranslatedDigits:
    """Draw `count` pictures of one digit somewhere among pieces of others.

    The digits of the two splits, and the pieces that are cut from them, have nothing in common.

    Args:
        count: B, pictures to draw.
        split: one of `banks.SPLITS`.
        canvas: side of a picture in pixels.
        clutter: pieces of other digits in each picture.
        piece: side of a piece in pixels.
        digit: side of a digit in pixels, 28 for MNIST as it is.
        generator: seeds everything that is random here.

    Shape:
        images (B, 1, canvas, canvas), float32 in [0, 1]; labels (B,), int64; centres (B, 2), in [-1, 1].

    Raises:
        ValueError: if a number is out of its range: the digit and the pieces must fit.
    """
    bank, labels = banks.digits_of(split, digit)
    if count < 1 or clutter < 0:
        raise ValueError(f"wanted count from 1 and clutter from 0, got {count} and {clutter}")
    if canvas < digit:
        raise ValueError(f"canvas: wanted at least {digit} pixels, a digit's side, got {canvas}")
    if not 1 <= piece <= digit:
        raise ValueError(f"piece: wanted from 1 to {digit} pixels, got {piece}")
    chosen = _integers(len(bank), (count,), generator)
    corners = _integers(canvas - digit + 1, (count, 1, 2), generator)  # (B, 1, 2): row, column
    pictures = torch.zeros(count, canvas * canvas)
    _paste(pictures, bank[chosen], corners, canvas)
    if clutter:
        cuts = _pieces(bank, piece, (count, clutter), generator)
        _paste(pictures, cuts, _integers(canvas - piece + 1, (count, clutter, 2), generator), canvas)
    centres = (2 * corners[:, 0].flip(-1) + digit) / canvas - 1  # row, column -> x, y
    return TranslatedDigits(pictures.view(count, 1, canvas, canvas), labels[chosen], centres)


def _pieces(bank: Tensor, side: int, shape: tuple[int, int], generator: torch.Generator | None) -> Tensor:
    """Square pieces of random digits: (B, P, side, side)."""
    total = shape[0] * shape[1]
    which = _integers(len(bank), (total,), generator)
    high = bank.shape[-1] - side + 1
    rows, columns = _integers(high, (2, total, 1), generator) + torch.arange(side)  # (total, side)
    cuts = bank[which[:, None, None], 0, rows[:, :, None], columns[:, None, :]]
    return cuts.view(*shape, side, side)


def _paste(pictures: Tensor, stamps: Tensor, corners: Tensor, width: int) -> None:
    """Lay stamps on pictures, the brighter wins: (B, width * width), (B, P, s, s), (B, P, 2)."""
    steps = torch.arange(stamps.shape[-1])
    rows, columns = corners[..., 0, None] + steps, corners[..., 1, None] + steps  # (B, P, s)
    places = rows[..., :, None] * width + columns[..., None, :]  # (B, P, s, s)
    pictures.scatter_reduce_(1, places.flatten(1), stamps.flatten(1), reduce="amax")


def _integers(high: int, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    return torch.randint(high, shape, generator=generator)


def main() -> None:
    drawn = batch(64, split="test", generator=torch.Generator().manual_seed(0))
    print(f"images {tuple(drawn.images.shape)}, labels {drawn.labels[:10].tolist()} ...")
    low, high = drawn.centres.min().item(), drawn.centres.max().item()
    print(f"digits' centres lie between {low:.2f} and {high:.2f}")


if __name__ == "__main__":
    main()
