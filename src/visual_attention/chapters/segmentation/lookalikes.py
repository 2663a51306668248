"""Which of several things that look alike is meant, when only another place of the picture says so?

Four real coins and a handwritten digit lie on a crop of a grey photograph, each in a tint. Two tints occur
among the coins, and the digit has one of them: the coins in the digit's tint are meant. Give the digit the
other tint, and the other coins are. Every mask is exact.

Run: python -m visual_attention.chapters.segmentation.lookalikes
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import crops, cutouts, digits

CANVAS = 48  # pixels of a picture's side; sizes below are for it, and grow and shrink with it
GRID = 3  # things lie in cells of their own, so that none covers another
COINS = 4
KINDS = ("told", "every", "small")
SIZES = {"told": (8.0, 14.0), "every": (8.0, 14.0), "small": (6.0, 9.0)}  # diameter of a coin in pixels
DIGIT = (13.0, 16.0)  # longer side of the digit in pixels
TINTS = torch.tensor([[1.0, 0.3, 0.2], [0.3, 1.0, 0.25], [0.3, 0.5, 1.0]])  # red, green, blue
PHOTOGRAPH_SIDE = 120
# "learning" and "validation" divide what "train" has, for whoever tunes: every so many are for validation
HELD_OUT = {"coin": 4, "digit": digits.VALIDATION_SHARE}
PHOTOGRAPHS = crops.BACKGROUNDS | {"learning": ("brick", "coffee", "grass"), "validation": ("pagoda",)}


class Lookalikes(NamedTuple):
    """A batch of pictures, and what is meant in each.

    `images` (B, 3, 48, 48) in [0, 1]; `masks` (B, 1, 48, 48), bool, all that is meant; `things`
    (B, 4, 48, 48), bool, each coin or look-alike for itself; `meant` (B, 4), bool, which of them are meant;
    `distances` (B, 4), from the centre of each to the digit's, in pixels; `digits` (B, 1, 48, 48), bool, the
    digit's ink.
    """

    images: Tensor
    masks: Tensor
    things: Tensor
    meant: Tensor
    distances: Tensor
    digits: Tensor


class _Layout(NamedTuple):
    """All that is drawn at random before a picture is composed: spans (B, 5, 4), the digit's last; stamps
    (B, 5, 4, 32, 32) without tint; tint of each coin (B, 4); the digit's, and the other one (B, 2); what the
    tints are multiplied by (B, 5, 3); and the backgrounds (B, 3, 48, 48)."""

    kind: str
    canvas: int
    spans: Tensor
    stamps: Tensor
    tints: Tensor
    digit_tints: Tensor
    shades: Tensor
    backgrounds: Tensor


def batch(
    count: int,
    *,
    split: str,
    kind: str = "told",
    canvas: int = CANVAS,
    generator: torch.Generator | None = None,
) -> Lookalikes:
    """Draw pictures. Training and test share no coin, no digit and no photograph.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; or "learning" or "validation", which divide "train" and share as little.
        kind: "told": the coins in the digit's tint are meant. "every": all four coins are. "small": one small
            coin is; the other three are discs cut from a grey photograph, without tint.
        canvas: pixels of a picture's side, a multiple of 3.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1, there is no such split or kind, or the canvas has no three cells.
    """
    return _compose(_layout(count, split, kind, canvas, generator))


def pair(
    count: int, *, split: str, canvas: int = CANVAS, generator: torch.Generator | None = None
) -> tuple[Lookalikes, Lookalikes]:
    """Pictures of kind "told", twice: only the digit's tint differs, so that the other coins are meant."""
    layout = _layout(count, split, "told", canvas, generator)
    return _compose(layout), _compose(layout._replace(digit_tints=layout.digit_tints.flip(1)))


@functools.cache
def stamps(split: str) -> tuple[Tensor, Tensor]:
    """The coins and the digits of a split: (N, 4, 32, 32) each, as `cutouts.load` gives them.

    Raises:
        ValueError: if there is no such split.
    """
    if split not in PHOTOGRAPHS:
        raise ValueError(f"split: wanted one of {', '.join(PHOTOGRAPHS)}; got {split!r}")
    found = cutouts.load("test" if split == "test" else "train")
    if split in digits.SPLITS:
        return found["coin"], found["digit"]
    kept = []
    for name, share in HELD_OUT.items():
        held_out = torch.arange(len(found[name])) % share == share - 1
        kept.append(found[name][held_out if split == "validation" else ~held_out])
    return tuple(kept)


def _layout(count: int, split: str, kind: str, canvas: int, generator: torch.Generator | None) -> _Layout:
    coins, ink = stamps(split)
    if canvas < 8 * GRID or canvas % GRID:
        raise ValueError(f"canvas: wanted a multiple of {GRID} from {8 * GRID} pixels on, got {canvas}")
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    if kind not in KINDS:
        raise ValueError(f"kind: wanted one of {', '.join(KINDS)}; got {kind!r}")
    spans = places(count, SIZES[kind], canvas, generator)
    stamped = coins[torch.randint(len(coins), (count, COINS), generator=generator)]
    if kind == "small":
        stamped[:, 1:] = _discs(count, COINS - 1, split, generator)
    digit = ink[torch.randint(len(ink), (count, 1), generator=generator)]
    two = torch.rand(count, len(TINTS), generator=generator).argsort(1)[:, :2]  # the digit's and the other
    same = torch.randint(1, COINS, (count, 1), generator=generator)  # coins in the first tint: 1, 2 or 3
    first = torch.rand(count, COINS, generator=generator).argsort(1) < same
    tints = torch.where(first, two[:, :1], two[:, 1:])
    shades = 0.85 + 0.3 * torch.rand(count, COINS + 1, 3, generator=generator)
    backgrounds = ground(split, count, canvas, generator)
    pictures = torch.cat([stamped, digit], dim=1)
    return _Layout(kind, canvas, spans, pictures, tints, two, shades, backgrounds)


def _compose(layout: _Layout) -> Lookalikes:
    """Tint the things, lay them on their backgrounds, and say what is meant."""
    digit_tint = layout.digit_tints[:, :1]
    tint = TINTS[torch.cat([layout.tints, digit_tint], dim=1)] * layout.shades  # (B, 5, 3)
    if layout.kind == "small":
        tint[:, 1:COINS] = layout.shades[:, 1:COINS]
    stamps = layout.stamps.clone()
    stamps[:, :, :3] = (stamps[:, :, :3] * tint[..., None, None]).clamp(0, 1)
    images, layers = laid(stamps, layout.spans, layout.backgrounds)
    things = layers[:, :COINS, 3] > 0.5
    meant = torch.ones_like(layout.tints, dtype=torch.bool)
    if layout.kind == "told":
        meant = layout.tints == digit_tint
    elif layout.kind == "small":
        meant[:, 1:] = False
    masks = (things & meant[..., None, None]).any(dim=1, keepdim=True)
    away = layout.spans[:, :COINS, :2] - layout.spans[:, COINS:, :2]
    ink = layers[:, COINS:, 3] > 0.5
    return Lookalikes(images, masks, things, meant, away.norm(dim=-1), ink)


def laid(stamps: Tensor, spans: Tensor, backgrounds: Tensor) -> tuple[Tensor, Tensor]:
    """Things laid on backgrounds one after the other.

    Shape:
        (B, O, 4, s, s), (B, O, 4), (B, 3, S, S) -> the pictures (B, 3, S, S) in [0, 1], and the layers that
        :func:`~visual_attention.data.cutouts.paste` makes, (B, O, 4, S, S).
    """
    layers = cutouts.paste(stamps, spans, canvas=backgrounds.shape[-1])
    images = backgrounds
    for layer in layers.unbind(1):
        images = images * (1 - layer[:, 3:]) + layer[:, :3]
    return images.clamp(0, 1), layers


def places(count: int, sizes: tuple[float, float], canvas: int, generator: torch.Generator | None) -> Tensor:
    """Centre, width and height of four coins and a digit, each in a cell of its own: (B, 5, 4)."""
    scale, cell_side = canvas / CANVAS, canvas // GRID
    low, high = sizes
    coins = low + (high - low) * torch.rand(count, COINS, generator=generator)
    digit = DIGIT[0] + (DIGIT[1] - DIGIT[0]) * torch.rand(count, 1, generator=generator)
    side = scale * torch.cat([coins, digit], dim=1)  # (B, 5)
    cell = torch.rand(count, GRID * GRID, generator=generator).argsort(1)[:, : COINS + 1]
    corner = cell_side * torch.stack([cell % GRID, cell // GRID], dim=-1)  # x, y
    free = (cell_side - side)[..., None] * torch.rand(count, COINS + 1, 2, generator=generator)
    centre = corner + free + side[..., None] / 2
    return torch.cat([centre, side[..., None].expand(-1, -1, 2)], dim=-1)


def _discs(count: int, each: int, split: str, generator: torch.Generator | None) -> Tensor:
    """Round pieces of photographs, in grey: (B, each, 4, 32, 32)."""
    side = cutouts.SIDE
    squares = _crops(split, count * each, side, generator)
    steps = (torch.arange(side) + 0.5) / side * 2 - 1
    cover = (steps[:, None] ** 2 + steps**2 <= 1).float().expand(len(squares), 1, -1, -1)
    return torch.cat([squares, cover], dim=1).unflatten(0, (count, each))


def ground(split: str, count: int, side: int, generator: torch.Generator | None) -> Tensor:
    """Dimmed random squares of random photographs, in grey: (B, 3, side, side)."""
    dim = 0.4 + 0.6 * torch.rand(count, 1, 1, 1, generator=generator)
    return dim * _crops(split, count, side, generator)


def _crops(split: str, count: int, side: int, generator: torch.Generator | None) -> Tensor:
    """Random squares of random photographs, in grey: (B, 3, side, side)."""
    pictures = crops.bank(PHOTOGRAPHS[split], PHOTOGRAPH_SIDE, grey=True)
    return crops.draw(pictures, count, side, generator=generator).expand(-1, 3, -1, -1)


def main() -> None:
    for kind in KINDS:
        drawn = batch(300, split="test", kind=kind, generator=torch.Generator().manual_seed(0))
        area, meant = drawn.masks.float().mean(), drawn.meant.sum(dim=1).bincount().tolist()
        print(f"{kind:6} {area:.1%} of a picture is meant; pictures with 0, 1, 2 ... coins meant: {meant}")


if __name__ == "__main__":
    main()
