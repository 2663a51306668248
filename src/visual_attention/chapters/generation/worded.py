"""Does a picture show what a sentence says?

A sentence's two handwritten digits, in its colours, lie in two of four cells of a picture: side by side in
the upper or the lower half, or one above the other at the left or at the right. Any picture, real or made, is
read cell by cell by a judge, and held to its sentence part by part.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.worded
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.generation import sentences
from visual_attention.data import digits
from visual_attention.data.colours import COLOURS

CELL = 8  # pixels of a cell's side, those of scikit-learn's digits
SIZE = (16, 16)
INK = 0.12  # a cell with less mean brightness holds nothing; of real digits one in a hundred has less
CLEAR = 0.9  # cosine of a cell's colour to the nearest paint, below which it is of no clear colour
SAYS = ("left of", "right of", "above", "below")


class Worded(NamedTuple):
    """A batch: `images` (B, 3, 16, 16) in [0, 1] and `words` (B, 5), what their sentences say."""

    images: Tensor
    words: Tensor


class Reading(NamedTuple):
    """What is in the four cells, row by row, (B, 4) each: `digits` and `colours`, -1 where there is nothing
    or nothing clear, and `light`, the mean brightness."""

    digits: Tensor
    colours: Tensor
    light: Tensor


class Obeyed(NamedTuple):
    """How far pictures show what their sentences say: `digits` and `colours`, the share of the two that is
    right, `place`, whether the things lie as told, and `all`; (B,) each, from 0 to 1."""

    digits: Tensor
    colours: Tensor
    place: Tensor
    all: Tensor


def batch(
    count: int, *, split: str, words: Tensor | None = None, generator: torch.Generator | None = None
) -> Worded:
    """Draw pictures of sentences.

    Args:
        count: B, pictures to draw.
        split: whose handwriting is used, "train" or "test"; "learning" and "validation" divide "train".
        words: the sentences, (B, 5); None: random ones of the training.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if there is not one sentence for each picture, or no such split.
    """
    words = sentences.draw(count, generator=generator) if words is None else words
    if words.shape != (count, len(sentences.PARTS)):
        raise ValueError(f"wanted {count} sentences of 5 words, got {tuple(words.shape)}")
    bank, labels = digits.small(split)
    first, second = cells_of(words, torch.randint(2, (count,), generator=generator))
    cells = torch.zeros(count, 4, 3, CELL, CELL)
    for place, colour, digit in ((first, words[:, 0], words[:, 1]), (second, words[:, 3], words[:, 4])):
        ink = bank[_member(labels, digit - sentences.STARTS[1], generator)]  # (B, 1, 8, 8)
        cells[torch.arange(count), place] = ink * paint()[colour][..., None, None]
    rows = cells.unflatten(1, (2, 2)).permute(0, 3, 1, 4, 2, 5)  # (B, 3, 2, 8, 2, 8)
    return Worded(rows.reshape(count, 3, *SIZE), words)


def cells_of(words: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """The cells of the first and of the second thing, 0 to 3, row by row, in one half of the picture or the
    other: (B, 5), (B,) -> two of (B,)."""
    relation = words[:, 2] - sentences.STARTS[2]
    beside, later = relation < 2, relation % 2  # "right of" and "below": the first thing comes later
    step = torch.where(beside, 1, 2)
    corner = half * torch.where(beside, 2, 1)
    return corner + later * step, corner + (1 - later) * step


def split_cells(images: Tensor) -> Tensor:
    """Pictures in their four cells: (B, 3, 16, 16) -> (B, 4, 3, 8, 8)."""
    if images.ndim != 4 or images.shape[1:] != (3, *SIZE):
        raise ValueError(f"wanted pictures (B, 3, {SIZE[0]}, {SIZE[1]}), got {tuple(images.shape)}")
    cells = images.unflatten(3, (2, CELL)).unflatten(2, (2, CELL))  # (B, 3, 2, 8, 2, 8)
    return cells.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)


@torch.no_grad()
def read(judge: torch.nn.Module, images: Tensor) -> Reading:
    """What the judge, which names a digit in grey, (B, 1, 8, 8) -> (B, 10), finds in each cell."""
    cells = split_cells(images).clamp(0, 1)
    grey = cells.amax(dim=2, keepdim=True)  # a paint's strongest part is as bright as the ink
    light = grey.mean(dim=(2, 3, 4))
    named = judge(grey.flatten(0, 1)).argmax(1).view(len(images), 4)
    total = F.normalize(cells.mean(dim=(3, 4)), dim=-1)  # (B, 4, 3)
    cosine, colours = (total @ F.normalize(paint(), dim=-1).T).max(-1)
    empty = light < INK
    return Reading(named.masked_fill(empty, -1), colours.masked_fill(empty | (cosine < CLEAR), -1), light)


def obeyed(reading: Reading, words: Tensor) -> Obeyed:
    """Hold what was read to what was told.

    The two brightest cells count as the picture's things. They are matched to the told ones straight or
    crosswise, whichever makes more digits and colours right; if crosswise is better, or the cells do not lie
    as told, the place is wrong. `all` wants every part right and the other two cells empty.
    """
    told = torch.stack([words[:, [1, 4]] - sentences.STARTS[1], words[:, [0, 3]]], dim=2)  # (B, 2, 2)
    cells = reading.light.topk(2, dim=1).indices.sort(1).values  # (B, 2), in reading order
    found = torch.stack([reading.digits.gather(1, cells), reading.colours.gather(1, cells)], dim=2)
    relation = words[:, 2] - sentences.STARTS[2]
    told = torch.where((relation % 2 == 1)[:, None, None], told.flip(1), told)  # in reading order, too
    straight, crosswise = (found == told).float(), (found == told.flip(1)).float()
    turned = crosswise.sum((1, 2)) > straight.sum((1, 2))
    right = torch.where(turned[:, None, None], crosswise, straight).mean(1)  # (B, 2): digits, colours
    apart = cells[:, 1] - cells[:, 0]
    beside = (apart == 1) & (cells[:, 0] % 2 == 0)
    place = torch.where(relation < 2, beside, apart == 2) & ~turned
    two = ((reading.light >= INK).sum(1) == 2).float()
    whole = (right == 1).all(1).float() * place.float() * two
    return Obeyed(right[:, 0], right[:, 1], place.float(), whole)


def paint() -> Tensor:
    """The colours, (4, 3)."""
    return torch.tensor([COLOURS[name] for name in sentences.PAINTS])


def _member(labels: Tensor, wanted: Tensor, generator: torch.Generator | None) -> Tensor:
    """The index of a random digit of each wanted class; classes differ in size."""
    order = labels.argsort(stable=True)
    counts = labels.bincount(minlength=10)
    share = torch.rand(len(wanted), generator=generator)
    return order[(counts.cumsum(0) - counts)[wanted] + (share * counts[wanted]).long()]
