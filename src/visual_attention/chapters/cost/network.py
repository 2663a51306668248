"""What does a network lose that leaves something out? One network for the twins, in which only that differs.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.network
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from visual_attention.chapters.cost.compressed import Dropped, Linear, Merged
from visual_attention.chapters.cost.exact import Explicit
from visual_attention.chapters.cost.local import Columns, CrissCross, Rows, Windows
from visual_attention.data import twins
from visual_attention.training import evaluate

SIDE, CELL = twins.SIDE, twins.CELL
COUNT = SIDE * SIDE
WIDTH, HEADS = 48, 4
WARM_UP = 50  # steps in which the rate rises to its value; it stays there
AVERAGED = 0.99  # the weights that are scored are a running mean of those that are trained


class Uniform(Explicit):
    """The control: each token takes the same from all, and nothing is chosen."""

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        return queries.new_full((len(queries), queries.shape[1], keys.shape[1]), 1 / keys.shape[1])


class Layer(nn.Module):
    """Several heads ask in one way, then each token thinks by itself; both are added to what was there.

    Args:
        way: How a head's queries, keys and values become its output; it has no parameters.

    Shape:
        (B, N, D) -> (B, N, D).
    """

    def __init__(self, way: Explicit):
        super().__init__()
        self.way = way
        self.before, self.qkv, self.join = (
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 3 * WIDTH),
            nn.Linear(WIDTH, WIDTH),
        )
        self.think = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of all heads, each (B * h, N, D / h)."""
        split = self.qkv(self.before(x)).unflatten(2, (3, HEADS, -1))  # (B, N, 3D) -> (B, N, 3, h, d)
        return tuple(split.permute(2, 0, 3, 1, 4).flatten(1, 2))

    def weights(self, x: Tensor) -> Tensor:
        """What each token takes from each token in each head, (B, h, N, N)."""
        queries, keys, _ = self.heads(x)
        return self.way.weights(queries, keys).unflatten(0, (-1, HEADS))

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.way(*self.heads(x)).unflatten(0, (-1, HEADS))  # (B * h, N, d) -> (B, h, N, d)
        x = x + self.join(mixed.transpose(1, 2).flatten(2))
        return x + self.think(x)


class TwinFinder(nn.Module):
    """Sixteen cells become tokens, a few layers let them ask each other, each names the colour of its twin.

    Args:
        ways: One for each layer.

    Shape:
        (B, 3, 56, 56) -> (B, 6, 16), scores of the colours at each cell.
    """

    def __init__(self, ways: Sequence[Explicit]):
        super().__init__()
        self.see = nn.Sequential(nn.Linear(3 * CELL**2, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))
        self.positions = nn.Parameter(0.02 * torch.randn(COUNT, WIDTH))
        self.layers = nn.ModuleList(Layer(way) for way in ways)
        self.answer = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(twins.COLOURS)))

    def tokens(self, images: Tensor) -> Tensor:
        """The cells as tokens with positions, (B, 16, D)."""
        cells = images.unflatten(2, (SIDE, CELL)).unflatten(4, (SIDE, CELL))  # (B, 3, row, 14, column, 14)
        return self.see(cells.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)) + self.positions

    def weights(self, images: Tensor) -> list[Tensor]:
        """What each cell takes from each cell: one (B, h, 16, 16) for each layer."""
        x, maps = self.tokens(images), []
        for layer in self.layers:
            maps.append(layer.weights(x))
            x = layer(x)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        x = self.tokens(images)
        for layer in self.layers:
            x = layer(x)
        return self.answer(x).mT  # (B, 16, 6) -> (B, 6, 16)


WAYS: dict[str, Callable[[], tuple[Explicit, Explicit]]] = {
    "full": lambda: (Explicit(), Explicit()),
    "merged to 8": lambda: (Merged(8), Merged(8)),
    "dropped to 8": lambda: (Dropped(8), Dropped(8)),
    "criss-cross": lambda: (CrissCross(SIDE), CrissCross(SIDE)),
    "rows, columns": lambda: (Rows(SIDE), Columns(SIDE)),
    "shifted windows": lambda: (Windows(SIDE, window=2), Windows(SIDE, window=2, shift=1)),
    "windows": lambda: (Windows(SIDE, window=2), Windows(SIDE, window=2)),
    "linear": lambda: (Linear(), Linear()),
    "uniform": lambda: (Uniform(), Uniform()),
}


class Point(NamedTuple):
    """The score after so many steps."""

    steps: int
    accuracy: float


def train(
    model: TwinFinder, seed: int, *, steps: int, batch: int, lr: float, history: list[float] | None = None
) -> Iterator[tuple[int, nn.Module]]:
    """Train on fresh pictures; give the steps and the model with averaged weights at 1/4, 1/2 and the end.

    Args:
        model: Is trained in place.
        seed: Fixes the pictures, the same for all ways.
        steps: Updates in all.
        batch: Pictures of an update.
        lr: AdamW's rate, constant after a short warm-up, so that each point is a fair stop.
        history: Gets the loss of each step.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, step / WARM_UP)
        drawn = twins.batch(batch, split="train", generator=generator)
        loss = F.cross_entropy(model(drawn.images), drawn.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        averaged.update_parameters(model)
        if history is not None:
            history.append(loss.item())
        if step in (steps // 4, steps // 2, steps):
            yield step, averaged.module


def accuracy(model: nn.Module, drawn: twins.Twins) -> float:
    """Cells whose twin's colour is named, in percent."""
    return 100 * evaluate(model, [drawn], lambda m, b: m(b.images).argmax(dim=1) == b.labels)


def curve(model: TwinFinder, seed: int, drawn: twins.Twins, **budget) -> list[Point]:
    """Train, and score on `drawn` at 1/4, 1/2 and the end of the budget."""
    return [Point(steps, accuracy(scored, drawn)) for steps, scored in train(model, seed, **budget)]


def main() -> None:
    """Train the whole matrix and windows for a few seconds."""
    drawn = twins.batch(200, split="test", generator=torch.Generator().manual_seed(0))
    for name in ("full", "windows"):
        points = curve(TwinFinder(WAYS[name]()), 0, drawn, steps=200, batch=32, lr=3e-3)
        print(name, *(f"{point.accuracy:.0f} % after {point.steps}" for point in points))


if __name__ == "__main__":
    main()
