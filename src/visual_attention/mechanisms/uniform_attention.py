"""What is left of self-attention when its choice is taken away? The control of several experiments.

Chapter: mechanisms/self_attention
"""

from torch import Tensor

from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention


class UniformAttention(MultiHeadSelfAttention):
    """Attention whose choice is taken away: each place takes the same from all."""

    def weights(self, x: Tensor) -> Tensor:
        """1 / N everywhere, (B, h, N, N)."""
        return x.new_full((len(x), self.heads, x.shape[1], x.shape[1]), 1 / x.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        values = self.qkv(x)[..., 2 * self.dim :]
        return self.proj(values.mean(dim=1, keepdim=True).expand_as(x))
