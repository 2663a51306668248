"""Where in this window is the thing of the template, whatever has happened to it since?

One step of tracking, made into examples that can be counted: a template of the target as it was, and a window
of a later frame that lies anywhere around it. In the test each thing is looked for under seven conditions, in
the same scene at the same place: as it was, in noise, turned, bent, half covered, grown or shrunk, and among
more things that look like it.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.finding
"""

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.chapters.tracking import paths, tracks
from visual_attention.chapters.tracking.encoder import encoder, packed
from visual_attention.chapters.tracking.films import State, Tracks, paint
from visual_attention.chapters.tracking.follow import SEARCH, corners_around, regions, template_of
from visual_attention.chapters.tracking.paths import FRAME, SIZE

CONDITIONS = ("clean", "noise", "turned", "bent", "covered", "grown", "more alike")
DEFORMED = ("turned", "bent", "covered", "grown")  # what the article's sentence is about
MOST, FEW = 8, 5  # things of a scene of the test; how many of them are there but for "more alike"
TURN, BEND, COVER, GROW, NOISE = 90.0, 0.4, 0.5, 0.5, 0.15
TARGETS = 2  # things of a scene of the test that are looked for
ASKED = 4  # things of a scene of training that are looked for
IN_SIGHT = 0.8  # share in sight below which a thing counts as covered
CHUNK = 64


class Sought(NamedTuple):
    """Examples, one row each: `pairs` (B, 3, 48, 72), bytes, the window and to the right of it the template
    above 24 x 24 empty pixels; `tokens` (B, 80, 32) of both, 64 of the window and then 16 of the template;
    the target's `centre` and `size` (B, 2) in pixels of the window, x then y; how many `things` have their
    middle in the window (B,), the target among them; and the `condition` (B,), -1 in training."""

    pairs: Tensor
    tokens: Tensor
    centre: Tensor
    size: Tensor
    things: Tensor
    condition: Tensor


def for_training(
    count: int,
    *,
    split: str,
    turn: float = 180.0,
    centred: bool = False,
    betrayed: bool = False,
    covered: bool = False,
    grid: bool = True,
    generator: torch.Generator,
) -> Sought:
    """Examples with all disturbances at once, in windows that lie anywhere around the target.

    Args:
        count: B.
        split: "learning", "validation", "train" or "test".
        turn: degrees up to which things have turned.
        centred: put the target into the middle of its window, as a careless training does, and ask for none
            that lies so near to the frame's edge that it cannot be put there.
        betrayed: cover none but one thing of a scene, and ask for that one.
        covered: ask only for things of which a fifth or more is out of sight.
        grid: as in `tracks.pairs`.
        generator: seeds everything that is random here.
    """
    found: list[tuple[Tensor, ...]] = []
    targets = 1 if betrayed else ASKED
    while sum(len(part[0]) for part in found) < count:
        drawn = tracks.pairs(CHUNK, split=split, betrayed=betrayed, turn=turn, grid=grid, generator=generator)
        for target in range(targets):
            there = drawn.present[:, :, target].all(dim=1)
            if centred:
                there &= _in_the_middle(FRAME * drawn.boxes[:, 1, target, :2])
            if covered:
                there &= drawn.visible[:, 1, target] < IN_SIGHT
            found.append(_looked_for(drawn, 1, target, there, 0.0 if centred else 1.0, generator))
    return _sought([torch.cat(column)[:count] for column in zip(*found, strict=True)])


def for_test(
    count: int, *, split: str, few: int = FEW, grid: bool = True, generator: torch.Generator
) -> Sought:
    """The same scenes under every condition: seven examples in a row differ in nothing else.

    Args:
        count: B; whole scenes have `TARGETS` times seven examples.
        split: "validation" or "test".
        few: how many things are there but for the condition of more.
        grid: as in `tracks.pairs`.
        generator: seeds everything that is random here.
    """
    scenes = math.ceil(count / (TARGETS * len(CONDITIONS)))
    drawn = _scenes(scenes, split, few, grid, generator)
    noise = NOISE * torch.randn(drawn.frames[:, 0].shape, generator=generator)
    frame = 1 + CONDITIONS.index("noise")
    drawn.frames[:, frame] = (drawn.frames[:, frame] + noise).clamp(0, 1)
    away = torch.rand(scenes, TARGETS, 2, generator=generator)
    parts = []
    for condition in range(len(CONDITIONS)):
        for target in range(TARGETS):
            whole = torch.ones(scenes, dtype=torch.bool)
            found = _looked_for(drawn, 1 + condition, target, whole, away[:, target], generator)
            parts.append((*found, torch.full((scenes,), condition)))
    columns = [torch.stack(column, dim=1) for column in zip(*parts, strict=True)]  # (S, 7 * targets, ...)
    order = [c.unflatten(1, (-1, TARGETS)).transpose(1, 2).flatten(0, 2)[:count] for c in columns]
    return _sought(order[:-1], order[-1])


def _scenes(count: int, split: str, few: int, grid: bool, generator: torch.Generator) -> Tracks:
    """Frames (B, 8, ...): the things as they were, and then the same moment under each condition."""
    at = {name: 1 + index for index, name in enumerate(CONDITIONS)}
    frames, shape = 1 + len(CONDITIONS), (count, 1, MOST)
    place = paths.start if grid else paths.scattered
    places = [place(count, MOST, generator)[:, None] for _ in range(2)]
    sign, turn, side = (torch.rand(3, *shape, generator=generator) * 2 - 1).unbind(0)
    zeros = torch.zeros(count, frames, MOST)

    def only(name: str, value: Tensor | float) -> Tensor:
        made = zeros.clone()
        made[:, at[name]] = value[:, 0] if isinstance(value, Tensor) else value
        return made

    present = (torch.arange(MOST) < few).expand(count, frames, MOST).clone()
    present[:, at["more alike"]] = True
    state = State(
        centres=torch.cat([places[0], places[1].expand(-1, frames - 1, -1, -1)], dim=1),
        angles=only("turned", sign.sign() * math.radians(TURN)),
        sizes=SIZE * 2 ** only("grown", sign.sign() * GROW),
        bends=only("bent", BEND),
        stretched=(math.pi * turn).expand(-1, frames, -1),
        covered=only("covered", COVER),
        sides=(math.pi * side).expand(-1, frames, -1),
        present=present,
    )
    return paint(state, split=split, generator=generator)


def _in_the_middle(centres: Tensor) -> Tensor:
    """Whether a window around a centre (B, 2) shows it less than 3 pixels off its middle, (B,)."""
    off = centres - corners_around(centres, (FRAME, FRAME)) - SEARCH / 2
    return (off.abs() < 3).all(dim=1)


def _looked_for(drawn: Tracks, frame: int, target: int, there: Tensor, away: Tensor | float, generator):
    """Packed pairs, centres and sizes of one thing in one frame, and how many things lie in each window;
    `away` says where in its window the thing lies."""
    if not isinstance(away, Tensor):
        away = 0.5 + away * (torch.rand(len(there), 2, generator=generator) - 0.5)
    boxes = FRAME * drawn.boxes[there, frame, target]
    corners = corners_around(boxes[:, :2] + (away[there] - 0.5) * (SEARCH - 8), (FRAME, FRAME))
    first = template_of(drawn.frames[there, 0], drawn.boxes[there, 0, target])
    pairs = packed(regions(drawn.frames[there, frame], corners), first)
    all_of_them = FRAME * drawn.boxes[there, frame, :, :2] - corners[:, None]
    inside = ((all_of_them > 0) & (all_of_them < SEARCH)).all(dim=2) & drawn.present[there, frame]
    return pairs, boxes[:, :2] - corners, boxes[:, 2:], inside.sum(dim=1)


def _sought(columns: list[Tensor], condition: Tensor | None = None) -> Sought:
    pairs, centre, size, things = columns
    condition = torch.full((len(pairs),), -1) if condition is None else condition
    with torch.no_grad():
        tokens = torch.cat([encoder().pair(part) for part in pairs.split(256)])
    return Sought(pairs, tokens, centre, size, things, condition)


@functools.lru_cache(maxsize=2)
def pool(count: int, turn: float, grid: bool = True) -> Sought:
    """Many examples for training, painted once: what trainings on pictures without end draw from."""
    generator = torch.Generator().manual_seed(77)
    return for_training(count, split="learning", turn=turn, grid=grid, generator=generator)


def main() -> None:
    """What do the conditions leave of the target?"""
    drawn = for_test(70, split="test", generator=torch.Generator().manual_seed(0))
    for index, name in enumerate(CONDITIONS):
        print(f"{name:12} mean size {drawn.size[drawn.condition == index].mean():.1f} pixels")


if __name__ == "__main__":
    main()
