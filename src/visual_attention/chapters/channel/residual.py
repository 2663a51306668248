"""What does a gate give where gates live, inside a residual network that sees real pictures?

Paper: Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun, "Deep Residual Learning for Image Recognition",
    CVPR 2016, section 3; the gate's place is that of Jie Hu, Li Shen and Gang Sun, "Squeeze-and-Excitation
    Networks", CVPR 2018, section 3.3.
Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.chapters.channel.residual
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.convolutions import layer
from visual_attention.mechanisms.slots import Builder, Empty
from visual_attention.training import parameters

Change = Callable[[Tensor], Tensor]  # of a gate's weights


class ResidualBlock(nn.Module):
    """Two convolutions, a gate, and the input added again.

    Args:
        into: channels of the input.
        out: C, channels of the output.
        stride: of the first convolution.
        slot: builds the gate from C; None: nothing.

    Shape:
        (B, into, H, W) -> (B, C, H/stride, W/stride).
    """

    def __init__(self, into: int, out: int, *, stride: int = 1, slot: Builder | None = None):
        super().__init__()
        self.first = layer(into, out, stride=stride)
        self.second = layer(out, out)[:2]  # the ReLU comes after the sum
        self.gate = (slot or Empty)(out)
        same = stride == 1 and into == out
        self.shortcut = nn.Identity() if same else nn.Conv2d(into, out, 1, stride=stride, bias=False)

    def branch(self, x: Tensor) -> Tensor:
        """What enters the gate, (B, C, H/stride, W/stride)."""
        return self.second(self.first(x))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.shortcut(x) + self.gate(self.branch(x)))

    def read_with(self, x: Tensor, change: Change) -> Tensor:
        """The output after the gate's weights were changed."""
        inside = self.branch(x)
        return torch.relu(self.shortcut(x) + inside * change(self.gate.weights(inside)))


class ResidualNet(nn.Module):
    """A convolution, three residual blocks with a slot each, the average over places, and a linear layer.

    Args:
        width: C, channels of the first block; the others have 1.5 and 2 times as many.
        slot: builds each block's gate from its channels; None: nothing.
        classes: K.

    Shape:
        (B, 3, H, W) -> (B, K); H and W are halved three times.
    """

    def __init__(self, width: int, *, slot: Builder | None = None, classes: int = 12):
        super().__init__()
        widths = (width, width, 3 * width // 2, 2 * width)
        self.stem = layer(3, width, stride=2)
        self.blocks = nn.ModuleList(
            ResidualBlock(into, out, stride=1 + (into != out), slot=slot)
            for into, out in zip(widths, widths[1:], strict=False)
        )
        self.head = nn.Linear(widths[-1], classes)

    @property
    def gated(self) -> bool:
        """Whether its gates have weights that can be changed."""
        return hasattr(self.blocks[0].gate, "weights")

    def weights(self, x: Tensor) -> list[Tensor]:
        """The weights of each block's gate for pictures."""
        x, found = self.stem(x), []
        for block in self.blocks:
            found.append(block.gate.weights(block.branch(x)))
            x = block(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))

    def read_with(self, x: Tensor, change: Change) -> Tensor:
        """The scores after the weights of all gates were changed; `change` gets each block's."""
        x = self.stem(x)
        for block in self.blocks:
            x = block.read_with(x, change)
        return self.head(x.mean((2, 3)))


class Colours(nn.Module):
    """The trivial answer: a linear layer on the mean and the spread of red, green and blue.

    Args:
        classes: K.

    Shape:
        (B, 3, H, W) -> (B, K).
    """

    gated = False

    def __init__(self, classes: int = 12):
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.head = nn.Linear(6, classes)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2)  # (B, 3, H * W)
        mean = flat.mean(2, keepdim=True)
        spread = (flat - mean).square().mean(2).sqrt()
        return self.head(self.norm(torch.cat([mean[:, :, 0], spread], dim=1)))


def main() -> None:
    """How large is each?"""
    from visual_attention.mechanisms.channel import EfficientChannelAttention, SqueezeExcitation

    slots = {"no gate": None, "ECA": EfficientChannelAttention}
    slots["squeeze and excitation"] = lambda channels: SqueezeExcitation(channels, reduction=4)
    for name, slot in slots.items():
        print(f"{name:22} {parameters(ResidualNet(16, slot=slot)):6,} parameters")


if __name__ == "__main__":
    main()
