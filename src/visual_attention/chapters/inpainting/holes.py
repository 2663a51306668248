"""What may lie under a hole, if the true pixels are known?

Square pictures with a square hole: tiles that repeat, three textures, and photographs. The true pixels under
each hole are there, so that a filling can be held against them.

Run: python -m visual_attention.chapters.inpainting.holes
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import photographs
from visual_attention.data.digits import check_split

SIZE = 48  # pixels of a picture's side
HOLE = 14  # pixels of the hole's side
MARGIN = 6  # known pixels on each side of the hole, at least
KINDS = ("tiles", "brick", "grass", "gravel", "photographs")
TEXTURES = (
    "brick",
    "grass",
    "gravel",
)  # training crops from the left half of each, test crops from the right
PHOTOGRAPHS = {"train": ("astronaut", "camera", "coffee", "hubble", "retina"),
               "test": ("cat", "flower", "pagoda", "rocket")}  # fmt: skip
TEXTURE_SIDE, PHOTOGRAPH_SIDE = 128, 192  # pixels to which a whole photograph is resized before crops
PERIODS = (7, 12)  # shortest and longest side of a tile in pixels
NOISE = 0.02  # standard deviation of what makes each tile a little different


class Holed(NamedTuple):
    """A batch: true `images` (B, 3, S, S) in [0, 1]; `masks` (B, 1, S, S), true in the hole; `kinds` (B,)."""

    images: Tensor
    masks: Tensor
    kinds: Tensor


def batch(
    count: int,
    *,
    split: str,
    kind: str | None = None,
    hole: int = HOLE,
    generator: torch.Generator | None = None,
) -> Holed:
    """Draw pictures of 48 x 48 with a square hole at a random place.

    A picture of tiles repeats a small piece of a photograph down and across; noise makes no two tiles quite
    the same. The other kinds are crops, mirrored half of the time.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; the two share no pixel of any photograph.
        kind: one of KINDS, or None for a random kind for each picture.
        hole: side of the hole in pixels.
        generator: seeds everything that is random here.

    Shape:
        images (B, 3, 48, 48), float32 in [0, 1]; masks (B, 1, 48, 48), bool; kinds (B,), int64, into KINDS.

    Raises:
        ValueError: if `count` is below 1, there is no such split or kind, or the hole does not fit.
    """
    check_split(split)
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind: wanted one of {', '.join(KINDS)} or None, got {kind!r}")
    if not 1 <= hole <= SIZE - 2 * MARGIN:
        raise ValueError(f"hole: wanted from 1 to {SIZE - 2 * MARGIN} pixels, got {hole}")
    if kind is None:
        kinds = torch.randint(len(KINDS), (count,), generator=generator)
    else:
        kinds = torch.full((count,), KINDS.index(kind))
    images = torch.stack([_picture(KINDS[k], split, generator) for k in kinds.tolist()])
    masks = torch.stack([_square(hole, generator) for _ in range(count)])
    return Holed(images, masks, kinds)


def _picture(kind: str, split: str, generator: torch.Generator | None) -> Tensor:
    """One picture of a kind: (3, 48, 48)."""
    if kind == "tiles":
        return _tiles(split, generator)
    name = kind
    if kind == "photographs":
        names = PHOTOGRAPHS[split]
        name = names[_integer(0, len(names) - 1, generator)]
    crop = _crop(_source(name, split), SIZE, SIZE, generator)
    return crop.flip(2) if _integer(0, 1, generator) else crop


def _tiles(split: str, generator: torch.Generator | None) -> Tensor:
    """A small piece of a photograph, its contrast stretched, again and again, with a little noise."""
    names = PHOTOGRAPHS[split]
    rows, columns = (_integer(*PERIODS, generator) for _ in range(2))
    tile = _crop(_source(names[_integer(0, len(names) - 1, generator)], split), rows, columns, generator)
    low, high = tile.amin(), tile.amax()
    tile = 0.1 + 0.8 * (tile - low) / (high - low).clamp_min(0.02)
    many = tile.repeat(1, -(-SIZE // rows), -(-SIZE // columns))[:, :SIZE, :SIZE]
    return (many + NOISE * torch.randn(many.shape, generator=generator)).clamp(0, 1)


@functools.cache
def _source(name: str, split: str) -> Tensor:
    """What crops are taken from: a whole photograph, or a half of a texture."""
    if name not in TEXTURES:
        return photographs.load(name, PHOTOGRAPH_SIDE)
    whole = photographs.load(name, TEXTURE_SIDE)
    return whole[..., : TEXTURE_SIDE // 2] if split == "train" else whole[..., TEXTURE_SIDE // 2 :]


def _crop(source: Tensor, rows: int, columns: int, generator: torch.Generator | None) -> Tensor:
    top = _integer(0, source.shape[1] - rows, generator)
    left = _integer(0, source.shape[2] - columns, generator)
    return source[:, top : top + rows, left : left + columns]


def _square(hole: int, generator: torch.Generator | None) -> Tensor:
    """(1, 48, 48), true in a square that keeps clear of the border."""
    top, left = (_integer(MARGIN, SIZE - MARGIN - hole, generator) for _ in range(2))
    mask = torch.zeros(1, SIZE, SIZE, dtype=torch.bool)
    mask[:, top : top + hole, left : left + hole] = True
    return mask


def _integer(low: int, high: int, generator: torch.Generator | None) -> int:
    """A whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    for kind in KINDS:
        drawn = batch(8, split="test", kind=kind, generator=generator)
        under = drawn.images[drawn.masks.expand_as(drawn.images)]
        print(
            f"{kind:12} {tuple(drawn.images.shape)}, under the hole {under.mean():.2f} +- {under.std():.2f}"
        )


if __name__ == "__main__":
    main()
