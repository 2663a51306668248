"""Reference solutions of the exercises in notebooks/mechanisms/spatial.ipynb."""

import torch
from torch.nn import functional as F


def pool_channels(x):
    """The average and the maximum over the channels: (B, 2, H, W)."""
    return torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)


def spatial_gate(x, kernel):
    """x with each place gated by the sigmoid of a convolution of its pooled channels: (B, C, H, W)."""
    pooled = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)  # (B, 2, H, W)
    scores = F.conv2d(pooled, kernel, padding=kernel.shape[-1] // 2)  # (B, 1, H, W)
    return x * torch.sigmoid(scores)


def which_then_where(x, which, where):
    """x gated by its channels, then gated by the places of what is left: (B, C, H, W)."""
    refined = x * which(x)
    return refined * where(refined)


def rows_and_columns(x):
    """The average of each row, then of each column: (B, C, H + W)."""
    return torch.cat([x.mean(dim=3), x.mean(dim=2)], dim=2)
