"""The world of the exercises: tiny pictures in which one corner decides, fast to train on.

A picture is 12 x 12 pixels of noise, in cells of 3 x 3. One corner's cell holds a mark that decides the
answer; the corner opposite to it holds a mark too, drawn at random, which decides nothing. So whoever points
at what is bright or regular is as often wrong as right: only the network knows which corner counts.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.little
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.training import fit, seeded

SIDE, CELL, CLASSES = 12, 3, 4
GRID = SIDE // CELL
PLACES = ((0, 0), (0, 2), (2, 0), (2, 2))  # which pixel of the cell is bright, by class
NOISE = 0.6


class Little(NamedTuple):
    """Pictures (B, 1, 12, 12) in [0, 1], their labels (B,), and the deciding cell (row, column)."""

    images: Tensor
    labels: Tensor
    cell: tuple[int, int]


def draw(count: int, *, corner: int, turn: int = 0, seed: int = 0) -> Little:
    """Draw pictures that one corner decides.

    Args:
        count: B, pictures to draw.
        corner: 0 to 3: top left, top right, bottom left, bottom right.
        turn: by how much the code is turned: the mark of class k is that of class k + turn with turn 0.
        seed: of everything that is random here.
    """
    generator = torch.Generator().manual_seed(seed)
    images = NOISE * torch.rand(count, 1, SIDE, SIDE, generator=generator)
    labels, idle = torch.randint(CLASSES, (2, count), generator=generator)
    bright = 1 - 0.1 * torch.rand(2, count, generator=generator)
    cell = ((GRID - 1) * (corner // 2), (GRID - 1) * (corner % 2))
    other = (GRID - 1 - cell[0], GRID - 1 - cell[1])
    marks = ((cell, (labels + turn) % CLASSES, bright[0]), (other, idle, bright[1]))
    for (row, column), shown, light in marks:
        rows, columns = slice(CELL * row, CELL * row + CELL), slice(CELL * column, CELL * column + CELL)
        images[:, :, rows, columns] = 0
        for which, (r, c) in enumerate(PLACES):
            here = shown == which
            images[here, 0, CELL * row + r, CELL * column + c] = light[here]
    return Little(images, labels, cell)


def network(seed: int = 0) -> nn.Sequential:
    """Two linear layers that have learned nothing yet: (B, 1, 12, 12) -> scores (B, 4)."""
    with seeded(seed):
        return nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 24), nn.ReLU(), nn.Linear(24, CLASSES))


def taught(drawn: Little, seed: int = 0, *, steps: int = 120) -> nn.Sequential:
    """A network that has learned what decides these pictures, in evaluation mode."""
    model = network(seed)
    fit(
        model,
        lambda step: drawn,
        lambda model, drawn: F.cross_entropy(model(drawn.images), drawn.labels),
        steps=steps,
        lr=0.02,
        progress=False,
    )
    return model


def main() -> None:
    for corner in range(4):
        model, test = taught(draw(400, corner=corner)), draw(400, corner=corner, seed=1)
        right = (model(test.images).argmax(1) == test.labels).float().mean()
        print(f"corner {corner}, cell {test.cell}: {right:.1%} right")


if __name__ == "__main__":
    main()
