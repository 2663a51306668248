"""Can a gate weigh channels and places at once?

``CBAM`` asks *which* first and *where* second; ``BottleneckAttention`` asks both side by side.

Paper: Sanghyun Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3.
    Jongchan Park et al., "BAM: Bottleneck Attention Module", BMVC 2018, section 3.
Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.mechanisms.cbam
"""

import torch
from torch import nn

from visual_attention.mechanisms.channel import ChannelAttention, hidden_units
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.spatial import SpatialAttention


class CBAM(nn.Module):
    """Gate the channels, then gate the places of what is left.

    Args:
        channels: C, channels of the input.
        reduction: r of the channel gate.
        kernel_size: Side of the spatial gate's window in places, an odd number.
        norm: Whether the spatial gate's scores are normalised, as in ``SpatialAttention``.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input. A residual path, if there is one, belongs to
        the network around the block.

    Raises:
        ValueError: as ``ChannelAttention`` and ``SpatialAttention``.
    """

    def __init__(self, channels: int, *, reduction: int = 16, kernel_size: int = 7, norm: bool = False):
        super().__init__()
        self.channel = ChannelAttention(channels, reduction=reduction)
        self.spatial = SpatialAttention(kernel_size, norm=norm)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each place of each channel, (B, C, H, W): the product of both gates, in (0, 1)."""
        which = self.channel.weights(x)  # (B, C, 1, 1)
        where = self.spatial.weights(x * which)  # (B, 1, H, W)
        return which * where

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each place of each channel multiplied by its gate, (B, C, H, W)."""
        return self.spatial(self.channel(x))


class BottleneckAttention(nn.Module):
    """Add a channel score and a place score, gate with their sigmoid, and keep the input beside it.

    Args:
        channels: C, channels of the input.
        reduction: r; both branches work with C / r channels, rounded down.
        dilation: d, the step between the taps of the two 3 x 3 convolutions.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input: x + x * weights(x), so that a shut gate
        leaves the input as it is and an open one doubles it.

    Raises:
        ValueError: as ``SqueezeExcitation``, and if ``dilation`` is not above 0.

    Differs from the paper: its formula writes no activation between layers; here is a ReLU, as in the
        authors' published code. That code multiplies the two scores and normalises between layers; here, as
        in the formula, they are added, and each branch is normalised once, at its end. While it trains, batch
        norm looks at all images of a batch.
    """

    def __init__(self, channels: int, *, reduction: int = 16, dilation: int = 4):
        super().__init__()
        require_positive(dilation=dilation)
        self.channels = channels
        hidden = hidden_units(channels, reduction)
        self.channel = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.BatchNorm1d(channels)
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(channels, hidden, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, kernel_size=3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, kernel_size=3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv2d(hidden, 1, kernel_size=1),
            nn.BatchNorm2d(1),
        )

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each place of each channel, (B, C, H, W), each in (0, 1)."""
        require_feature_map(x, channels=self.channels)
        squeezed = x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
        which = self.channel(squeezed)[:, :, None, None]  # (B, C) -> (B, C, 1, 1)
        return torch.sigmoid(which + self.spatial(x))  # (B, 1, H, W) is added to each channel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input plus the gated input, (B, C, H, W)."""
        return x + x * self.weights(x)


def main() -> None:
    """Show how many numbers each gate makes of one random feature map."""
    torch.manual_seed(0)
    features = torch.randn(2, 32, 11, 13).relu()
    for gate in (CBAM(32).eval(), BottleneckAttention(32).eval()):
        weights = gate.weights(features)
        low, high = weights.aminmax()
        print(f"{type(gate).__name__:20} {tuple(weights.shape)} gates from {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
