"""Do distant parts agree because of the weights between them? Take these away, and see.

A map of attention shows where weight went. What the weight is good for shows when the trained network has to
do without it, with nothing else changed.

Paper: none; an ablation, as any paper has.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.cutting
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.generation.transformer import VelocityTransformer
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention


class CutAttention(MultiHeadSelfAttention):
    """A trained attention that may look along some pairs only; the weights left over sum to 1 again.

    Args:
        trained: The attention; its parameters are shared, not copied.
        allowed: Which token (row) may look at which (column), (N, N) bool, at least one in each row.

    Shape:
        (B, N, D) -> (B, N, D).

    Raises:
        ValueError: if ``allowed`` is no square of bools, or leaves a token with nothing to look at.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, trained: MultiHeadSelfAttention, allowed: Tensor):
        super().__init__(trained.dim, heads=trained.heads)
        if allowed.dtype != torch.bool or allowed.ndim != 2 or allowed.shape[0] != allowed.shape[1]:
            raise ValueError(f"wanted allowed (N, N) of bool, got {tuple(allowed.shape)} of {allowed.dtype}")
        if not allowed.any(dim=1).all():
            raise ValueError("wanted something to look at for each token, got rows without any")
        self.qkv, self.proj = trained.qkv, trained.proj
        self.register_buffer("allowed", allowed.to(trained.qkv.weight.device), persistent=False)

    def weights(self, x: Tensor) -> Tensor:
        """What each token takes from each, (B, h, N, N): 0 where not allowed, sums to 1 over j."""
        queries, keys, _ = self._split(x)
        scores = self.scale * queries @ keys.mT
        return scores.masked_fill(~self.allowed, -torch.inf).softmax(dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        mixed = F.scaled_dot_product_attention(*self._split(x), attn_mask=self.allowed, scale=self.scale)
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))  # (B, h, N, D/h) -> (B, N, D)


def cut(model: VelocityTransformer, allowed: Tensor) -> VelocityTransformer:
    """The trained network with its attention held to the allowed pairs; the network itself stays as it is."""
    other = copy.deepcopy(model)
    for layer in other.layers:
        layer.mixer = CutAttention(layer.mixer, allowed)
    return other


def same_side(grid: tuple[int, int]) -> Tensor:
    """Whether two patches lie both in the left half or both in the right: (N, N) bool."""
    return _together(torch.arange(grid[0] * grid[1]) % grid[1] < grid[1] / 2)


def same_row(grid: tuple[int, int]) -> Tensor:
    """Whether two patches lie both in the upper half or both in the lower: (N, N) bool."""
    return _together(torch.arange(grid[0] * grid[1]) < grid[0] * grid[1] / 2)


def switch(early: Callable, late: Callable, *, at: float) -> Callable:
    """A velocity that follows one network before a time and another from that time on."""

    def velocity(x: Tensor, times: Tensor) -> Tensor:
        now = times < at
        if now.all() or not now.any():  # a sampler's pictures all have one time
            return early(x, times) if now.all() else late(x, times)
        return torch.where(now.view(-1, 1, 1, 1), early(x, times), late(x, times))

    return velocity


def _together(half: Tensor) -> Tensor:
    return half[:, None] == half


def main() -> None:
    """Show which weights are left."""
    torch.manual_seed(0)
    model = VelocityTransformer((8, 16)).eval()
    x, times = torch.randn(1, 3, 8, 16), torch.tensor([0.5])
    for name, allowed in (("side", same_side((2, 4))), ("row", same_row((2, 4)))):
        kept = (cut(model, allowed).weights(x, times)[0] > 0).float().mean()
        moved = (cut(model, allowed)(x, times) - model(x, times)).detach().abs().max()
        print(f"same {name:4}: {kept:.0%} of the pairs are left, the velocity changes by up to {moved:.2f}")


if __name__ == "__main__":
    main()
