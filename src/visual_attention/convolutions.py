"""How is a convolution built with its normalisation, and how do the two become one again?"""

import torch
from torch import Tensor, nn


def layer(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution, normalised over the batch, and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor, int]:
    """One convolution that does what a convolution and a normalisation in evaluation mode do together."""
    gain = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    weight = conv.weight.detach() * gain[:, None, None, None]
    return weight, norm.bias.detach() - gain * norm.running_mean, conv.stride[0]
