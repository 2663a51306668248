"""What is the smallest world about which one can ask questions worth asking?

Six things lie on a grid of 4 x 4 over grey texture: drawn shapes and real handwritten digits, each name at
most once, in four colours of which one occurs three times, one twice, one once and one not at all. Every
scene has two things side by side and two things one above the other, whatever will be asked about it.

Run: python -m visual_attention.chapters.question_answering.grid_world
"""

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import clutter, crops, digits

SHAPES = ("disc", "square", "triangle", "cross")
DIGITS = (0, 2, 4, 7)
NAMES = SHAPES + tuple(str(digit) for digit in DIGITS)
COLOURS = {
    "red": (1.0, 0.2, 0.15),
    "green": (0.1, 0.85, 0.2),
    "blue": (0.25, 0.45, 1.0),
    "yellow": (1.0, 0.9, 0.1),
}
GRID = 4
PLACES = GRID * GRID
CELL = 12  # pixels of a cell's side
INK = 10  # pixels of a thing's longer side
THINGS = 6
PATTERN = (0, 0, 0, 1, 1, 2)  # which of the shuffled colours each thing has
VARIANTS = {"train": 400, "test": 100}  # of each shape, as many as there are of each digit
TEXTURE = 0.45  # brightness of the background
TEXTURE_SIDE = 160
TEST_REST = 0  # a scene is for testing if its checksum is this, modulo 5


class Scenes(NamedTuple):
    """What lies where, cell by cell as one reads: indices into NAMES and COLOURS, -1 for an empty cell.

    `names` (B, 16), `colours` (B, 16).
    """

    names: Tensor
    colours: Tensor


def draw(count: int, *, split: str, generator: torch.Generator | None = None) -> Scenes:
    """Draw arrangements of things. No arrangement is in both splits.

    Args:
        count: B, scenes to draw.
        split: "train" or "test".
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is not positive or there is no such split.
    """
    digits.check_split(split)
    if count < 1:
        raise ValueError(f"count: wanted at least 1 scene, got {count}")
    found: list[Scenes] = []
    while sum(len(part.names) for part in found) < count:
        drawn = _candidates(3 * count + 20, generator)
        wanted = (checksum(drawn) == TEST_REST) == (split == "test")
        keep = wanted & has_neighbours(drawn)
        found.append(Scenes(drawn.names[keep], drawn.colours[keep]))
    return Scenes(*(torch.cat(parts)[:count] for parts in zip(*found, strict=True)))


def checksum(scenes: Scenes) -> Tensor:
    """A number from 0 to 4 that depends on everything in a scene: it decides the split, (B,)."""
    codes = (1 + len(COLOURS) * scenes.names + scenes.colours) * (scenes.names >= 0)  # (B, 16)
    return (codes * (1 + torch.arange(PLACES))).sum(dim=1) % 5


def has_neighbours(scenes: Scenes) -> Tensor:
    """Whether two things lie side by side, and two one above the other, (B,)."""
    there = (scenes.names >= 0).view(-1, GRID, GRID)
    beside = (there[:, :, 1:] & there[:, :, :-1]).flatten(1).any(dim=1)
    above = (there[:, 1:] & there[:, :-1]).flatten(1).any(dim=1)
    return beside & above


def render(scenes: Scenes, *, split: str, generator: torch.Generator | None = None) -> Tensor:
    """Paint scenes: each thing as a random picture of its name, over a crop of a photograph in grey.

    Args:
        scenes: what lies where.
        split: whose pictures and photographs are used; the two splits share none.
        generator: seeds the choice of pictures, brightness and crops.

    Shape:
        -> (B, 3, 48, 48), float32 in [0, 1].
    """
    bank = pictures(split)  # (names, variants, 10, 10)
    count = len(scenes.names)
    which = torch.randint(bank.shape[1], scenes.names.shape, generator=generator)
    ink = bank[scenes.names.clamp_min(0), which] * (scenes.names >= 0)[..., None, None]
    ink = F.pad(ink, [(CELL - INK) // 2] * 4)  # (B, 16, 12, 12)
    paint = torch.tensor(list(COLOURS.values()))[scenes.colours.clamp_min(0)]  # (B, 16, 3)
    paint = paint * (0.8 + 0.2 * torch.rand(count, PLACES, 1, generator=generator))
    ground = to_cells(_ground(count, split, generator))
    painted = ground * (1 - ink[:, :, None]) + paint[..., None, None] * ink[:, :, None]
    return from_cells(painted)


def to_cells(images: Tensor) -> Tensor:
    """Cut pictures into cells, row by row: (B, C, 48, 48) -> (B, 16, C, 12, 12)."""
    cells = images.unflatten(3, (GRID, -1)).unflatten(2, (GRID, -1))  # (B, C, 4, 12, 4, 12)
    return cells.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)


def from_cells(cells: Tensor) -> Tensor:
    """Put cells together again: (B, 16, C, 12, 12) -> (B, C, 48, 48)."""
    rows = cells.unflatten(1, (GRID, GRID)).permute(0, 3, 1, 4, 2, 5)  # (B, C, 4, 12, 4, 12)
    return rows.flatten(4, 5).flatten(2, 3)


@functools.cache
def pictures(split: str) -> Tensor:
    """All pictures of each name, ink bright: (8, variants, 10, 10)."""
    bank, labels = digits.tight(split, INK)
    written = [bank[labels == digit][: VARIANTS[split], 0] for digit in DIGITS]
    generator = torch.Generator().manual_seed(1 if split == "train" else 2)
    drawn = [shape(one, VARIANTS[split], generator) for one in SHAPES]
    return torch.stack(drawn + written)


def told(names: Tensor, colours: Tensor, known: tuple[str, ...] = NAMES) -> list[str]:
    """What lies in each cell of one scene, in words: "blue 7", or "" for nothing."""
    paint = list(COLOURS)
    cells = zip(names.tolist(), colours.tolist(), strict=True)
    return ["" if name < 0 else f"{paint[colour]} {known[name]}" for name, colour in cells]


def _candidates(count: int, generator: torch.Generator | None) -> Scenes:
    """Six names, six places and three colours at random."""
    places = _shuffled(count, PLACES, generator)[:, :THINGS]
    kinds = _shuffled(count, len(NAMES), generator)[:, :THINGS]
    paint = _shuffled(count, len(COLOURS), generator)[:, list(PATTERN)]
    empty = torch.full((count, PLACES), -1)
    return Scenes(empty.scatter(1, places, kinds), empty.scatter(1, places, paint))


def _shuffled(count: int, length: int, generator: torch.Generator | None) -> Tensor:
    return torch.rand(count, length, generator=generator).argsort(dim=1)


def shape(name: str, count: int, generator: torch.Generator) -> Tensor:
    """A shape in many sizes, slightly turned and moved, with soft edges: (count, 10, 10)."""
    fine = 4  # points along each side of a pixel
    line = (torch.arange(fine * INK) + 0.5) / (fine * INK) * 2 - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    size, turn, right, down = torch.rand(4, count, 1, 1, generator=generator)
    size, turn = 0.75 + 0.2 * size, math.pi / 12 * (2 * turn - 1)
    x, y = x - 0.1 * (right - 0.5), y - 0.1 * (down - 0.5)
    x, y = (turn.cos() * x + turn.sin() * y) / size, (turn.cos() * y - turn.sin() * x) / size
    within = {  # how far inside its edge a point lies, in units of the shape's size
        "disc": 1 - (x.square() + y.square()).sqrt(),
        "square": 0.85 - torch.maximum(x.abs(), y.abs()),
        "triangle": torch.minimum(0.75 - y, (y - 1.9 * x.abs() + 1) / 2),
        "cross": torch.minimum(0.27 - torch.minimum(x.abs(), y.abs()), 1 - torch.maximum(x.abs(), y.abs())),
    }[name]
    ink = (0.5 + within * size * fine * INK / 2).clamp(0, 1)  # the share of each fine point
    return F.avg_pool2d(ink[:, None], fine)[:, 0]


def _ground(count: int, split: str, generator: torch.Generator | None) -> Tensor:
    """Random crops of random photographs, dimmed: (B, 3, 48, 48), three equal channels."""
    textures = crops.bank(clutter.TEXTURES[split], TEXTURE_SIDE, grey=True, stretched=True)
    drawn = crops.draw(textures, count, GRID * CELL, generator=generator)
    return (TEXTURE * drawn).expand(-1, 3, -1, -1)


def main() -> None:
    scenes = draw(2, split="test", generator=torch.Generator().manual_seed(0))
    for scene in zip(*scenes, strict=True):
        cells = told(*scene)
        for row in range(GRID):
            print(*(f"{cell or '.':16}" for cell in cells[GRID * row :][:GRID]))
        print()


if __name__ == "__main__":
    main()
