"""Must attention write down how much each token takes from each?

Three ways to the same numbers: the whole matrix; torch's fused kernel; and blocks with a running softmax,
written out step by step.

Paper: Tri Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", NeurIPS
    2022, section 3.1; the running softmax: Maxim Milakov and Natalia Gimelshein, "Online normalizer
    calculation for softmax", arXiv:1805.02867, 2018, section 3.
Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.exact
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def scores(queries: Tensor, keys: Tensor) -> Tensor:
    """How well each key answers each query: (B, N, d), (B, M, d) -> (B, N, M)."""
    return queries @ keys.mT / queries.shape[-1] ** 0.5


class Explicit(nn.Module):
    """Softmax attention with the whole matrix of weights: what all others are held against.

    Shape:
        queries, keys, values, each (B, N, d) -> (B, N, d).

    Every way of this chapter has the same two verbs: ``weights(queries, keys)``, (B, N, N), is what you plot,
    and ``forward(queries, keys, values)`` applies exactly those weights, if possible without making them.
    """

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Entry [b, i, j] is the share that token i takes from token j; each row sums to 1 over j."""
        return scores(queries, keys).softmax(dim=-1)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Each token's mean of the values, weighted by its row."""
        return self.weights(queries, keys) @ values  # (B, N, N) @ (B, N, d)


class Fused(Explicit):
    """The same numbers from torch's kernel, which works through blocks within the processor's cache.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        one_head = (each.unsqueeze(1) for each in (queries, keys, values))  # (B, N, d) -> (B, 1, N, d)
        return F.scaled_dot_product_attention(*one_head).squeeze(1)


class Running(NamedTuple):
    """What a running softmax keeps for each query: no score that it has seen, only three sums of them.

    `best` (B, n, 1), the largest score so far; `total` (B, n, 1), the sum of exp(score - best); `mixed`
    (B, n, d), the sum of exp(score - best) times value.
    """

    best: Tensor
    total: Tensor
    mixed: Tensor


def nothing_yet(queries: Tensor, values: Tensor) -> Running:
    """Before the first block: no score is smaller than minus infinity, and both sums are empty."""
    total = queries.new_zeros(*queries.shape[:-1], 1)
    return Running(total - torch.inf, total, queries.new_zeros(*queries.shape[:-1], values.shape[-1]))


def take(so_far: Running, new: Tensor, values: Tensor) -> Running:
    """Take in one more block: `new` scores (B, n, m) and their values (B, m, d).

    Where a larger score turns up, all that was summed before was measured against too small a best score. One
    factor puts that right.
    """
    best = torch.maximum(so_far.best, new.amax(dim=-1, keepdim=True))
    shrink = torch.exp(so_far.best - best)  # 1 where the best score is still the best
    raised = torch.exp(new - best)
    total = shrink * so_far.total + raised.sum(dim=-1, keepdim=True)
    return Running(best, total, shrink * so_far.mixed + raised @ values)


class Blocks(Explicit):
    """The same numbers block by block: never more than `block` x `block` scores at a time.

    Args:
        block: Queries, and keys, that are taken together.

    Raises:
        ValueError: if ``block`` is below 1.
    """

    def __init__(self, block: int = 64):
        super().__init__()
        if block < 1:
            raise ValueError(f"wanted blocks of 1 or more tokens, got {block}")
        self.block = block

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        done = []
        for asking in queries.split(self.block, dim=1):
            so_far = nothing_yet(asking, values)
            for offered, value in zip(
                keys.split(self.block, dim=1), values.split(self.block, dim=1), strict=True
            ):
                so_far = take(so_far, scores(asking, offered), value)
            done.append(so_far.mixed / so_far.total)
        return torch.cat(done, dim=1)


def main() -> None:
    """Show that the three agree."""
    queries, keys, values = torch.randn(3, 2, 500, 32, generator=torch.Generator().manual_seed(0))
    whole = Explicit()(queries, keys, values)
    for way in (Fused(), Blocks(64), Blocks(1)):
        apart = (way(queries, keys, values) - whole).abs().max()
        print(f"{type(way).__name__:8} differs from the whole matrix by {apart:.0e}")


if __name__ == "__main__":
    main()
