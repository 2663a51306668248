"""What becomes of a map of features before one vector is read: six ways, in one network.

Run: python -m visual_attention.chapters.soft.pools
"""

import torch
from torch import Tensor, nn

from visual_attention.mechanisms.soft import SoftAttention, SoftAttentionPool

NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": lambda width: nn.Identity()}


class DigitReader(nn.Module):
    """Three convolutions, a pool over all places, a norm, and a linear reader of the digit.

    The norm stands behind every pool alike: a mean over a hundred places varies far less from picture to
    picture than a maximum does, and without it the reader would have to make up for that first.

    Args:
        pool: turns the map of features into one vector.
        width: C, features at each place.
        norm: "batch", "layer" or "none".

    Shape:
        (B, 1, 40, 40) -> features (B, C, 10, 10) -> pooled (B, C) -> scores of the digits (B, 10).
    """

    def __init__(self, pool: nn.Module, *, width: int = 32, norm: str = "batch"):
        super().__init__()
        self.features = nn.Sequential(
            *layer(1, width // 2, stride=2),
            *layer(width // 2, width, stride=2),
            *layer(width, width, stride=1),
        )
        self.pool = pool
        self.norm = NORMS[norm](width)
        self.read = nn.Linear(width, 10)

    def weights(self, x: Tensor) -> Tensor | None:
        """The weights of the pool at each place, (B, 1, 10, 10); None if it has none."""
        return self.pool.weights(self.features(x)) if hasattr(self.pool, "weights") else None

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(self.features(x))  # (B, C, 10, 10) -> (B, C)
        return self.read(self.norm(pooled))

    def read_with(self, x: Tensor, weights: Tensor) -> Tensor:
        """The scores of the digits if the places had these weights, (B, 1, 10, 10)."""
        return self.read(self.norm(self.pool.mix(self.features(x), weights)))


def layer(in_channels: int, out_channels: int, *, stride: int) -> tuple[nn.Module, ...]:
    """A convolution, normalised over the batch."""
    return (
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class AttentionPool(SoftAttentionPool):
    """A softmax over all places; the features are summed with its weights: (B, C, H, W) -> (B, C)."""

    def mix(self, x: Tensor, weights: Tensor) -> Tensor:
        """The sum over places with these weights."""
        return (x * weights).sum((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x, self.weights(x))


class AnothersPool(AttentionPool):
    """Attention pooling with the weights of another picture: all its parts, but nothing to choose."""

    def weights(self, x: Tensor) -> Tensor:
        return super().weights(x).roll(1, dims=0)


class GatePool(nn.Module):
    """A sigmoid gate for each place, then the mean over places: (B, C, H, W) -> (B, C).

    The gate is asked for its weights and not called.
    """

    def __init__(self, in_channels: int, mid_channels: int):
        super().__init__()
        self.gate = SoftAttention(in_channels, mid_channels, 1)

    def weights(self, x: Tensor) -> Tensor:
        """The gates, each in (0, 1): (B, 1, H, W)."""
        return self.gate.weights(x)

    def mix(self, x: Tensor, weights: Tensor) -> Tensor:
        """The mean over places of the weighted features."""
        return (x * weights).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x, self.weights(x))


class AveragePool(nn.Module):
    """The mean over places: (B, C, H, W) -> (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class MaxPool(nn.Module):
    """The maximum over places, each channel for itself: (B, C, H, W) -> (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax((2, 3))


class GeMPool(nn.Module):
    """The generalised mean, between average (p = 1) and maximum (p large), with p learnt.

    Paper: Filip Radenović, Giorgos Tolias and Ondřej Chum, "Fine-tuning CNN image retrieval with no human
        annotation", IEEE TPAMI 41(7), 2019, section 3.2.

    Shape:
        (B, C, H, W), not below 0 -> (B, C).
    """

    def __init__(self, p: float = 3.0, *, least: float = 1e-4):
        super().__init__()
        self.p = nn.Parameter(torch.tensor(p))
        self.least = least

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(min=self.least).pow(self.p).mean((2, 3)).pow(1 / self.p)


class Deeper(nn.Module):
    """A pool without weights behind two more convolutions, of the sizes that attention spends on its scores.

    So no rival has fewer parameters, or sees less of the picture, than attention's scores do.

    Args:
        in_channels: C.
        mid_channels: channels between the two.
        pool: what pools their sum with the input.

    Shape:
        (B, C, H, W) -> (B, C)
    """

    def __init__(self, in_channels: int, mid_channels: int, pool: nn.Module):
        super().__init__()
        self.more = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(mid_channels, in_channels, 1),
        )
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(torch.relu(x + self.more(x)))


def main() -> None:
    torch.manual_seed(0)
    model = DigitReader(AttentionPool(32, 8))
    images = torch.rand(4, 1, 40, 40)
    print("scores", tuple(model(images).shape), "weights", tuple(model.weights(images).shape))


if __name__ == "__main__":
    main()
