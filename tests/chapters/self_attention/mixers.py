"""Tokens and mixers that the tests of several files want, the same each time."""

import torch

from visual_attention.training import seeded

WIDTH = 12


def tokens(count=2):
    """Tokens of 16 cells, (B, 16, WIDTH)."""
    return torch.randn(count, 16, WIDTH, generator=torch.Generator().manual_seed(3))


def made(build):
    """What `build` makes from a seed."""
    with seeded(0):
        return build()
