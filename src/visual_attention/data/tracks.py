"""Where is one thing in each picture of a film, among others that look like it?

Sprites of one family move over a photograph. One is the target. Over the first frames all of them may turn,
grow or shrink, bend, and be covered by boards, as strongly as asked; the target may be gone for a while.
Boxes are exact, and so is the share of the target that is in sight.

A board must not betray whom it covers: all sprites get boards by the same law, and some boards lie on
nothing. With ``betrayed=True`` only the target gets one, which is how a careless data set leaks its answers.

Run: python -m visual_attention.data.tracks
"""

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import digits, paths, photographs, sprites
from visual_attention.data.paths import FRAME, SIZE

FRAMES = 10
RAMP = 3  # frames after which a disturbance has its full strength
MOST_ALIKE = 7  # other sprites that find room
SPARE_BOARDS = 3  # boards beneath the sprites, that cover none
BACKGROUNDS = {"train": ("brick", "grass", "clock"), "test": ("gravel", "cell", "text")}
PICTURE = 200  # pixels to which a background is brought before a frame is cut out


class Disturbance(NamedTuple):
    """What makes the target hard to follow; each is 0 for a clean film and reached after `RAMP` frames.

    rotation: degrees by which each sprite turns, to the left or to the right.
    scale: octaves by which each grows or shrinks: 1 is twice or half as large.
    bend: by how much each is stretched one way, squeezed the other, and bent, as a share of its size.
    occlusion: share of each sprite's disc that a board covers, in [0, 0.9].
    alike: how many other sprites of the target's family are there, 0 to 7.
    gone: the frames without the target, from the first to before the last; (0, 0) for none.
    betrayed: whether only the target is covered, so that its board gives it away.
    """

    rotation: float = 0.0
    scale: float = 0.0
    bend: float = 0.0
    occlusion: float = 0.0
    alike: int = 5
    gone: tuple[int, int] = (0, 0)
    betrayed: bool = False


CLEAN = Disturbance()


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


def sequences(
    count: int,
    *,
    split: str,
    disturbance: Disturbance = CLEAN,
    frames: int = FRAMES,
    generator: torch.Generator | None = None,
) -> Tracks:
    """Draw `count` films under one disturbance. The two splits share no sprite and no photograph.

    Args:
        count: B, films to draw.
        split: "train" or "test".
        disturbance: what makes them hard.
        frames: T.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` or `frames` is below 1, there is no such split, or a disturbance is out of
        range.
    """
    _check(count, split, disturbance, frames)
    sprites_there = 1 + disturbance.alike
    shape = (count, 1, sprites_there)
    ramp = (torch.arange(frames) / RAMP).clamp(max=1).view(1, frames, 1)
    sign = torch.where(_draw(*shape, generator) < 0.5, -1.0, 1.0)
    turn = 2 * math.pi * _draw(*shape, generator)
    grow = torch.where(_draw(*shape, generator) < 0.5, -1.0, 1.0) * disturbance.scale
    covered = disturbance.occlusion * ramp.expand(count, frames, sprites_there)
    if disturbance.betrayed:
        covered = covered * (torch.arange(sprites_there) == 0)
    state = State(
        centres=paths.wander(count, sprites_there, frames, generator),
        angles=sign * math.radians(disturbance.rotation) * ramp,
        sizes=SIZE * 2 ** (grow * ramp),
        bends=disturbance.bend * ramp.expand(count, frames, sprites_there),
        stretched=turn.expand(count, frames, sprites_there),
        covered=covered,
        sides=(2 * math.pi * _draw(*shape, generator)).expand(count, frames, sprites_there),
        present=paths.presence(count, frames, sprites_there, disturbance.gone, generator),
    )
    return _film(
        state,
        split,
        generator,
        spare=SPARE_BOARDS if disturbance.occlusion else 0,
        betrayed=disturbance.betrayed,
    )


def pairs(
    count: int, *, split: str, betrayed: bool = False, generator: torch.Generator | None = None
) -> Tracks:
    """Draw films of two frames for training: a clean first one, and a second with everything at once.

    In the second frame each sprite has turned by any angle, has grown or shrunk by up to half an octave, is
    bent by up to 0.5, and half of them are covered by up to 0.75; 2 to 6 others are there. In one film of
    five the target has gone. All sprites have moved anywhere.

    Args:
        count: B, films to draw.
        split: "train" or "test".
        betrayed: as in `Disturbance`.
        generator: seeds everything that is random here.
    """
    _check(count, split, CLEAN, 2)
    many = 7
    shape = (count, 1, many)
    ramp = torch.tensor([0.0, 1.0]).view(1, 2, 1)
    amount = 2 * torch.rand(4, *shape, generator=generator) - 1
    covered = 0.75 * amount[3].abs() * (_draw(*shape, generator) < 0.5)
    if betrayed:
        covered = covered * (torch.arange(many) == 0)
    others = 2 + 5 * _draw(count, 1, 1, generator)  # 2 to 6 of the six
    present = (torch.arange(many) <= others).expand(count, 2, many).clone()
    present[:, 1, 0] = _draw(count, generator) >= 0.2
    state = State(
        centres=torch.cat([paths.start(count, many, generator)[:, None] for _ in range(2)], dim=1),
        angles=math.pi * amount[0] * ramp,
        sizes=SIZE * 2 ** (0.5 * amount[1] * ramp),
        bends=0.5 * amount[2].abs() * ramp,
        stretched=(2 * math.pi * _draw(*shape, generator)).expand(count, 2, many),
        covered=covered * ramp,
        sides=(2 * math.pi * _draw(*shape, generator)).expand(count, 2, many),
        present=present,
    )
    return _film(state, split, generator, spare=SPARE_BOARDS, betrayed=betrayed)


def chord(share: Tensor) -> Tensor:
    """How far from the centre of a disc of radius 1 a board's edge lies that covers a share of the disc.

    1 where nothing is covered, 0 at one half, -1 where everything is.
    """
    edge = torch.linspace(1, -1, 401)
    covered = (edge.acos() - edge * (1 - edge.square()).clamp(min=0).sqrt()) / math.pi
    place = torch.searchsorted(covered, share.contiguous().clamp(0, 1)).clamp(max=400)
    return edge[place]


def _film(
    state: State, split: str, generator: torch.Generator | None, *, spare: int, betrayed: bool
) -> Tracks:
    """Paint spare boards, then sprites, then the boards that cover them, and note what is true."""
    count, frames, many = state.present.shape
    cover, textures = _pictures(state, split, generator)  # (B, T, O, H, W), (B, T, O, 3, H, W)
    boards = _boards(state) * state.present[..., None, None]
    order = torch.rand(count, many, generator=generator).argsort(dim=1)  # who lies above whom
    planks = _background(split, count, generator)[:, None]  # what boards are cut from
    images = _background(split, count, generator)[:, None].expand(-1, frames, -1, -1, -1)
    lost = torch.zeros(count, frames, 1, FRAME, FRAME)
    if spare and not betrayed:
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


def _local(state: State) -> Tensor:
    """Each pixel as seen from each sprite, (B, T, O, H, W, 2), in units of its radius, not turned."""
    pixel = torch.arange(FRAME) + 0.5
    grid = torch.stack(torch.meshgrid(pixel, pixel, indexing="xy"), dim=-1)  # (H, W, 2), x then y
    radius = (state.sizes / 2)[..., None, None, None]
    return (grid - state.centres[..., None, None, :]) / radius


def _pictures(state: State, split: str, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """How much of each pixel each sprite covers, and its colours there."""
    count, frames, many = state.present.shape
    chosen = _choose(count, many, split, generator)  # (B, O, 4, s, s)
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
        (0.15 + 0.6 * _draw(*shape, generator)).expand(count, frames, spare),
        (2 * math.pi * _draw(*shape, generator)).expand(count, frames, spare),
        zeros > -1,
    )  # fmt: skip
    return _boards(state).amax(dim=2, keepdim=True)


def _choose(count: int, many: int, split: str, generator: torch.Generator | None) -> Tensor:
    """Different sprites of one family for each film, mirrored or not, all as bright: (B, O, 4, s, s)."""
    groups = list(sprites.families(split).values())
    family = torch.randint(len(groups), (count,), generator=generator).tolist()
    picked = []
    for number in family:
        bank = groups[number]
        chosen = torch.randperm(len(bank), generator=generator)[:many]
        picked.append(bank[chosen])
    made = torch.stack(picked)
    light = 0.7 + 0.3 * torch.rand(count, 1, 1, 1, 1, generator=generator)
    return torch.cat([made[:, :, :3] * light * made[:, :, 3:], made[:, :, 3:]], dim=2)  # premultiplied


@functools.cache
def _photographs(split: str) -> Tensor:
    return torch.stack([photographs.load(name, PICTURE) for name in BACKGROUNDS[split]])


def _background(split: str, count: int, generator: torch.Generator | None) -> Tensor:
    """Random crops of random brightness: (B, 3, 64, 64)."""
    pictures = _photographs(split)
    which = torch.randint(len(pictures), (count,), generator=generator).tolist()
    corners = torch.randint(PICTURE - FRAME + 1, (count, 2), generator=generator).tolist()
    crops = [pictures[w, :, y : y + FRAME, x : x + FRAME] for w, (x, y) in zip(which, corners, strict=True)]
    return torch.stack(crops) * (0.5 + 0.5 * _draw(count, 1, 1, 1, generator))


def _draw(*shape_and_generator) -> Tensor:
    *shape, generator = shape_and_generator
    return torch.rand(*shape, generator=generator)


def _check(count: int, split: str, disturbance: Disturbance, frames: int) -> None:
    digits.check_split(split)
    if count < 1 or frames < 1:
        raise ValueError(f"wanted at least 1 film of at least 1 frame, got {count} of {frames}")
    if not 0 <= disturbance.alike <= MOST_ALIKE:
        raise ValueError(f"alike: wanted 0 to {MOST_ALIKE} others, got {disturbance.alike}")
    if not 0 <= disturbance.occlusion <= 0.9:
        raise ValueError(f"occlusion: wanted a share from 0 to 0.9, got {disturbance.occlusion}")
    start, stop = disturbance.gone
    if not (start == stop == 0 or 1 <= start < stop <= frames):
        raise ValueError(f"gone: wanted frames after the first, within {frames}, got {disturbance.gone}")


def main() -> None:
    for name, disturbance in {"clean": Disturbance(), "half covered": Disturbance(occlusion=0.5)}.items():
        drawn = sequences(
            4, split="test", disturbance=disturbance, generator=torch.Generator().manual_seed(0)
        )
        print(f"{name}: {drawn.visible[:, -1, 0].mean():.0%} of the target in sight in the last frame")


if __name__ == "__main__":
    main()
