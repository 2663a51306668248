"""Twins without pictures: a world so small that attention learns it in a second, on any machine.

Sixteen tokens lie on a grid of 4 x 4. Each shows a kind, one of eight, and a colour, one of four; each kind
occurs twice. Asked, at each token: which colour has the other of your kind?

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.pairs
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.training import fit, seeded

SIDE, KINDS, COLOURS = 4, 8, 4
COUNT, INSIDE = SIDE**2, 2 * KINDS + COLOURS  # tokens, numbers of a query

Mix = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # queries, keys, values, allowed -> mixed


class Pairs(NamedTuple):
    """`tokens` (B, 16, 12), kind and colour as ones among zeros; `labels` and `twins`, each (B, 16)."""

    tokens: Tensor
    labels: Tensor
    twins: Tensor


def batch(count: int, generator: torch.Generator) -> Pairs:
    """Draw grids of tokens."""
    order = torch.rand(count, COUNT, generator=generator).argsort(dim=1)  # place k holds number order[k]
    twins = order.argsort(dim=1).gather(1, (order + KINDS) % COUNT)
    colours = torch.randint(COLOURS, (count, COUNT), generator=generator)
    shown = (F.one_hot(order % KINDS, KINDS), F.one_hot(colours, COLOURS))
    return Pairs(torch.cat(shown, dim=-1).float(), colours.gather(1, twins), twins)


class PairFinder(nn.Module):
    """One head of attention, mixed by a function that is handed in, and a reader of what was mixed.

    Args:
        mix: Makes (B, N, d) of queries, keys, values, each (B, N, d), and `allowed`, (N, N).
        allowed: Which tokens (columns) each token (row) may ask.

    Shape:
        (B, 16, 12) -> (B, 4, 16), scores of the colours.
    """

    def __init__(self, mix: Mix, allowed: Tensor):
        super().__init__()
        self.mix = mix
        self.register_buffer("allowed", allowed, persistent=False)
        self.ask, self.offer, self.give = (nn.Linear(KINDS + COLOURS, INSIDE) for _ in range(3))
        self.read = nn.Sequential(nn.Linear(KINDS + COLOURS + INSIDE, 64), nn.GELU(), nn.Linear(64, COLOURS))

    def forward(self, tokens: Tensor) -> Tensor:
        mixed = self.mix(self.ask(tokens), self.offer(tokens), self.give(tokens), self.allowed)
        return self.read(torch.cat([tokens, mixed], dim=-1)).mT


def learn(mix: Mix, allowed: Tensor, *, steps: int = 250) -> tuple[float, float]:
    """Train for a second; percent of twins named that may be asked, and of those that may not."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = PairFinder(mix, allowed)
    fit(
        model,
        lambda step: batch(64, generator),
        lambda m, b: F.cross_entropy(m(b.tokens), b.labels),
        steps=steps,
        lr=1e-2,
        progress=False,
    )
    drawn = batch(400, generator)
    with torch.no_grad():
        right = 100.0 * (model(drawn.tokens).argmax(dim=1) == drawn.labels)
    reached = allowed[torch.arange(COUNT), drawn.twins]
    return right[reached].mean().item(), right[~reached].mean().item()


def main() -> None:
    """Train with all tokens and within windows."""
    from visual_attention.chapters.cost.local import Windows

    def mix(queries: Tensor, keys: Tensor, values: Tensor, allowed: Tensor) -> Tensor:
        scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(~allowed, -torch.inf)
        return scores.softmax(dim=-1) @ values

    everywhere = torch.ones(COUNT, COUNT, dtype=torch.bool)
    for name, allowed in (("all tokens", everywhere), ("windows", Windows(SIDE, window=2).allowed())):
        inside, outside = learn(mix, allowed)
        print(f"{name}: {inside:.0f} % of the twins that may be asked, {outside:.0f} % of the rest")


if __name__ == "__main__":
    main()
