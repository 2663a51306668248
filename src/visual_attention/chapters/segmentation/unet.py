"""Does attention draw the outline of an object better?

A small U-Net with two places for attention: a gate on each bridge from the way down to the way up, and a
block at the bottom where each place, and each channel, may take from all others.

Paper: Olaf Ronneberger, Philipp Fischer and Thomas Brox, "U-Net: Convolutional Networks for Biomedical Image
    Segmentation", MICCAI 2015, section 2.
    Ozan Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018, section 3.
    Jun Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019, section 3.
Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.unet
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from visual_attention.convolutions import layer
from visual_attention.mechanisms.inputs import require_feature_map, require_positive
from visual_attention.mechanisms.self_attention import SelfAttention, attention_weights
from visual_attention.mechanisms.slots import Builder, Empty
from visual_attention.training import parameters


class AttentionGate(nn.Module):
    """Gate each place of a fine map by a number computed from it and from a coarser map that has seen more.

    Both maps are brought to the same channels on the coarse grid and added; a ReLU, a 1 x 1 convolution and a
    sigmoid make one gate for each coarse place, and the gates are stretched over the fine grid.

    Args:
        channels: C, channels of the fine map.
        coarse_channels: D, channels of the coarse map, the gating signal.
        mid_channels: Channels in which the two are added.

    Shape:
        (B, C, 2h, 2w) and (B, D, h, w) -> (B, C, 2h, 2w), in the units of the fine map.

    Raises:
        ValueError: at call, if either map is not a feature map with the wanted channels, or the fine
            one is not twice as high and wide as the coarse one.

    Differs from the paper: images instead of volumes, and no convolution after the multiplication.
    """

    def __init__(self, channels: int, coarse_channels: int, *, mid_channels: int):
        super().__init__()
        require_positive(channels=channels, coarse_channels=coarse_channels, mid_channels=mid_channels)
        self.channels, self.coarse_channels = channels, coarse_channels
        self.of_fine = nn.Conv2d(channels, mid_channels, kernel_size=2, stride=2, bias=False)  # W_x
        self.of_coarse = nn.Conv2d(coarse_channels, mid_channels, kernel_size=1)  # W_g
        self.score = nn.Conv2d(mid_channels, 1, kernel_size=1)  # psi

    def weights(self, x: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        """The gates, (B, 1, 2h, 2w), each in (0, 1)."""
        require_feature_map(x, channels=self.channels)
        require_feature_map(coarse, channels=self.coarse_channels)
        if x.shape[2:] != tuple(2 * side for side in coarse.shape[2:]) or len(x) != len(coarse):
            raise ValueError(
                f"wanted a map twice as high and wide as the coarse one, {tuple(coarse.shape)}, "
                f"got {tuple(x.shape)}"
            )
        added = self.of_fine(x) + self.of_coarse(coarse)  # (B, mid, h, w)
        gates = torch.sigmoid(self.score(torch.relu(added)))  # (B, 1, h, w)
        return F.interpolate(gates, scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, x: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        """The fine map with each place multiplied by its gate, (B, C, 2h, 2w)."""
        return x * self.weights(x, coarse)


class ChannelSelfAttention(nn.Module):
    """Let each channel of a feature map take a weighted mean of all channels, by how alike their maps are.

    Nothing is learned but the gain: the channels themselves are queries, keys and values.

    Args:
        scaled: Divide the scores by sqrt(N), for N places; else the paper's scores, which grow with the
            picture until each channel looks at itself alone.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: at call, if the input is not a (B, C, H, W) of floating point.

    Differs from the paper: the scale, unless ``scaled=False``. The code that its authors published turns the
        scores round (each row's largest, minus the score), so that a channel takes most from those unlike it.
    """

    def __init__(self, *, scaled: bool = True):
        super().__init__()
        self.scaled = scaled
        self.gain = nn.Parameter(torch.zeros(1))

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """What each channel takes from each, (B, C, C): non-negative, sums to 1 over the last axis."""
        require_feature_map(x)
        maps = x.flatten(start_dim=2)  # (B, C, H, W) -> (B, C, N)
        return attention_weights(maps, maps, scale=maps.shape[2] ** -0.5 if self.scaled else 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input plus, times the gain, each channel's mean of all channels, (B, C, H, W)."""
        mixed = self.weights(x) @ x.flatten(start_dim=2)  # (B, C, C) @ (B, C, N)
        return x + self.gain * mixed.view_as(x)


class DualWeights(NamedTuple):
    """What a dual attention applies: `position` (B, N, N) and `channel` (B, C, C); each row sums to 1."""

    position: torch.Tensor
    channel: torch.Tensor


class DualAttention(nn.Module):
    """Add to a feature map what its places take from all places, and its channels from all channels.

    Args:
        channels: C, channels of the input, 8 or more.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.

    Raises:
        ValueError: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention` does.

    Differs from the paper: the scores are divided by the square root of what is summed in them, and there is
        no convolution before, between and after the two branches.

    Derivatives: as :class:`~visual_attention.mechanisms.self_attention.SelfAttention`.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.position = SelfAttention(channels)
        self.channel = ChannelSelfAttention()

    def weights(self, x: torch.Tensor) -> DualWeights:
        """What each place takes from each place, and each channel from each channel."""
        return DualWeights(self.position.weights(x), self.channel.weights(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input plus both mixtures, each times its gain, (B, C, H, W)."""
        return self.position(x) + self.channel(x) - x  # each branch has the input in it


Gate = Callable[[int, int], nn.Module]
Change = Callable[[nn.Module, torch.Tensor], torch.Tensor]  # of what the block at the bottom gives


class UNet(nn.Module):
    """Shrink a picture to few places, grow it again over bridges, and score each pixel.

    Args:
        in_channels: Channels of the picture.
        widths: Channels at full size, at half, and so on; at the bottom there is the last.
        bottom: Builds what follows the convolutions at the bottom, from its channels; None: nothing.
        gate: Builds what stands on each bridge, from the bridge's channels and those of the coarser map; its
            output is called with both. None: an open bridge.

    Shape:
        (B, in_channels, H, W) -> (B, 1, H, W), scores before a sigmoid, any real number. H and W must be
        multiples of 2 to the number of halvings.

    Raises:
        ValueError: if there are fewer than two widths or one is below 1; at call, if the input is not a
            finite (B, in_channels, H, W) of floating point of such a size.

    Differs from the paper: padded and normalised convolutions, two of them at the bottom and one on each
        level of the way down and up.

    Derivatives: as those of ``bottom``.
    """

    def __init__(
        self,
        in_channels: int = 3,
        *,
        widths: Sequence[int] = (8, 16, 32),
        bottom: Builder | None = None,
        gate: Gate | None = None,
    ):
        super().__init__()
        if len(widths) < 2:
            raise ValueError(f"wanted two widths or more, got {list(widths)}")
        require_positive(in_channels=in_channels, narrowest=min(widths))
        self.in_channels, self.halvings = in_channels, len(widths) - 1
        self.down = nn.ModuleList(
            layer(before, after) for before, after in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.down[-1].extend(layer(widths[-1], widths[-1]))
        self.bottom = (bottom or Empty)(widths[-1])
        fine, coarse = widths[-2::-1], widths[:0:-1]  # from the bottom upwards
        self.gates = nn.ModuleList((gate or OpenBridge)(*pair) for pair in zip(fine, coarse, strict=True))
        self.up = nn.ModuleList(layer(f + c, f) for f, c in zip(fine, coarse, strict=True))
        self.head = nn.Conv2d(widths[0], 1, kernel_size=1)

    def deepest(self, x: torch.Tensor) -> torch.Tensor:
        """What the block at the bottom gets, (B, C, h, w)."""
        return self._down(x)[-1]

    def gate_maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The gates on the bridges, from the coarsest to the finest, each (B, 1, H/2^k, W/2^k)."""
        maps: list[torch.Tensor] = []
        self._up(self._down(x), maps)
        return maps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A score for each pixel, above 0 where the object is, (B, 1, H, W)."""
        return self._up(self._down(x))

    def read_with(self, x: torch.Tensor, change: Change) -> torch.Tensor:
        """The scores after another answer at the bottom: `change` gets the block there and its input."""
        *bridges, deepest = self._down(x)
        return self._up([*bridges, deepest], bottom=change(self.bottom, deepest))

    def _down(self, x: torch.Tensor) -> list[torch.Tensor]:
        require_feature_map(x, channels=self.in_channels)
        if any(side % 2**self.halvings for side in x.shape[2:]):
            raise ValueError(
                f"wanted sides that can be halved {self.halvings} times, got {x.shape[2]} x {x.shape[3]}"
            )
        maps = []
        for depth, convs in enumerate(self.down):
            x = convs(F.max_pool2d(x, 2) if depth else x)
            maps.append(x)
        return maps

    def _up(
        self,
        maps: list[torch.Tensor],
        gates: list[torch.Tensor] | None = None,
        bottom: torch.Tensor | None = None,
    ) -> torch.Tensor:
        *bridges, x = maps
        x = self.bottom(x) if bottom is None else bottom
        for bridge, gate, convs in zip(reversed(bridges), self.gates, self.up, strict=True):
            if gates is not None and hasattr(gate, "weights"):
                gates.append(gate.weights(bridge, x))
            grown = F.interpolate(x, scale_factor=2, mode="nearest")
            x = convs(torch.cat([gate(bridge, x), grown], dim=1))
        return self.head(x)


class OpenBridge(nn.Module):
    """A bridge without a gate, for comparison."""

    def __init__(self, channels: int, coarse_channels: int):
        super().__init__()

    def forward(self, x: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        """The fine map as it came."""
        return x


def gate(channels: int, coarse_channels: int) -> AttentionGate:
    """An attention gate that adds in half the bridge's channels."""
    return AttentionGate(channels, coarse_channels, mid_channels=max(1, channels // 2))


def main() -> None:
    """Build the U-Net with and without attention; count parameters and look at the weights."""
    torch.manual_seed(0)
    images = torch.rand(2, 3, 48, 48)
    for name, parts in {"plain": {}, "gates": {"gate": gate}, "dual": {"bottom": DualAttention}}.items():
        model = UNet(**parts).eval()
        count = parameters(model)
        print(f"{name:6} {count:,} parameters, scores {tuple(model(images).shape)}", end="")
        print(", gates", [tuple(gates.shape) for gates in model.gate_maps(images)])
    weights = model.bottom.weights(model.deepest(images))
    print("weights of places", tuple(weights.position.shape), "of channels", tuple(weights.channel.shape))


if __name__ == "__main__":
    main()
