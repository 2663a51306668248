"""What if one picture is asked for different things?

Each picture has nine cells with a handwritten digit in each: one red, one green, one blue, six grey. The
query names a colour; the answer is the digit of that colour. Without the query there are three right answers
to choose from.

Run: python -m visual_attention.chapters.soft.asked
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.data import digits
from visual_attention.training import evaluate, fit, seeded

COLOURS = ("red", "green", "blue")
GRID, SIDE = 3, 8  # cells a side, pixels a cell
INK = torch.tensor([[1.0, 0.15, 0.15], [0.1, 0.8, 0.1], [0.25, 0.35, 1.0], [0.65, 0.65, 0.65]])  # last: grey

Pool = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


class AskedPictures(NamedTuple):
    """Images (B, 3, 24, 24) in [0, 1], queries (B,) that count the colours, labels (B,), and the cell that
    holds the answer, (B,), counted row by row."""

    images: Tensor
    queries: Tensor
    labels: Tensor
    cells: Tensor


def batch(count: int, *, split: str, generator: torch.Generator | None = None) -> AskedPictures:
    """Draw pictures, each with a query.

    Args:
        count: B, how many.
        split: "train" or "test"; the two share no digit.
        generator: seeds everything that is random here.
    """
    bank, names = digits.small(split)
    chosen = torch.randint(len(bank), (count, GRID * GRID), generator=generator)
    order = torch.rand(count, GRID * GRID, generator=generator).argsort(1)  # the first three get a colour
    colour = torch.full((count, GRID * GRID), len(COLOURS))
    colour.scatter_(1, order[:, : len(COLOURS)], torch.arange(len(COLOURS)).expand(count, -1))
    cells = bank[chosen] * INK[colour][..., None, None]  # (B, 9, 1, 8, 8) * (B, 9, 3, 1, 1)
    images = cells.view(count, GRID, GRID, 3, SIDE, SIDE).permute(0, 3, 1, 4, 2, 5)
    queries = torch.randint(len(COLOURS), (count,), generator=generator)
    asked = order.gather(1, queries[:, None])
    labels = names[chosen].gather(1, asked)[:, 0]
    return AskedPictures(images.reshape(count, 3, GRID * SIDE, GRID * SIDE), queries, labels, asked[:, 0])


class AskedReader(nn.Module):
    """One vector of features for each cell, a pool that hears the query, and a linear reader of the digit.

    Args:
        pool: (features (B, C, 3, 3), query (B, 3), to_query (3, d), to_key (C, d), to_value (C, v)) to
            (B, v).
        channels: C.
        width: d and v.

    Shape:
        images (B, 3, 24, 24), queries (B,) -> scores of the digits (B, 10).
    """

    def __init__(self, pool: Pool, *, channels: int = 48, width: int = 32):
        super().__init__()
        self.pool = pool
        self.features = nn.Sequential(nn.Conv2d(3, channels, SIDE, stride=SIDE), nn.ReLU())
        self.to_query = nn.Parameter(torch.randn(len(COLOURS), width))
        self.to_key = nn.Parameter(torch.randn(channels, width) / channels**0.5)
        self.to_value = nn.Parameter(torch.randn(channels, width) / channels**0.5)
        self.read = nn.Linear(width, 10)

    def forward(self, images: Tensor, queries: Tensor) -> Tensor:
        colours = torch.arange(len(COLOURS), device=queries.device)
        query = (queries[:, None] == colours).to(images.dtype)  # (B,) -> (B, 3)
        pooled = self.pool(self.features(images), query, self.to_query, self.to_key, self.to_value)
        return self.read(pooled)


def learn(pool: Pool, *, steps: int = 200, seed: int = 0) -> tuple[AskedReader, list[float]]:
    """Train a reader around a pool; gives it with the loss of each step."""
    with seeded(seed):
        model = AskedReader(pool)
    generator = torch.Generator().manual_seed(seed)
    losses = fit(
        model,
        lambda step: batch(64, split="train", generator=generator),
        lambda model, b: F.cross_entropy(model(b.images, b.queries), b.labels),
        steps=steps,
        lr=1e-2,
        progress=False,
    )
    return model, losses


def accuracy(model: AskedReader, *, count: int = 500, seed: int = 1) -> float:
    """How many digits of the asked colour are named, of pictures that training does not show."""
    shown = batch(count, split="test", generator=torch.Generator().manual_seed(seed))
    return evaluate(model, [shown], lambda model, b: model(b.images, b.queries).argmax(1) == b.labels)


def query_pool(features: Tensor, query: Tensor, to_query: Tensor, to_key: Tensor, to_value: Tensor) -> Tensor:
    """Pooling with a query: scores from query and keys, a softmax over places, a sum of values."""
    places = features.flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, N, C)
    asked = query @ to_query  # (B, d)
    scores = (places @ to_key @ asked[:, :, None])[..., 0] / to_key.shape[1] ** 0.5  # (B, N)
    weights = scores.softmax(dim=1)
    return (weights[:, :, None] * (places @ to_value)).sum(dim=1)  # (B, v)


def main() -> None:
    def deaf(features: Tensor, query: Tensor, *matrices: Tensor) -> Tensor:
        return query_pool(features, 0 * query, *matrices)

    for name, pool in (("with the query", query_pool), ("without", deaf)):
        model, losses = learn(pool)
        print(f"{name:15} loss {losses[0]:.2f} -> {losses[-1]:.2f}, test accuracy {accuracy(model):.2f}")


if __name__ == "__main__":
    main()
