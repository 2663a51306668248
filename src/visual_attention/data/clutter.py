"""Where is the digit, when most of the picture is something else?

Each picture holds one whole handwritten digit at a random place, over a crop of a photograph, among pieces
cut from other digits. The pieces have the digit's brightness and strokes, so that neither gives it away: only
its shape does.

Run: python -m visual_attention.data.clutter
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import crops, digits

# Different photographs in train and test, so that no texture can be learnt by heart.
# "learning" and "validation" divide what "train" has, for whoever tunes on pictures of their own.
TEXTURES = {
    "train": ("brick", "camera", "coffee", "grass", "pagoda"),
    "test": ("cat", "flower", "gravel"),
    "learning": ("brick", "camera", "grass", "pagoda"),
    "validation": ("coffee",),
}
TEXTURE_SIDE = 192  # pixels to which a photograph is resized before crops are taken
PIECE_SHARE = 0.45  # side of a piece of clutter, as a share of the digit's
BACKGROUND = 0.6  # brightest background; ink lies between 0.75 and 1
INK = (0.75, 1.0)


class ClutteredDigits(NamedTuple):
    """Images (B, 1, H, W) in [0, 1], labels (B,), and masks (B, 1, H, W), true in the digit's square."""

    images: Tensor
    labels: Tensor
    masks: Tensor


def batch(
    count: int,
    *,
    split: str,
    canvas: int = 56,
    digit: int = 16,
    clutter: int = 8,
    generator: torch.Generator | None = None,
) -> ClutteredDigits:
    """Draw `count` pictures of one digit in clutter.

    Clutter lies beside the digit's square, never on it. "train" and "test" share no digit, no piece and no
    photograph; nor do "learning" and "validation", which divide "train" between them.

    Args:
        count: B, pictures to draw.
        split: "train", "test", "learning" or "validation".
        canvas: side of a picture in pixels.
        digit: side of the digit's square in pixels; the digit fills it.
        clutter: pieces of other digits in each picture.
        generator: seeds everything that is random here.

    Shape:
        images (B, 1, canvas, canvas), float32 in [0, 1]; labels (B,), int64; masks like images, bool.

    Raises:
        ValueError: if `count` is not positive, or the digit and a piece of clutter do not fit side by side.
    """
    piece = max(4, round(PIECE_SHARE * digit))
    if split not in TEXTURES:
        raise ValueError(f"split: wanted one of {', '.join(TEXTURES)}; got {split!r}")
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    if clutter < 0:
        raise ValueError(f"clutter: wanted 0 or more pieces, got {clutter}")
    if canvas < digit + 2 * piece or canvas > TEXTURE_SIDE:
        raise ValueError(
            f"canvas: wanted from {digit + 2 * piece} (the digit and a piece of {piece} on either side) "
            f"to {TEXTURE_SIDE} pixels, got {canvas}"
        )
    bank, labels = digits.tight(split, digit)
    chosen = _integers(len(bank), (count,), generator)
    corner = _integers(canvas - digit + 1, (count, 1, 2), generator)  # (B, 1, 2): row, column

    ink = torch.zeros(count, canvas * canvas)
    if clutter:
        pieces = _pieces(bank, piece, (count, clutter), generator)
        _paste(ink, pieces, _beside(corner, canvas, digit, piece, clutter, generator), canvas)
    _paste(ink, bank[chosen], corner, canvas)
    masks = torch.zeros(count, canvas * canvas)
    _paste(masks, torch.ones(count, 1, digit, digit), corner, canvas)

    shape = (count, 1, canvas, canvas)
    brightness = torch.empty(count, 1, 1, 1).uniform_(*INK, generator=generator)
    ink = ink.view(shape)
    images = BACKGROUND * _background(split, count, canvas, generator) * (1 - ink) + brightness * ink
    return ClutteredDigits(images, labels[chosen], masks.view(shape).bool())


def _background(split: str, count: int, canvas: int, generator: torch.Generator | None) -> Tensor:
    """Random crops of the split's photographs in grey, stretched to fill [0, 1]: (B, 1, canvas, canvas)."""
    textures = crops.bank(TEXTURES[split], TEXTURE_SIDE, grey=True, stretched=True)
    return crops.draw(textures, count, canvas, generator=generator)


def _pieces(bank: Tensor, side: int, shape: tuple[int, int], generator: torch.Generator | None) -> Tensor:
    """Square pieces of random digits of the bank: (N, 1, s, s) -> (B, P, side, side)."""
    return crops.draw(bank, shape[0] * shape[1], side, generator=generator).view(*shape, side, side)


def _beside(
    corner: Tensor, canvas: int, digit: int, piece: int, count: int, generator: torch.Generator | None
) -> Tensor:
    """Corners where a piece fits without touching the digit's square: (B, 1, 2) -> (B, P, 2)."""
    places = torch.arange(canvas - piece + 1)
    rows, columns = corner[..., 0], corner[..., 1]  # (B, 1)
    free_row = (places + piece <= rows) | (places >= rows + digit)  # (B, places)
    free_column = (places + piece <= columns) | (places >= columns + digit)
    free = free_row[:, :, None] | free_column[:, None, :]
    drawn = torch.multinomial(free.flatten(1).float(), count, replacement=True, generator=generator)
    return torch.stack([drawn // len(places), drawn % len(places)], -1)


def _paste(canvases: Tensor, stamps: Tensor, corner: Tensor, width: int) -> None:
    """Lay stamps on canvases, the brighter wins: (B, width * width), (B, P, s, s), (B, P, 2)."""
    steps = torch.arange(stamps.shape[-1])
    rows = corner[..., 0, None] + steps  # (B, P, s)
    columns = corner[..., 1, None] + steps
    place = rows[..., :, None] * width + columns[..., None, :]  # (B, P, s, s)
    canvases.scatter_reduce_(1, place.flatten(1), stamps.flatten(1), reduce="amax")


def _integers(high: int, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    return torch.randint(high, shape, generator=generator)


def main() -> None:
    drawn = batch(64, split="test", generator=torch.Generator().manual_seed(0))
    share = drawn.masks.float().mean()
    print(f"images {tuple(drawn.images.shape)}, labels {drawn.labels[:10].tolist()} ...")
    print(f"the digit's square covers {share:.1%} of a picture")


if __name__ == "__main__":
    main()
