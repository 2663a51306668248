"""What if a patch hears of the others only, and not of itself?

Attention and the largest of all hear of the asking patch, too. A ring that asks for rings finds itself first,
whatever attention chooses; and a maximum over all patches says that *somewhere* there is a red ring, and not
whether it is another one. Here the asking patch is left out, of attention and of the maximum; the maximum is
given a gate as well, by which the asking patch says which channels it wants to hear. A third network puts
values into bins that content names, as in the chapter on self-attention.

Chapter: notebooks/applications/generation.ipynb
"""

import torch
from torch import Tensor, nn

from visual_attention.mechanisms.inputs import require_positive, require_tokens
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention


class OthersAttention(MultiHeadSelfAttention):
    """Attention in which no token takes from itself.

    Args:
        dim: D, width of a token.
        heads: h, must divide D.

    Shape:
        (B, N, D) -> (B, N, D), N of 2 or more.

    Raises:
        ValueError: at call, if there is no other token.
    """

    def weights(self, x: Tensor) -> Tensor:
        """What each token takes from each in each head, (B, h, N, N): 0 from itself, rows sum to 1."""
        _require_others(x)
        queries, keys, _ = self._split(x)
        own = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
        return (self.scale * queries @ keys.mT).masked_fill(own, -torch.inf).softmax(dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.weights(x) @ self._split(x)[2]  # (B, h, N, D/h)
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))


class LargestOfOthers(nn.Module):
    """Each patch hears the largest value of each channel in any other patch, as far as its gate lets it in.

    Args:
        dim: D, width of a token.
        middle: Channels of which the largest is taken.

    Shape:
        (B, N, D) -> (B, N, D), N of 2 or more.

    Raises:
        ValueError: at call, if there is no other token.
    """

    def __init__(self, dim: int, *, middle: int):
        super().__init__()
        require_positive(dim=dim, middle=middle)
        self.spread, self.gate, self.join = (
            nn.Linear(dim, middle),
            nn.Linear(dim, middle),
            nn.Linear(middle, dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        require_tokens(x, dim=self.spread.in_features)
        _require_others(x)
        values = self.spread(x)
        two, places = values.topk(2, dim=1)  # (B, 2, middle)
        own = torch.arange(x.shape[1], device=x.device)[:, None] == places[:, :1]  # (B, N, middle)
        largest = torch.where(own, two[:, 1:], two[:, :1])
        return self.join(largest * self.gate(x).sigmoid())


class Bins(nn.Module):
    """Each patch puts its value into the bins that its content names, and takes back the means in them.

    Args:
        dim: D, width of a token.
        bins: K.

    Shape:
        (B, N, D) -> (B, N, D).
    """

    def __init__(self, dim: int, *, bins: int):
        super().__init__()
        require_positive(dim=dim, bins=bins)
        self.name, self.value, self.join = nn.Linear(dim, bins), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        require_tokens(x, dim=self.name.in_features)
        names = self.name(x).softmax(dim=-1)  # (B, N, K)
        lies = names.mT @ self.value(x) / (names.sum(dim=1)[..., None] + 1e-4)  # (B, K, D)
        return self.join(names @ lies)


def _require_others(x: Tensor) -> None:
    if x.shape[1] < 2:
        raise ValueError(f"wanted 2 tokens or more, so that each has another, got {tuple(x.shape)}")
