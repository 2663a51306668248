"""How is a film painted, if it is known where each of its things is and how each looks?

Sprites of one family lie over a crop of a photograph; boards cut from another crop lie over them, or on
nothing. What is true is noted on the way: exact boxes, and the share of each sprite that is in sight.

Run: python -m visual_attention.chapters.tracking.films
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.tracking import paths, sprites
from visual_attention.chapters.tracking.paths import FRAME, SIZE
from visual_attention.data import crops

BACKGROUNDS = {
    "train": ("brick", "grass", "clock"),
    "learning": ("brick", "grass"),
    "validation": ("clock",),
    "test": ("gravel", "cell", "text"),
}
PICTURE = 200  # pixels to which a background is brought before a frame is cut out


class Tracks(NamedTuple):
    """Frames (B, T, 3, 64, 64) in [0, 1]; boxes (B, T, O, 4) of all sprites, the target first, as (centre x,
    centre y, width, height) in shares of the frame, of all that lies in the frame, hidden parts included;
    the share of each that is in sight (B, T, O); whether it is there (B, T, O); and where boards lie (B, T,
    1, 64, 64), true on a board."""

    frames: Tensor
    boxes: Tensor
    visible: Tensor
    present: Tensor
    boards: Tensor


class State(NamedTuple):
    """Where each sprite is and how it looks: centres in pixels (B, T, O, 2), and (B, T, O) each: angles in
    radians, sizes in pixels, bends, directions of stretch, shares covered, sides on which the board lies
    (radians), and whether it is there."""

    centres: Tensor
    angles: Tensor
    sizes: Tensor
    bends: Tensor
    stretched: Tensor
    covered: Tensor
    sides: Tensor
    present: Tensor


def paint(state: State, *, split: str, spare: int = 0, generator: torch.Generator | None = None) -> Tracks:
    """Paint spare boards, then sprites, then the boards that cover them, and note what is true.

    Args:
        state: where each sprite is and how it looks.
        split: one of `sprites.SPLITS`; "train" and "test" share no sprite and no photograph.
        spare: boards beneath the sprites of each film, that cover none.
        generator: seeds which sprites, photographs and brightness are taken, who lies above whom, and where
            spare boards drift.
    """
    count, frames, many = state.present.shape
    cover, textures = _pictures(state, split, generator)  # (B, T, O, H, W), (B, T, O, 3, H, W)
    boards = _boards(state) * state.present[..., None, None]
    order = torch.rand(count, many, generator=generator).argsort(dim=1)  # who lies above whom
    planks = _background(split, count, generator)[:, None]  # what boards are cut from
    images = _background(split, count, generator)[:, None].expand(-1, frames, -1, -1, -1)
    lost = torch.zeros(count, frames, 1, FRAME, FRAME)
    if spare:
        lost = _lost_boards(count, frames, spare, generator)
        images = torch.where(lost > 0.5, planks, images)
    seen = torch.zeros_like(cover)
    row = torch.arange(count)
    for place in order.unbind(1):
        mine = cover[row, :, place]  # (B, T, H, W)
        images = images * (1 - mine[:, :, None]) + textures[row, :, place] * mine[:, :, None]
        solid = mine > 0.5
        seen = seen * ~solid[:, :, None]
        seen[row, :, place] = solid.float()
    above = boards.amax(dim=2)  # (B, T, H, W)
    images = torch.where(above[:, :, None] > 0.5, planks, images)
    seen = seen * (above < 0.5)[:, :, None]
    solid = (cover > 0.5).float()
    visible = seen.sum(dim=(-2, -1)) / solid.sum(dim=(-2, -1)).clamp(min=1)
    there = state.present & solid.flatten(3).any(dim=3)
    shown = ((above > 0.5) | (lost[:, :, 0] > 0.5))[:, :, None]
    return Tracks(images.clamp(0, 1), boxes_of(solid) * there[..., None], visible * there, there, shown)


def boxes_of(masks: Tensor) -> Tensor:
    """The smallest box around each mask, (..., H, W) -> (..., 4); zeros where there is none."""
    spans = []
    for line in (masks.amax(dim=-2) > 0, masks.amax(dim=-1) > 0):  # columns, rows
        length = line.shape[-1]
        first = line.float().argmax(dim=-1)
        last = length - line.flip(-1).float().argmax(dim=-1)
        first, last = first / length, last / length
        empty = ~line.any(dim=-1)
        spans.append((first.masked_fill(empty, 0), last.masked_fill(empty, 0)))
    (left, right), (top, bottom) = spans
    return torch.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top], dim=-1)


def chord(share: Tensor) -> Tensor:
    """How far from the centre of a disc of radius 1 a board's edge lies that covers a share of the disc.

    1 where nothing is covered, 0 at one half, -1 where everything is.
    """
    edge = torch.linspace(1, -1, 401)
    covered = (edge.acos() - edge * (1 - edge.square()).clamp(min=0).sqrt()) / math.pi
    place = torch.searchsorted(covered, share.contiguous().clamp(0, 1)).clamp(max=400)
    return edge[place]


def _local(state: State) -> Tensor:
    """Each pixel as seen from each sprite, (B, T, O, H, W, 2), in units of its radius, not turned."""
    pixel = torch.arange(FRAME) + 0.5
    grid = torch.stack(torch.meshgrid(pixel, pixel, indexing="xy"), dim=-1)  # (H, W, 2), x then y
    radius = (state.sizes / 2)[..., None, None, None]
    return (grid - state.centres[..., None, None, :]) / radius


def _pictures(state: State, split: str, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """How much of each pixel each sprite covers, and its colours there."""
    count, frames, many = state.present.shape
    chosen = sprites.alike(count, many, split=split, generator=generator)  # (B, O, 4, s, s)
    place = _rotated(_local(state), state.stretched)
    bend = state.bends[..., None, None]
    x, y = place.unbind(-1)
    x, y = x / (1 + bend), y * (1 + bend)  # longer one way, shorter the other
    y = y + 0.7 * bend * (math.pi / 2 * x).cos() - 0.35 * bend  # the two ends hang down
    place = _rotated(torch.stack([x, y], dim=-1), state.angles - state.stretched)
    stamps = chosen[:, None].expand(-1, frames, -1, -1, -1, -1).flatten(0, 2)
    drawn = F.grid_sample(stamps, place.flatten(0, 2), align_corners=False, padding_mode="zeros")
    drawn = drawn.unflatten(0, (count, frames, many))
    cover = drawn[:, :, :, 3] * state.present[..., None, None]
    return cover, drawn[:, :, :, :3] / drawn[:, :, :, 3:].clamp(min=1e-3)


def _rotated(place: Tensor, angle: Tensor) -> Tensor:
    """Points (B, T, O, H, W, 2) turned back by an angle (B, T, O)."""
    cos, sin = angle.cos()[..., None, None], angle.sin()[..., None, None]
    x, y = place.unbind(-1)
    return torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1)


def _boards(state: State) -> Tensor:
    """Where the board of each sprite lies, (B, T, O, H, W), 0 or 1."""
    across, along = _rotated(_local(state), state.sides).unbind(-1)
    edge = chord(state.covered)[..., None, None]
    inside = (across >= edge) & (across <= 1.15) & (along.abs() <= 1.15)
    return (inside & (state.covered > 0)[..., None, None]).float()


def _lost_boards(count: int, frames: int, spare: int, generator: torch.Generator | None) -> Tensor:
    """Boards on nothing, that drift over the background: (B, T, 1, H, W), 0 or 1."""
    centres = paths.wander(count, spare, frames, generator)
    shape = (count, 1, spare)
    zeros = torch.zeros(count, frames, spare)
    state = State(
        centres, zeros, zeros + SIZE, zeros, zeros,
        (0.15 + 0.6 * torch.rand(*shape, generator=generator)).expand(count, frames, spare),
        (2 * math.pi * torch.rand(*shape, generator=generator)).expand(count, frames, spare),
        zeros > -1,
    )  # fmt: skip
    return _boards(state).amax(dim=2, keepdim=True)


def _background(split: str, count: int, generator: torch.Generator | None) -> Tensor:
    """Random crops of random brightness: (B, 3, 64, 64)."""
    pictures = crops.bank(BACKGROUNDS[split], PICTURE).mT  # on their sides: columns are drawn before rows
    drawn = crops.draw(pictures, count, FRAME, generator=generator).mT.contiguous()
    return drawn * (0.5 + 0.5 * torch.rand(count, 1, 1, 1, generator=generator))


def main() -> None:
    """Cover a sprite in the middle more and more."""
    covered = torch.tensor([0.0, 0.25, 0.5, 0.75]).view(1, 4, 1)
    zeros = torch.zeros(1, 4, 1)
    centres = torch.full((1, 4, 1, 2), FRAME / 2)
    state = State(centres, zeros, zeros + SIZE, zeros, zeros, covered, zeros, zeros > -1)
    drawn = paint(state, split="test", generator=torch.Generator().manual_seed(0))
    for share, visible in zip(covered.flatten(), drawn.visible.flatten(), strict=True):
        print(f"a board over {share:.0%}: {visible:.0%} in sight")


if __name__ == "__main__":
    main()
