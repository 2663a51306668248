"""Where does a gate go in a convolutional network?

One small network with an empty slot after each convolution, and the gates that fit it. A slot is filled by a
builder, a function from a number of channels to a module: ``ConvNet(10, slot=SqueezeExcitation)``.

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.mechanisms.slots
"""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from visual_attention.mechanisms.inputs import require_feature_map, require_positive

Builder = Callable[[int], nn.Module]


class ConvNet(nn.Module):
    """Convolve, fill the slot, halve; then pool what is left and classify it.

    Args:
        classes: Number of scores.
        slot: Builds what follows each convolution's ReLU, from its number of channels; None: nothing.
        widths: Channels of each convolution. The picture is halved after each but the last.
        in_channels: Channels of the picture.
        pool: Builds what turns the last feature map (B, C, H, W) into (B, C); None: the average.

    Shape:
        (B, in_channels, H, W) -> (B, classes), any real number. H and W need one halving less than there are
        widths.

    Raises:
        ValueError: if there is no width or one below 1; at call, if the input is not a
            (B, in_channels, H, W) of floating point.
    """

    def __init__(
        self,
        classes: int,
        *,
        slot: Builder | None = None,
        widths: Sequence[int] = (16, 32, 32),
        in_channels: int = 3,
        pool: Builder | None = None,
    ):
        super().__init__()
        if not widths:
            raise ValueError("wanted at least one width, got none")
        require_positive(classes=classes, in_channels=in_channels, narrowest=min(widths))
        self.in_channels = in_channels
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=3, padding=1)
            for before, after in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.slots = nn.ModuleList((slot or Empty)(width) for width in widths)
        self.halve = nn.MaxPool2d(2)
        self.pool = (pool or AveragePool)(widths[-1])
        self.head = nn.Linear(widths[-1], classes)

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What enters each slot: the feature map after each convolution's ReLU."""
        require_feature_map(x, channels=self.in_channels)
        maps = []
        for index, conv in enumerate(self.convs):
            if index:
                x = self.halve(self.slots[index - 1](x))
            x = torch.relu(conv(x))
            maps.append(x)
        return maps

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """The last feature map as it leaves its slot, (B, C, H, W)."""
        return self.slots[-1](self.maps(x)[-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A score for each class, (B, classes)."""
        return self.head(self.pool(self.features(x)))


class Empty(nn.Module):
    """A slot with nothing in it, for comparison."""

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input."""
        return x


class AveragePool(nn.Module):
    """Average each channel over all places, (B, C, H, W) -> (B, C)."""

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The averages, (B, C)."""
        return x.mean(dim=(2, 3))


class FixedGate(nn.Module):
    """Gate each channel by a learned number that is the same for every image.

    The control for channel attention: it learns which channels count, and cannot ask the image.

    Args:
        channels: C, channels of the input.

    Shape:
        (B, C, H, W) -> (B, C, H, W), in the units of the input.
    """

    def __init__(self, channels: int):
        super().__init__()
        require_positive(channels=channels)
        self.channels = channels
        self.scores = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """The gates, (B, C, 1, 1), each in (0, 1), the same for each image."""
        require_feature_map(x, channels=self.channels)
        return torch.sigmoid(self.scores).expand(len(x), -1, -1, -1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with each channel multiplied by its gate, (B, C, H, W)."""
        return x * self.weights(x)


class Shuffled(nn.Module):
    """Give each image the gates that another image of its batch asked for.

    The control for any gate: same parameters, same arithmetic, same range of weights, nothing known about the
    image at hand.

    Args:
        gate: The gate whose weights go astray; it is asked for its weights, not for its output.

    Shape:
        As the gate's.
    """

    def __init__(self, gate: nn.Module):
        super().__init__()
        self.gate = gate

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """The gates of the image before it in the batch."""
        return self.gate.weights(x).roll(1, dims=0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input multiplied by another image's gates."""
        return x * self.weights(x)


def main() -> None:
    """Put each gate into the same network and count its parameters."""
    from visual_attention.mechanisms.cbam import CBAM
    from visual_attention.mechanisms.channel import SqueezeExcitation
    from visual_attention.mechanisms.spatial import SpatialAttention

    torch.manual_seed(0)
    builders = {"empty": None, "SE": SqueezeExcitation, "spatial": lambda _: SpatialAttention(), "CBAM": CBAM}
    for name, slot in builders.items():
        net = ConvNet(10, slot=slot)
        count = sum(p.numel() for p in net.parameters())
        print(f"{name:8} {tuple(net(torch.rand(2, 3, 28, 28)).shape)} {count} parameters")


if __name__ == "__main__":
    main()
