"""How does a query take from places that it does not belong to?

Paper: Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017, sections 3.2.2 and 3.2.3.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.cross_attention
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_positive, require_tokens
from visual_attention.mechanisms.self_attention import attention_weights


class CrossAttention(nn.Module):
    """Let each query take from places that it does not belong to, in several heads at once.

    Args:
        dim: D, width of queries and places.
        heads: h, must divide D.

    Shape:
        queries (B, Q, D), places (B, N, D) -> (B, Q, D).

    Raises:
        ValueError: if ``heads`` does not divide ``dim``; at call, if the shapes do not fit.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        require_positive(dim=dim, heads=heads)
        if dim % heads:
            raise ValueError(f"wanted heads that divide dim = {dim}, got {heads}: {dim % heads} left over")
        self.dim, self.heads, self.scale = dim, heads, (dim // heads) ** -0.5
        self.query, self.key, self.value, self.proj = (nn.Linear(dim, dim) for _ in range(4))

    def weights(self, queries: Tensor, places: Tensor) -> Tensor:
        """What each query takes from each place, (B, h, Q, N): sums to 1 over the last axis."""
        return attention_weights(*self._pair(queries, places), scale=self.scale)

    def forward(self, queries: Tensor, places: Tensor) -> Tensor:
        """Each query's weighted mean of the places' values, heads joined, (B, Q, D)."""
        q, k = self._pair(queries, places)
        v = self._split(self.value(places))
        mixed = F.scaled_dot_product_attention(q, k, v, scale=self.scale)
        return self.proj(mixed.transpose(1, 2).flatten(2))  # (B, h, Q, D/h) -> (B, Q, D)

    def read_with(self, weights: Tensor, places: Tensor) -> Tensor:
        """The same with other weights, (B, h, Q, N) or what broadcasts to it."""
        mixed = weights @ self._split(self.value(places))
        return self.proj(mixed.transpose(1, 2).flatten(2))

    def _pair(self, queries: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        require_tokens(queries, dim=self.dim)
        require_tokens(places, dim=self.dim)
        return self._split(self.query(queries)), self._split(self.key(places))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, N, D) -> (B, h, N, D/h)


def main() -> None:
    """Three queries look at five places."""
    torch.manual_seed(0)
    look = CrossAttention(8, heads=2)
    queries, places = torch.randn(1, 3, 8), torch.randn(1, 5, 8)
    print(look.weights(queries, places)[0].mean(dim=0))


if __name__ == "__main__":
    main()
