"""What lies in each cell of a picture? The eyes that all answerers of the chapter share.

A small convolutional network, trained to name the thing and the colour in a cell, and then left as it is.
Yang et al. do the same with VGG: the network that sees the picture is not trained on questions.

Paper: Zichao Yang et al., "Stacked Attention Networks for Image Question Answering", CVPR 2016, section 3.1.
Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.chapters.question_answering.cell_reader
"""

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.chapters.question_answering import grid_world
from visual_attention.chapters.question_answering.grid_world import CELL, COLOURS, GRID, NAMES
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.training import fit, seeded


class CellReader(nn.Module):
    """Make a vector of each cell of a picture from its own pixels alone.

    No cell sees its neighbours, so that what lies beside a thing can only be told by looking there. Two
    linear layers, `name` and `colour`, are what `told` asks.

    Args:
        width: F, features of a cell.

    Shape:
        (B, 3, 48, 48) in [0, 1] -> (B, N, F) with N = 16 cells, row by row; each feature has mean 0 and
        variance 1 over the pictures of its training.

    Raises:
        ValueError: if ``width`` is not above 0; at call, if the picture is not a (B, 3, 48, 48).
    """

    def __init__(self, width: int = 32):
        super().__init__()
        require_positive(width=width)
        self.convs = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
        )
        self.proj = nn.Linear(32 * (CELL // 4) ** 2, width, bias=False)
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.name = nn.Linear(width, 1 + len(NAMES))  # the first is: nothing
        self.colour = nn.Linear(width, 1 + len(COLOURS))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The features of each cell, (B, N, F)."""
        require_feature_map(images, channels=3)
        if images.shape[2:] != (GRID * CELL, GRID * CELL):
            raise ValueError(f"wanted pictures of {GRID * CELL} pixels a side, got {tuple(images.shape[2:])}")
        made = self.cells(grid_world.to_cells(images).flatten(0, 1))  # (B * N, F)
        return made.unflatten(0, (len(images), GRID * GRID))

    def cells(self, cells: torch.Tensor) -> torch.Tensor:
        """The features of cells that are cut out already, (n, 3, 12, 12) -> (n, F)."""
        return self.norm(self.proj(self.convs(cells).flatten(1)))

    def told(self, images: torch.Tensor) -> grid_world.Scenes:
        """What it takes to lie in each cell, in the form of a scene: -1 for nothing."""
        features = self(images)
        return grid_world.Scenes(self.name(features).argmax(2) - 1, self.colour(features).argmax(2) - 1)


def train(*, steps: int = 400, seed: int = 0, progress: bool = True) -> CellReader:
    """Train a reader from nothing."""
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        reader = CellReader()

    def batch(step: int):
        scenes = grid_world.draw(32, split="train", generator=generator)
        return grid_world.render(scenes, split="train", generator=generator), scenes

    def loss(reader, batch):
        features, scenes = reader(batch[0]), batch[1]
        return F.cross_entropy(reader.name(features).mT, scenes.names + 1) + F.cross_entropy(
            reader.colour(features).mT, scenes.colours + 1
        )

    fit(reader, batch, loss, steps=steps, lr=5e-3, progress=progress)
    return reader


def accuracy(reader: CellReader, *, count: int = 200) -> float:
    """The share of things of which name and colour are both right, over new pictures of the test's things."""
    generator = torch.Generator().manual_seed(7)
    scenes = grid_world.draw(count, split="test", generator=generator)
    with torch.no_grad():
        told = reader.told(grid_world.render(scenes, split="test", generator=generator))
    right = (told.names == scenes.names) & (told.colours == scenes.colours)
    return right[scenes.names >= 0].float().mean().item()


def main() -> None:
    """Train a reader briefly, and say how well it reads."""
    print(f"{accuracy(train(steps=100)):.1%} of new things are named with their colour after 100 steps")


if __name__ == "__main__":
    main()
