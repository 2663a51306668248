"""Where is one thing in each picture of a film, among others that look like it?

Sprites of one family move over a photograph. One is the target. Over the first frames all of them may turn,
grow or shrink, bend, and be covered by boards, as strongly as asked; the target may be gone for a while.
Boxes are exact, and so is the share of the target that is in sight.

A board must not betray whom it covers: all sprites get boards by the same law, and some boards lie on
nothing. With ``betrayed=True`` only the target gets one, which is how a careless data set leaks its answers.

Run: python -m visual_attention.chapters.tracking.tracks
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.tracking import paths, sprites
from visual_attention.chapters.tracking.films import State, Tracks, paint
from visual_attention.chapters.tracking.paths import SIZE

FRAMES = 10
RAMP = 3  # frames after which a disturbance has its full strength
MOST_ALIKE = 7  # other sprites that find room
SPARE_BOARDS = 3  # boards beneath the sprites, that cover none


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
    spare = SPARE_BOARDS if disturbance.occlusion and not disturbance.betrayed else 0
    return paint(state, split=split, spare=spare, generator=generator)


def pairs(
    count: int,
    *,
    split: str,
    betrayed: bool = False,
    turn: float = 180.0,
    grid: bool = True,
    generator: torch.Generator | None = None,
) -> Tracks:
    """Draw films of two frames for training: a clean first one, and a second with everything at once.

    In the second frame each sprite has turned by up to `turn` degrees, has grown or shrunk by up to half an
    octave, is bent by up to 0.5, and half of them are covered by up to 0.75; 2 to 6 others are there. In one
    film of five the target has gone. All sprites have moved, most of them into another cell of the grid.

    Args:
        count: B, films to draw.
        split: one of `sprites.SPLITS`.
        betrayed: as in `Disturbance`.
        turn: degrees up to which sprites have turned, to either side.
        grid: whether sprites stand near the middles of a 3 x 3 grid's cells, or wherever they have wandered.
        generator: seeds everything that is random here.
    """
    _check(count, split, CLEAN, 2)
    many = 7
    shape = (count, 1, many)
    ramp = torch.tensor([0.0, 1.0]).view(1, 2, 1)
    place = paths.start if grid else paths.scattered
    amount = 2 * torch.rand(4, *shape, generator=generator) - 1
    covered = 0.75 * amount[3].abs() * (_draw(*shape, generator) < 0.5)
    if betrayed:
        covered = covered * (torch.arange(many) == 0)
    others = 2 + 5 * _draw(count, 1, 1, generator)  # 2 to 6 of the six
    present = (torch.arange(many) <= others).expand(count, 2, many).clone()
    present[:, 1, 0] = _draw(count, generator) >= 0.2
    state = State(
        centres=torch.cat([place(count, many, generator)[:, None] for _ in range(2)], dim=1),
        angles=math.radians(turn) * amount[0] * ramp,
        sizes=SIZE * 2 ** (0.5 * amount[1] * ramp),
        bends=0.5 * amount[2].abs() * ramp,
        stretched=(2 * math.pi * _draw(*shape, generator)).expand(count, 2, many),
        covered=covered * ramp,
        sides=(2 * math.pi * _draw(*shape, generator)).expand(count, 2, many),
        present=present,
    )
    return paint(state, split=split, spare=0 if betrayed else SPARE_BOARDS, generator=generator)


def _draw(*shape_and_generator) -> Tensor:
    *shape, generator = shape_and_generator
    return torch.rand(*shape, generator=generator)


def _check(count: int, split: str, disturbance: Disturbance, frames: int) -> None:
    if split not in sprites.SPLITS:
        raise ValueError(f"split: wanted one of {', '.join(sprites.SPLITS)}; got {split!r}")
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
