"""Reference solutions of the exercises in notebooks/mechanisms/channel.ipynb."""

import math

import torch
from torch.nn import functional as F


def squeeze_excite(x, first, second):
    """x with each channel gated by sigmoid(second relu(first average)): (B, C, H, W)."""
    squeezed = x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
    hidden = torch.relu(squeezed @ first.T)  # (B, C) -> (B, hidden)
    gates = torch.sigmoid(hidden @ second.T)  # (B, hidden) -> (B, C)
    return x * gates[:, :, None, None]


def shuffle_places(x, order):
    """x with its places in a new order, the same for each channel: (B, C, H, W)."""
    return x.flatten(start_dim=2)[:, :, order].view_as(x)


def eca_kernel_size(channels, gamma=2.0, offset=1.0):
    """The odd whole number nearest to (log2(channels) + offset) / gamma, upwards from the middle."""
    target = (math.log2(channels) + offset) / gamma
    return 2 * math.floor(target / 2) + 1  # all of [2n, 2n + 2) is nearest to 2n + 1


def efficient_gates(x, window):
    """x with each channel gated by a window over the channels' averages: (B, C, H, W)."""
    averages = x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
    scores = F.conv1d(averages[:, None], window[None, None], padding=len(window) // 2)[:, 0]  # (B, C)
    return x * torch.sigmoid(scores)[:, :, None, None]
