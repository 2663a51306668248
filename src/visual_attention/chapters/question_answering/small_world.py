"""What is the least world in which a question has to look twice?

Four things on a grid of 3 x 3, asked about in three words, as in a telegram: *colour of 7*, *many are red*,
*colour left 7*. The last needs two looks: find the 7, and look beside it. Things, photographs and the reader
of cells are those of `grid_world`; no cell sees its neighbours, so that its features can be drawn once.

Run: python -m visual_attention.chapters.question_answering.small_world
"""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.question_answering import grid_world, trained_reader
from visual_attention.chapters.question_answering.grid_world import CELL, COLOURS, INK, TEXTURE
from visual_attention.data import clutter, crops, digits

GRID = 3
PLACES = GRID * GRID
NAMES = ("disc", "square", "cross", "7", "triangle", "2")  # the contest has the first four
SIDES = {"left": (0, -1), "right": (0, 1), "above": (-1, 0), "below": (1, 0)}  # rows, columns
WORDS = ("", "colour", "many", "of", "are", *SIDES, *COLOURS, *NAMES)
COUNTS = ("none", "one", "two", "three")
ANSWERS = (*COLOURS, *COUNTS)
LENGTH = 3  # words of a question
KINDS = ("attribute", "count", "relation")
ASKED = (0, 1, 2, 2)  # of which kinds the questions about a picture are
PATTERN = (0, 0, 1, 2, 1, 0)  # which of the shuffled colours each thing has
FEATURES = 32
VARIANTS = 256  # features of each thing in each colour
SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
RESTS = {"test": (0,), "validation": (1,), "train": (2, 3, 4)}  # a scene's checksum says whose it is

Setting = Mapping[str, Any]


class Scenes(NamedTuple):
    """What lies where: indices into NAMES and COLOURS, -1 for an empty cell: (B, 9) each."""

    names: Tensor
    colours: Tensor


class Asked(NamedTuple):
    """Pictures as features of cells, and K questions about each.

    `cells` (B, 9, 32); `words` (B, K, 3), indices into WORDS; `answers` (B, K), into ANSWERS; `where`
    (B, K, 2), the cell that one has to find first, and the one that has the answer, -1 for counts; `things`
    (B, 9), where anything lies.
    """

    cells: Tensor
    words: Tensor
    answers: Tensor
    where: Tensor
    things: Tensor


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> Asked:
    """Pictures with four questions about each; the splits share no arrangement, thing or photograph."""
    scenes = arrange(count, split, generator, names=setting["names"], things=setting["things"], clear=True)
    kinds = torch.tensor(ASKED).expand(count, -1)
    words, answers, where = ask(scenes, kinds, generator, sides=setting["sides"], clear=True)
    return Asked(features(scenes, split, generator), words, answers, where, scenes.names >= 0)


def arrange(
    count: int,
    split: str,
    generator: torch.Generator | None,
    *,
    names: int = 4,
    things: int = 4,
    clear: bool = False,
) -> Scenes:
    """Things at random places, each name at most once; two of them at least lie side by side.

    Args:
        count: B, scenes to draw.
        split: "train", "validation" or "test".
        generator: seeds everything that is random here.
        names: how many of NAMES there are.
        things: how many lie in a picture.
        clear: whether there is a relation, left or right, that needs its name, as in `ask`.
    """
    if split not in RESTS:
        raise ValueError(f"split: wanted one of {', '.join(RESTS)}; got {split!r}")
    found: list[Scenes] = []
    while sum(len(part.names) for part in found) < count:
        many = 5 * count + 20
        places = _shuffled(many, PLACES, generator)[:, :things]
        chosen = _shuffled(many, names, generator)[:, :things]
        paint = _shuffled(many, len(COLOURS), generator)[:, list(PATTERN[:things])]
        empty = torch.full((many, PLACES), -1)
        drawn = Scenes(empty.scatter(1, places, chosen), empty.scatter(1, places, paint))
        wanted = torch.isin(checksum(drawn), torch.tensor(RESTS[split]))
        wanted &= _pairs(drawn, 2, clear).flatten(1).any(1)
        found.append(Scenes(drawn.names[wanted], drawn.colours[wanted]))
    return Scenes(*(torch.cat(parts)[:count] for parts in zip(*found, strict=True)))


def checksum(scenes: Scenes) -> Tensor:
    """A number from 0 to 4 that depends on everything in a scene: it decides the split, (B,)."""
    return (codes(scenes) * (1 + torch.arange(PLACES))).sum(dim=1) % 5


def codes(scenes: Scenes) -> Tensor:
    """A number for what lies in each cell, 0 for nothing: (B, 9)."""
    return (1 + len(COLOURS) * scenes.names + scenes.colours) * (scenes.names >= 0)


def ask(
    scenes: Scenes,
    kinds: Tensor,
    generator: torch.Generator | None,
    *,
    sides: int = 4,
    clear: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Words, answers and places of questions of the given kinds (B, K) about scenes.

    Each colour that can be the answer is so equally often. If `clear`, a relation is asked only where the
    same side of another thing has another colour, so that the side alone does not give the answer away.
    """
    pick = functools.partial(_pick, generator)
    made = [torch.zeros(*kinds.shape, n, dtype=torch.long) for n in (LENGTH, 1, 2)]
    for column in range(kinds.shape[1]):
        for kind, one in enumerate((_attribute, _count, _relation)):
            rows = (kinds[:, column] == kind).nonzero()[:, 0]
            if len(rows):
                drawn = one(Scenes(*(part[rows] for part in scenes)), pick, generator, sides, clear)
                for whole, part in zip(made, drawn, strict=True):
                    whole[rows, column] = part
    return made[0], made[1][..., 0], made[2]


def _attribute(scenes, pick, generator, sides, clear):
    cell = pick(scenes.colours, scenes.names >= 0)
    name, colour = _at(scenes.names, cell), _at(scenes.colours, cell)
    return _telegram("colour", "of", named(name)), colour[:, None], torch.stack([cell, cell], 1)


def _count(scenes, pick, generator, sides, clear):
    colour = torch.randint(len(COLOURS), (len(scenes.names),), generator=generator)
    many = (scenes.colours == colour[:, None]).sum(1)
    where = torch.full((len(colour), 2), -1)
    return _telegram("many", "are", WORDS.index("red") + colour), (len(COLOURS) + many)[:, None], where


def _relation(scenes, pick, generator, sides, clear):
    beyond = neighbours()[:sides]
    colours = scenes.colours[:, beyond.clamp_min(0)].flatten(1)  # (B, sides * 9)
    pair = pick(colours, _pairs(scenes, sides, clear).flatten(1))
    side, cell = pair // PLACES, pair % PLACES
    words = _telegram("colour", WORDS.index("left") + side, named(_at(scenes.names, cell)))
    return words, _at(colours, pair)[:, None], torch.stack([cell, beyond[side, cell]], 1)


def named(name: Tensor) -> Tensor:
    """The word for a name."""
    return WORDS.index(NAMES[0]) + name


def _telegram(first: str, second: str | Tensor, third: Tensor) -> Tensor:
    middle = torch.full_like(third, WORDS.index(second)) if isinstance(second, str) else second
    return torch.stack([torch.full_like(third, WORDS.index(first)), middle, third], dim=1)


def _pick(generator: torch.Generator | None, colours: Tensor, allowed: Tensor) -> Tensor:
    """One of what is allowed, such that each colour among it is equally likely: (B, n) -> (B,)."""
    paint = F.one_hot(colours.clamp_min(0), len(COLOURS)) * allowed[..., None]  # (B, n, 4)
    alike = paint.sum(1).gather(1, colours.clamp_min(0)).clamp_min(1)
    return torch.multinomial(allowed / alike, 1, generator=generator)[:, 0]


def _pairs(scenes: Scenes, sides: int, clear: bool) -> Tensor:
    """Whether a thing lies in a cell and another on its side, (B, sides, 9); if `clear`, only of sides on
    which things of two colours lie."""
    there, beyond = scenes.names >= 0, neighbours()[:sides]
    pairs = there[:, None] & there[:, beyond.clamp_min(0)] & (beyond >= 0)
    if not clear:
        return pairs
    colours = scenes.colours[:, beyond.clamp_min(0)]  # (B, sides, 9)
    paint = F.one_hot(colours.clamp_min(0), len(COLOURS)).bool() & pairs[..., None]
    return pairs & (paint.any(2).sum(-1) > 1)[..., None]


@functools.cache
def neighbours() -> Tensor:
    """The cell on each side of each cell, -1 beyond the edge: (4, 9)."""
    found = torch.full((len(SIDES), PLACES), -1)
    for side, (down, right) in enumerate(SIDES.values()):
        for cell in range(PLACES):
            row, column = cell // GRID + down, cell % GRID + right
            if 0 <= row < GRID and 0 <= column < GRID:
                found[side, cell] = GRID * row + column
    return found


def _at(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index[:, None])[:, 0]


def _shuffled(count: int, length: int, generator: torch.Generator | None) -> Tensor:
    return torch.rand(count, length, generator=generator).argsort(dim=1)


# ---- pictures, and what the reader makes of their cells


def features(scenes: Scenes, split: str, generator: torch.Generator | None) -> Tensor:
    """What the reader makes of each cell of pictures of these scenes, (B, 9, 32)."""
    which = torch.randint(VARIANTS, scenes.names.shape, generator=generator)
    return bank(split)[codes(scenes), which]


@functools.cache
@torch.no_grad()
def bank(split: str) -> Tensor:
    """Features of cells with each thing in each colour, the empty cell first: (25, 256, 32)."""
    reader, generator = trained_reader.load(), torch.Generator().manual_seed(17)
    code = torch.arange(1 + len(NAMES) * len(COLOURS))[:, None].expand(-1, VARIANTS)
    empty = code == 0
    name = ((code - 1) // len(COLOURS)).masked_fill(empty, -1)
    colour = ((code - 1) % len(COLOURS)).masked_fill(empty, -1)
    cells = paint(Scenes(name, colour), split, generator)  # (25, 256, 3, 12, 12)
    return reader.cells(cells.flatten(0, 1)).unflatten(0, code.shape)


def paint(scenes: Scenes, split: str, generator: torch.Generator | None) -> Tensor:
    """Cells of pictures: a random picture of each name over a crop of a photograph, (B, n, 3, 12, 12)."""
    inks = pictures(split)  # (names, variants, 10, 10)
    which = torch.randint(inks.shape[1], scenes.names.shape, generator=generator)
    ink = inks[scenes.names.clamp_min(0), which] * (scenes.names >= 0)[..., None, None]
    ink = F.pad(ink, [(CELL - INK) // 2] * 4)[:, :, None]  # (B, n, 1, 12, 12)
    colours = torch.tensor(list(COLOURS.values()))[scenes.colours.clamp_min(0)]  # (B, n, 3)
    colours = colours * (0.8 + 0.2 * torch.rand(*scenes.names.shape, 1, generator=generator))
    textures = crops.bank(clutter.TEXTURES[SPLITS[split]], grid_world.TEXTURE_SIDE, grey=True, stretched=True)
    ground = TEXTURE * crops.draw(textures, scenes.names.numel(), CELL, generator=generator)
    ground = ground.unflatten(0, scenes.names.shape)  # (B, n, 1, 12, 12)
    return ground * (1 - ink) + colours[..., None, None] * ink


@functools.cache
def pictures(split: str) -> Tensor:
    """All pictures of each name, ink bright: (6, variants, 10, 10)."""
    bright, labels = digits.tight(SPLITS[split], INK)
    generator = torch.Generator().manual_seed(3 + list(SPLITS).index(split))
    made = [
        bright[labels == int(name)][:40, 0] if name.isdigit() else grid_world.shape(name, 40, generator)
        for name in NAMES
    ]
    return torch.stack(made)


def text(words: Tensor) -> str:
    """A question in words."""
    return " ".join(WORDS[word] for word in words.tolist() if word)


def main() -> None:
    """Print a picture and what is asked about it."""
    generator = torch.Generator().manual_seed(0)
    scenes = arrange(1, "test", generator)
    told = grid_world.told(scenes.names[0], scenes.colours[0], NAMES)
    for row in range(GRID):
        print(*(f"{cell or '.':14}" for cell in told[GRID * row :][:GRID]))
    words, answers, _ = ask(scenes, torch.tensor(ASKED)[None], generator)
    for asked, answer in zip(words[0], answers[0].tolist(), strict=True):
        print(f"{text(asked)}? {ANSWERS[answer]}")


if __name__ == "__main__":
    main()
