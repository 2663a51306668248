"""Which feature channels of an image should count?

Each gate here pools every channel over all places to a number or two, and turns those numbers into a weight
for each channel. What pooling forgets, the gate cannot see: shuffle the places and no weight changes.

Paper: Jie Hu, Li Shen and Gang Sun, "Squeeze-and-Excitation Networks", CVPR 2018, section 3.
    Qilong Wang et al., "ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks",
    CVPR 2020, section 3.
    Sanghyun Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3.
Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.mechanisms.channel
"""

import math

import torch
from torch import nn

from visual_attention.mechanisms.inputs import require_feature_map, require_positive


class SqueezeExcitation(nn.Module):
    """Gate each channel by a number that a small network computes from the averages of all channels.

    Args:
        channels: C, channels of the input.
        reduction: r; the hidden layer has C / r units, rounded down.
        bias: Whether the two layers add a bias. The paper's formula has none; its section 6.1 found that
            none works better, and many libraries have one.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: if C / r is less than one unit; at call, if the input is not a (B, C, H, W) of
            floating point.
    """

    def __init__(self, channels: int, *, reduction: int = 16, bias: bool = False):
        super().__init__()
        self.channels = channels
        self.reduce = nn.Linear(channels, hidden_units(channels, reduction), bias=bias)
        self.expand = nn.Linear(hidden_units(channels, reduction), channels, bias=bias)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each channel, (B, C, 1, 1), each in (0, 1)."""
        require_feature_map(x, channels=self.channels)
        squeezed = x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
        gates = torch.sigmoid(self.expand(torch.relu(self.reduce(squeezed))))
        return gates[:, :, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each channel multiplied by its gate, (B, C, H, W)."""
        return x * self.weights(x)


class EfficientChannelAttention(nn.Module):
    """Gate each channel by a number computed from the averages of the channel and its nearest neighbours.

    One kernel of k weights slides along the channels. k grows with the logarithm of their number.

    Args:
        channels: C, channels of the input.
        gamma: Divides log2(C) + ``offset`` in the rule for k.
        offset: b in the rule for k.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: as :class:`SqueezeExcitation`.
    """

    def __init__(self, channels: int, *, gamma: float = 2.0, offset: float = 1.0):
        super().__init__()
        self.channels = channels
        self.kernel_size = kernel_size(channels, gamma=gamma, offset=offset)
        self.conv = nn.Conv1d(1, 1, self.kernel_size, padding=self.kernel_size // 2, bias=False)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each channel, (B, C, 1, 1), each in (0, 1)."""
        require_feature_map(x, channels=self.channels)
        squeezed = x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
        mixed = self.conv(squeezed[:, None])  # (B, 1, C): the kernel slides along the channels
        return torch.sigmoid(mixed)[:, 0, :, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each channel multiplied by its gate, (B, C, H, W)."""
        return x * self.weights(x)


class ChannelAttention(nn.Module):
    """Gate each channel from its average and its maximum: the first half of CBAM.

    Averages and maxima go through the same small network, and the two answers are added.

    Args:
        channels: C, channels of the input.
        reduction: r; the hidden layer has C / r units, rounded down.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: as :class:`SqueezeExcitation`.
    """

    def __init__(self, channels: int, *, reduction: int = 16):
        super().__init__()
        self.channels = channels
        self.reduce = nn.Linear(channels, hidden_units(channels, reduction), bias=False)
        self.expand = nn.Linear(hidden_units(channels, reduction), channels, bias=False)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each channel, (B, C, 1, 1), each in (0, 1)."""
        require_feature_map(x, channels=self.channels)
        average, maximum = x.mean(dim=(2, 3)), x.amax(dim=(2, 3))  # (B, C, H, W) -> (B, C)
        # the second layer is linear: adding before it is adding after it
        hidden = torch.relu(self.reduce(average)) + torch.relu(self.reduce(maximum))
        return torch.sigmoid(self.expand(hidden))[:, :, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each channel multiplied by its gate, (B, C, H, W)."""
        return x * self.weights(x)


def hidden_units(channels: int, reduction: int) -> int:
    """C / r rounded down, at least 1.

    Raises:
        ValueError: if it would be less than one unit, and the gates would no longer depend on the image.
    """
    require_positive(channels=channels, reduction=reduction)
    if reduction > channels:
        raise ValueError(
            f"wanted reduction at most channels = {channels}, got {reduction}: no hidden unit would be left"
        )
    return channels // reduction


def kernel_size(channels: int, *, gamma: float = 2.0, offset: float = 1.0) -> int:
    """The odd number nearest to (log2(C) + b) / gamma, halfway up: ECA's k for C channels."""
    require_positive(channels=channels, gamma=gamma)
    return 2 * (int(abs(math.log2(channels) + offset) / gamma) // 2) + 1


def main() -> None:
    """Show each gate on one random feature map, before and after its places are shuffled."""
    torch.manual_seed(0)
    features = torch.randn(2, 128, 5, 7).relu()
    shuffled = features.flatten(2)[:, :, torch.randperm(35)].view_as(features)
    for build in (SqueezeExcitation, EfficientChannelAttention, ChannelAttention):
        gate = build(128)
        low, high = gate.weights(features).aminmax()
        change = (gate.weights(shuffled) - gate.weights(features)).abs().max()
        print(f"{build.__name__:26} gates from {low:.3f} to {high:.3f}; shuffled places change {change:.0e}")


if __name__ == "__main__":
    main()
