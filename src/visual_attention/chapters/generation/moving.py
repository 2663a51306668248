"""What if a twin may lie anywhere, so that no fixed offset leads to it?

On a grid of cells lie things of two shapes, two of each, wherever chance put them. Things of one shape have
one colour, and the two shapes have different ones: a red ring's twin is a red ring, at another place in each
picture. Made pictures can be held to the same rule.

Run: python -m visual_attention.chapters.generation.moving
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data.colours import COLOURS
from visual_attention.mechanisms.inputs import require_positive

DRAWN = {
    "ring": "#### #..# #..# ####",
    "steps": "...# ..## .### ####",
    "bar": "##.. ##.. ##.. ##..",
    "cross": ".##. #### #### .##.",
}
CELL = 4  # pixels of a cell's side
COPIES = 2  # of each shape: a thing and its twin
INK = 0.15  # a cell with less mean brightness holds nothing; the thinnest shape has 0.5
CLEAR = 0.95  # cosine of a cell's colour to the nearest of COLOURS, below which it is of no clear colour
ALIKE = 0.8  # correlation with a drawn shape from which a cell has it; two shapes reach 0 at the most


class Moving(NamedTuple):
    """A batch: `images` (B, 3, 4 S, 4 S) in [0, 1], and of each cell, row by row, `shapes` and `colours`,
    (B, S * S), -1 where nothing is drawn."""

    images: Tensor
    shapes: Tensor
    colours: Tensor


def batch(
    count: int,
    *,
    shapes: int = 2,
    side: int = 3,
    moves: bool = True,
    generator: torch.Generator | None = None,
) -> Moving:
    """Draw pictures of things and their twins.

    Args:
        count: B, pictures to draw.
        shapes: how many shapes occur in each picture, up to 4.
        side: S, cells in a row and in a column.
        moves: Whether a twin may lie in any cell; otherwise thing and twin lie at the left and the right edge
            of one row, and only the row differs.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1, or there are more shapes than are drawn or than the grid holds.
    """
    require_positive(count=count)
    room = side * side // COPIES if moves else side
    if not 1 <= shapes <= min(len(DRAWN), room) or side < 2:
        raise ValueError(f"wanted 1 to {min(len(DRAWN), room)} shapes on {side} x {side} cells, got {shapes}")
    if moves:
        places = torch.rand(count, side * side, generator=generator).argsort(1)[:, : COPIES * shapes]
    else:
        rows = torch.rand(count, side, generator=generator).argsort(1)[:, :shapes]
        places = torch.cat([rows * side, rows * side + side - 1], dim=1)
    kinds = torch.arange(shapes).repeat(COPIES).expand(count, -1)  # (B, things)
    paints = torch.rand(count, len(COLOURS), generator=generator).argsort(1)[:, :shapes].repeat(1, COPIES)
    nothing = torch.full((count, side * side), -1)
    return compose(nothing.scatter(1, places, kinds), nothing.scatter(1, places, paints), side)


def compose(shapes: Tensor, colours: Tensor, side: int) -> Moving:
    """The pictures of given shapes and colours, (B, S * S) each, -1 for nothing."""
    ink = masks()[shapes.clamp_min(0)] * (shapes >= 0)[..., None, None]  # (B, S * S, 4, 4)
    cells = ink[:, :, None] * _paint()[colours.clamp_min(0)][..., None, None]  # (B, S * S, 3, 4, 4)
    rows = cells.unflatten(1, (side, side)).permute(0, 3, 1, 4, 2, 5)  # (B, 3, S, 4, S, 4)
    return Moving(rows.reshape(len(shapes), 3, CELL * side, CELL * side), shapes, colours)


def masks() -> Tensor:
    """The shapes, (4, 4, 4) of 0 and 1."""
    return torch.tensor(
        [[[sign == "#" for sign in row] for row in drawn.split()] for drawn in DRAWN.values()]
    ).float()


def cells_of(images: Tensor) -> Tensor:
    """Pictures in cells, row by row: (B, 3, 4 S, 4 S) -> (B, S * S, 3, 4, 4).

    Raises:
        ValueError: if the pictures are not square, or no whole number of cells wide.
    """
    if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
        raise ValueError(f"wanted square pictures (B, 3, H, H), got {tuple(images.shape)}")
    if images.shape[3] % CELL:
        raise ValueError(f"wanted cells of {CELL} pixels, got a side of {images.shape[3]}")
    cells = images.unflatten(3, (-1, CELL)).unflatten(2, (-1, CELL))  # (B, 3, S, 4, S, 4)
    return cells.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)


def there(images: Tensor) -> Tensor:
    """Whether a cell holds anything, (B, S * S)."""
    return cells_of(images).clamp(0, 1).amax(2).mean(dim=(-2, -1)) >= INK


def read(images: Tensor) -> tuple[Tensor, Tensor]:
    """Which shape and which colour each cell has, (B, S * S) each, -1 for none that is clear."""
    cells = cells_of(images).clamp(0, 1)
    light = _centred(cells.amax(2).flatten(2))  # (B, S * S, 16)
    closest, shapes = (F.normalize(light, dim=-1) @ _centred_masks().T).max(-1)
    cosine, colours = (F.normalize(cells.mean((-2, -1)), dim=-1) @ F.normalize(_paint(), dim=-1).T).max(-1)
    clear = there(images) & (closest >= ALIKE) & (cosine >= CLEAR)
    return torch.where(clear, shapes, -1), torch.where(clear, colours, -1)


def alike(shapes: Tensor) -> Tensor:
    """Which pairs of cells have one shape: (B, N) -> (B, N, N), bool; no cell pairs with itself."""
    clear = shapes >= 0
    same = (shapes[:, :, None] == shapes[:, None]) & clear[:, :, None] & clear[:, None]
    return same & ~torch.eye(shapes.shape[1], dtype=torch.bool, device=shapes.device)


def agreement(images: Tensor) -> dict[str, float]:
    """How made pictures keep the rule, all in percent.

    "twins agree": of the pairs of one shape, how many have one colour; "others agree": the same for pairs of
    two shapes; "agreement": the first minus the second, 100 for real pictures, 0 where colours fall as they
    like and also where all things of a picture have one; "clear": cells with something whose shape and colour
    are clear.
    """
    shapes, colours = read(images)
    clear, twins = shapes >= 0, alike(shapes)
    one = colours[:, :, None] == colours[:, None]
    others = clear[:, :, None] & clear[:, None] & (shapes[:, :, None] != shapes[:, None])
    told = {"twins agree": _share(one, twins), "others agree": _share(one, others)}
    lift = told["twins agree"] - told["others agree"] if twins.any() and others.any() else 0.0
    return {"agreement": lift} | told | {"clear": _share(clear, there(images))}


def _share(what: Tensor, among: Tensor) -> float:
    """How many percent of the entries that are meant are true; 0 where none is meant."""
    return 100 * ((what & among).sum() / among.sum().clamp_min(1)).item()


def _centred(rows: Tensor) -> Tensor:
    return rows - rows.mean(dim=-1, keepdim=True)


def _centred_masks() -> Tensor:
    return F.normalize(_centred(masks().flatten(1)), dim=-1)  # (4, 16)


def _paint() -> Tensor:
    return torch.tensor(list(COLOURS.values()))  # (6, 3)


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    real = batch(1000, generator=generator)
    mixed = compose(real.shapes, torch.where(real.shapes >= 0, torch.randint(6, real.shapes.shape), -1), 3)
    plain = compose(real.shapes, torch.where(real.shapes >= 0, 2, -1), 3)
    for name, drawn in (("real", real), ("colours at random", mixed), ("all blue", plain)):
        print(f"{name:18}", ", ".join(f"{key} {value:.0f}" for key, value in agreement(drawn.images).items()))


if __name__ == "__main__":
    main()
