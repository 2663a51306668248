"""Can a network learn to weigh the places of an image?

Paper: Kelvin Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention",
    ICML 2015, section 4.2 (deterministic soft attention).
Chapter: notebooks/mechanisms/soft.ipynb
Run: python -m visual_attention.mechanisms.soft
"""

import torch
from torch import nn

from visual_attention.mechanisms.inputs import require_feature_map, require_positive


class SoftAttention(nn.Module):
    """Gate each place of a feature map by a number between 0 and 1.

    Two convolutions score each place and a sigmoid turns each score into a gate of its own. Gates do not
    compete: all may be open, or none.

    Args:
        in_channels: C, channels of the input.
        mid_channels: Channels between the two convolutions.
        out_channels: 1 for a map shared by all channels, or C for a map for each channel.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: if ``out_channels`` is neither 1 nor ``in_channels``, for any other count cannot be
            multiplied with the input; at call, if the input is not a (B, C, H, W) of floating point.

    Differs from the paper: the paper's weights come from a softmax and are followed by a sum, as in
        :class:`SoftAttentionPool`. This gate is the form that much code on the web calls soft attention.
    """

    def __init__(self, in_channels: int, mid_channels: int, out_channels: int):
        super().__init__()
        require_positive(in_channels=in_channels, mid_channels=mid_channels)
        if out_channels not in (1, in_channels):
            raise ValueError(
                f"wanted out_channels 1 (one map for all channels) or in_channels = {in_channels} "
                f"(a map for each channel), got {out_channels}: it could not be multiplied with the input"
            )
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(mid_channels, out_channels, kernel_size=1)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """The gates, (B, 1, H, W) or (B, C, H, W), each in (0, 1)."""
        require_feature_map(x, channels=self.in_channels)
        return torch.sigmoid(self.conv2(torch.relu(self.conv1(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each place multiplied by its gate, (B, C, H, W)."""
        return x * self.weights(x)


class SoftAttentionPool(nn.Module):
    """Sum up a feature map, each place weighted by how much attention it gets.

    Two convolutions score each place, a softmax over all places makes the scores compete for a budget of 1,
    and the features are summed with those weights.

    Args:
        in_channels: C, channels of the input.
        mid_channels: Channels between the two convolutions.
        temperature: Divides the scores before the softmax. Towards 0 only the best place counts, towards
            infinity all places count alike (average pooling).

    Shape:
        (B, C, H, W) -> (B, C), in the units of the input: each output lies between the smallest and the
        largest value of its channel.

    Raises:
        ValueError: if ``temperature`` is not above 0; at call, if the input is not a (B, C, H, W) of
            floating point.

    Differs from the paper: the scores depend on the image alone, not on the state of a decoder.
    """

    def __init__(self, in_channels: int, mid_channels: int, *, temperature: float = 1.0):
        super().__init__()
        require_positive(in_channels=in_channels, mid_channels=mid_channels, temperature=temperature)
        self.in_channels = in_channels
        self.temperature = temperature
        self.conv1 = nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(mid_channels, 1, kernel_size=1)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """What the softmax gets, (B, 1, H, W), any real number."""
        require_feature_map(x, channels=self.in_channels)
        return self.conv2(torch.relu(self.conv1(x)))

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """The share of each place, (B, 1, H, W): non-negative, sums to 1 over H x W."""
        scores = self.scores(x)
        shares = torch.softmax(scores.flatten(start_dim=2) / self.temperature, dim=-1)  # (B, 1, H * W)
        return shares.view_as(scores)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The weighted sum over all places, (B, C)."""
        return (x * self.weights(x)).sum(dim=(2, 3))  # (B, C, H, W) -> (B, C)


def main() -> None:
    """Show both forms on one random feature map."""
    torch.manual_seed(0)
    features = torch.randn(2, 8, 5, 7)
    gate, pool = SoftAttention(8, 4, 1), SoftAttentionPool(8, 4)
    print("gates lie between", *(f"{bound:.3f}" for bound in gate.weights(features).aminmax()))
    print("gates sum to     ", [f"{total:.2f}" for total in gate.weights(features).sum(dim=(1, 2, 3))])
    print("weights sum to   ", [f"{total:.2f}" for total in pool.weights(features).sum(dim=(1, 2, 3))])
    print("pooled shape     ", tuple(pool(features).shape))


if __name__ == "__main__":
    main()
