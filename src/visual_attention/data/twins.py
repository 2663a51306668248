"""What can be told of a place only by looking at another place, which may be anywhere?

Sixteen handwritten digits in colours lie on a grid of 4 x 4. Eight classes occur, each twice: every digit has
one twin, written by another hand and in a colour of its own. The question, asked at each place: which colour
has your twin?

Run: python -m visual_attention.data.twins
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import digits
from visual_attention.data.colours import COLOURS

SIDE = 4  # places in a row and in a column
CELL = 14  # pixels of a place's side
INK = 12  # pixels of a digit's longer side


class Twins(NamedTuple):
    """A batch of grids of digits.

    `images` (B, 3, 56, 56) in [0, 1]; at each of the 16 places, row by row: `labels` (B, 16), the colour of
    the twin, an index into COLOURS; `colours` (B, 16), the digit's own; `digits` (B, 16), its class;
    `twins` (B, 16), the place of its twin.
    """

    images: Tensor
    labels: Tensor
    colours: Tensor
    digits: Tensor
    twins: Tensor


def batch(
    count: int,
    *,
    split: str,
    near: bool = False,
    classes: Sequence[int] = range(10),
    generator: torch.Generator | None = None,
) -> Twins:
    """Draw grids of coloured digits.

    Args:
        count: B, pictures to draw.
        split: "train" or "test"; the two have no digit in common. "learning" and "validation" divide "train".
        near: whether each twin lies in the cell next door, always the same one, instead of anywhere.
        classes: which digits may occur, eight of them in each picture.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1, there is no such split, or fewer than eight classes.
    """
    if count < 1:
        raise ValueError(f"count: wanted at least 1 picture, got {count}")
    places = SIDE * SIDE
    if len(set(classes)) < places // 2:
        raise ValueError(f"classes: wanted at least {places // 2} digits, got {list(classes)}")
    bank, labels = digits.tight(split, INK)
    drawn = _shuffled(count, len(classes), generator)[:, : places // 2]
    classes = torch.tensor(classes)[drawn].repeat(1, 2)  # (B, 16), the same twice
    order = _shuffled(count, places, generator)  # place k holds the digit number order[k]
    if near:  # numbers k and k + 8 are twins: they come into cells 2k and 2k + 1
        order = torch.arange(places).view(2, -1).T.flatten().expand(count, -1)
    classes = classes.gather(1, order)
    partner = (order + places // 2) % places  # the number of its twin
    twins = order.argsort(1).gather(1, partner)  # the place where that number lies
    colours = torch.randint(len(COLOURS), (count, places), generator=generator)
    pictures = bank[_members(labels, classes, generator)]  # (B, 16, 1, 12, 12)
    paint = torch.tensor(list(COLOURS.values()))[colours]  # (B, 16, 3)
    cells = F.pad(pictures * paint[..., None, None], [(CELL - INK) // 2] * 4)  # (B, 16, 3, 14, 14)
    images = cells.unflatten(1, (SIDE, SIDE)).permute(0, 3, 1, 4, 2, 5)  # (B, 3, row, 14, column, 14)
    images = images.reshape(count, 3, SIDE * CELL, SIDE * CELL)
    return Twins(images, colours.gather(1, twins), colours, classes, twins)


def distance(twins: Tensor) -> Tensor:
    """How many steps, sideways or diagonal, each place is from its twin: (B, 16) -> (B, 16), 1 to 3."""
    here = torch.arange(SIDE * SIDE)
    rows = (here // SIDE - twins // SIDE).abs()
    columns = (here % SIDE - twins % SIDE).abs()
    return torch.maximum(rows, columns)


def _shuffled(count: int, length: int, generator: torch.Generator | None) -> Tensor:
    return torch.rand(count, length, generator=generator).argsort(1)


def _members(labels: Tensor, classes: Tensor, generator: torch.Generator | None) -> Tensor:
    """For each wanted class, the index of a random digit of it; all classes have as many digits."""
    by_class = labels.argsort(stable=True).view(10, -1)  # (10, digits of a class)
    chosen = torch.randint(by_class.shape[1], classes.shape, generator=generator)
    return by_class[classes, chosen]


def main() -> None:
    drawn = batch(2, split="test", generator=torch.Generator().manual_seed(0))
    names = list(COLOURS)
    print(f"images {tuple(drawn.images.shape)}")
    for place in range(0, SIDE * SIDE, 5):
        colour, label = (names[each[0, place]] for each in (drawn.colours, drawn.labels))
        digit, twin = drawn.digits[0, place], drawn.twins[0, place]
        print(f"  place {place:2}, a {colour} {digit}: its twin at place {twin} is {label}")


if __name__ == "__main__":
    main()
