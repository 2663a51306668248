"""Which places of an image should count, whatever the channel?

Each gate here pools over axes other than the one that it weighs. ``SpatialAttention`` pools the channels away
and cannot tell which of them fired; ``CoordinateAttention`` keeps a row and a column of each channel.

Paper: Sanghyun Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3.
    Qibin Hou, Daquan Zhou and Jiashi Feng, "Coordinate Attention for Efficient Mobile Network Design",
    CVPR 2021, section 3.2.
Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.mechanisms.spatial
"""

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_feature_map, require_positive

LEAST_HIDDEN = 8  # channels that CoordinateAttention keeps, however few there are


class SpatialAttention(nn.Module):
    """Gate each place by a number computed from the channels' average and maximum around it.

    Args:
        kernel_size: Side of the convolution's window in places, an odd number.
        norm: Whether the scores are normalised over the batch before the sigmoid, as in the authors'
            published code. While it trains, the norm looks at all images of a batch.

    Shape:
        (B, C, H, W) -> (B, C, H, W) for any C, in the units of the input.

    Raises:
        ValueError: if ``kernel_size`` is even or below 1; at call, if the input is not a
            (B, C, H, W) of floating point.

    Differs from the paper: nothing from its formula. The authors' published code has the norm, and puts the
        maximum before the average.
    """

    def __init__(self, kernel_size: int = 7, *, norm: bool = False):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(
                f"wanted an odd kernel_size, so that a window has a middle place, got {kernel_size}"
            )
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm2d(1) if norm else nn.Identity()

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each place, (B, 1, H, W), each in (0, 1)."""
        require_feature_map(x)
        average, maximum = x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)  # (B, 1, H, W) each
        scores = self.conv(torch.cat([average, maximum], dim=1))
        return torch.sigmoid(self.norm(scores))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each place multiplied by its gate, (B, C, H, W)."""
        return x * self.weights(x)


class CoordinateAttention(nn.Module):
    """Gate each place of each channel by a number for its row times a number for its column.

    Averages along rows and along columns keep *where* along one axis at a time. They share a small network,
    then each axis makes its own gates.

    Args:
        channels: C, channels of the input.
        reduction: r; the shared layer has C / r channels, rounded down, and 8 at the least.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: at call, if the input is not a (B, C, H, W) of floating point.

    Differs from the paper: the least of 8 channels and the hard swish, which its text leaves open, are those
        of the authors' published code. While it trains, its batch norm looks at all images of a batch.
    """

    def __init__(self, channels: int, *, reduction: int = 32):
        super().__init__()
        require_positive(channels=channels, reduction=reduction)
        self.channels = channels
        hidden = max(LEAST_HIDDEN, channels // reduction)
        self.shared = nn.Conv2d(channels, hidden, kernel_size=1)
        self.norm = nn.BatchNorm2d(hidden)
        self.rows = nn.Conv2d(hidden, channels, kernel_size=1)
        self.columns = nn.Conv2d(hidden, channels, kernel_size=1)

    def row_and_column_weights(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A gate for each row, (B, C, H, 1), and one for each column, (B, C, 1, W), each in (0, 1)."""
        require_feature_map(x, channels=self.channels)
        height, width = x.shape[2:]
        rows = x.mean(dim=3, keepdim=True)  # (B, C, H, 1)
        columns = x.mean(dim=2, keepdim=True).transpose(2, 3)  # (B, C, 1, W) -> (B, C, W, 1)
        hidden = F.hardswish(self.norm(self.shared(torch.cat([rows, columns], dim=2))))  # (B, C/r, H + W, 1)
        rows, columns = hidden.split([height, width], dim=2)
        return torch.sigmoid(self.rows(rows)), torch.sigmoid(self.columns(columns.transpose(2, 3)))

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """A gate for each place of each channel, (B, C, H, W), each in (0, 1)."""
        rows, columns = self.row_and_column_weights(x)
        return rows * columns

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each place of each channel multiplied by its gate, (B, C, H, W)."""
        rows, columns = self.row_and_column_weights(x)
        return x * rows * columns


def main() -> None:
    """Show each gate on one random feature map, before and after its channels are shuffled."""
    torch.manual_seed(0)
    features = torch.randn(2, 32, 5, 7).relu()
    shuffled = features[:, torch.randperm(32)]
    for gate in (SpatialAttention(), CoordinateAttention(32).eval()):
        low, high = gate.weights(features).aminmax()
        change = (gate.weights(shuffled) - gate.weights(features)).abs().max()
        name = type(gate).__name__
        print(f"{name:20} gates from {low:.3f} to {high:.3f}; shuffled channels change {change:.0e}")


if __name__ == "__main__":
    main()
