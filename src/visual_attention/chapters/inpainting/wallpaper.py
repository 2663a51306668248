"""What may lie under the hole of a small picture that a network learns from in seconds?

Two worlds. *Wallpaper* repeats a small piece of a photograph down and across, with light that falls from one
side and a little noise: what is missing stands elsewhere, but brighter or darker. *Photographs* are windows
of real ones: what is missing may stand nowhere. Both come in batches, drawn without a loop.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.wallpaper
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import crops

WORLDS = ("wallpaper", "photographs")
NAMES = {"train": ("astronaut", "camera", "coffee", "coins"), "validation": ("hubble", "retina"),
         "test": ("cat", "flower", "pagoda", "rocket")}  # fmt: skip
SIDES = {"wallpaper": 56, "photographs": 96}  # pixels to which a whole photograph is brought
SIZE, HOLE, MARGIN = 24, 8, 4  # pixels of a picture, of the hole, and known ones around it, at least
PERIODS = (4, 7)  # shortest and longest side of a repeated piece, in pixels
LIGHT, NOISE = 0.8, 0.02  # how much darker the darkest corner is, at most; standard deviation


class Holed(NamedTuple):
    """A batch: `seen` (B, 4, S, S), the picture with zeros in its hole and a channel that is 1 there; the
    true `images` (B, 3, S, S) in [0, 1]; and `masks` (B, 1, S, S), true in the hole."""

    seen: Tensor
    images: Tensor
    masks: Tensor


def batch(
    count: int,
    *,
    split: str,
    world: str,
    light: float = LIGHT,
    noise: float = NOISE,
    hole: int = HOLE,
    generator: torch.Generator | None = None,
) -> Holed:
    """Draw pictures of 24 x 24, each with a square hole at a random place.

    Args:
        count: B.
        split: "train", "validation" or "test"; no two share a photograph.
        world: "wallpaper" or "photographs".
        light: of the wallpaper, how much darker than its brightest corner the darkest one is, at most.
        noise: of the wallpaper, standard deviation.
        hole: pixels of the hole's side.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if there is no such split or world, or the hole does not fit.
    """
    if split not in NAMES:
        raise ValueError(f"split: wanted one of {', '.join(NAMES)}; got {split!r}")
    if world not in WORLDS:
        raise ValueError(f"world: wanted one of {', '.join(WORLDS)}; got {world!r}")
    if not 1 <= hole <= SIZE - 2 * MARGIN:
        raise ValueError(f"hole: wanted from 1 to {SIZE - 2 * MARGIN} pixels, got {hole}")
    bank = crops.bank(NAMES[split], SIDES[world])
    if world == "photographs":
        images = crops.draw(bank, count, SIZE, generator=generator)
        images = torch.where(_coin(count, generator), images.flip(3), images)
    else:
        images = _papered(bank, count, light, noise, generator)
    masks = _squares(count, hole, generator)
    seen = torch.cat([images.masked_fill(masks, 0.0), masks.to(images.dtype)], dim=1)
    return Holed(seen, images.contiguous(), masks)


def _papered(
    bank: Tensor, count: int, light: float, noise: float, generator: torch.Generator | None
) -> Tensor:
    """Pieces of photographs, their contrast stretched, again and again, under light from one side."""
    largest = PERIODS[1]
    pieces = crops.draw(bank, count, largest, generator=generator)  # (B, 3, 7, 7)
    low, high = pieces.amin((1, 2, 3), keepdim=True), pieces.amax((1, 2, 3), keepdim=True)
    pieces = 0.1 + 0.8 * (pieces - low) / (high - low).clamp_min(0.05)
    sides = torch.randint(PERIODS[0], largest + 1, (count, 2, 1), generator=generator)
    rows, columns = (torch.arange(SIZE) % sides).unbind(1)  # (B, S) each
    last = pieces.movedim(1, -1)
    index = torch.arange(count)[:, None, None]
    images = last[index, rows[:, :, None], columns[:, None]].movedim(-1, 1)
    ramp = torch.linspace(-0.5, 0.5, SIZE)
    angle = 2 * torch.pi * torch.rand(count, 1, 1, 1, generator=generator)
    slope = angle.cos() * ramp + angle.sin() * ramp[:, None]  # (B, 1, S, S)
    strength = light * torch.rand(count, 1, 1, 1, generator=generator)
    shade = 1 - strength * (slope - slope.amin((2, 3), keepdim=True)) / 2**0.5
    return (images * shade + noise * torch.randn(images.shape, generator=generator)).clamp(0, 1)


def _coin(count: int, generator: torch.Generator | None) -> Tensor:
    return torch.rand(count, 1, 1, 1, generator=generator) < 0.5


def _squares(count: int, hole: int, generator: torch.Generator | None) -> Tensor:
    """Masks with one square each that keeps clear of the border."""
    corner = torch.randint(MARGIN, SIZE - MARGIN - hole + 1, (count, 2, 1), generator=generator)
    inside = (torch.arange(SIZE) >= corner) & (torch.arange(SIZE) < corner + hole)  # (B, 2, S)
    return (inside[:, 0, :, None] & inside[:, 1, None])[:, None]


def main() -> None:
    """How bright it is under the holes."""
    for world in WORLDS:
        drawn = batch(64, split="test", world=world, generator=torch.Generator().manual_seed(0))
        under = drawn.images[drawn.masks.expand_as(drawn.images)]
        print(f"{world:12} {tuple(drawn.images.shape)}, in the hole {under.mean():.2f} +- {under.std():.2f}")


if __name__ == "__main__":
    main()
