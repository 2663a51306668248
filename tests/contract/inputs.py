"""What a module of the contract is called with.

Random numbers are drawn on the processor in single precision and then moved, so that one seed means the same
numbers in every type and on every device. The device is $VISUAL_ATTENTION_DEVICE, the processor if unset.
"""

import os
from collections.abc import Callable

import torch
from torch import Tensor

DEVICE = torch.device(os.environ.get("VISUAL_ATTENTION_DEVICE", "cpu"))
TOKENS = ((5,), (1,), (8,))  # sizes of sequences


class Draw:
    """Draws inputs of one type on one device."""

    def __init__(self, *, dtype: torch.dtype = torch.float32, device: torch.device = DEVICE, seed: int = 0):
        self.dtype, self.device = dtype, device
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator).to(self.device, self.dtype)

    def unit(self, *shape: int) -> Tensor:
        """From 0.02 to 0.98, so that neither end is met after rounding."""
        return (0.02 + 0.96 * torch.rand(shape, generator=self.generator)).to(self.device, self.dtype)

    def whole(self, low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high, shape, generator=self.generator).to(self.device)

    def hole(self, batch: int, height: int, width: int) -> Tensor:
        """A mask, true in a small hole in the middle that lies elsewhere in each image."""
        mask = torch.zeros(batch, 1, height, width, dtype=torch.bool)
        for image in range(batch):
            mask[image, :, height // 2, width // 2 - image % 2 : width // 2 + 1] = True
        return mask.to(self.device)


# from what draws, a number of examples and a size
Inputs = Callable[[Draw, int, tuple[int, ...]], tuple[Tensor, ...]]


def maps(channels: int) -> Inputs:
    """Feature maps or pictures (B, C, *size)."""
    return lambda draw, batch, size: (draw.normal(batch, channels, *size),)


def tokens(dim: int) -> Inputs:
    """Sequences (B, *size, D)."""
    return lambda draw, batch, size: (draw.normal(batch, *size, dim),)


def once(inputs: tuple) -> tuple:
    """For a method that gets what ``forward`` gets."""
    return inputs
