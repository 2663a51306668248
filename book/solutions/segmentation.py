"""Reference solutions of the exercises in notebooks/applications/segmentation.ipynb."""

import torch
from torch.nn import functional as F


def dice_score(predicted, true):
    """Twice the common area over the sum of both areas, 1 where both masks are empty: (B,)."""
    common = (predicted & true).sum(dim=(1, 2, 3))
    both = predicted.sum(dim=(1, 2, 3)) + true.sum(dim=(1, 2, 3))
    return torch.where(both > 0, 2 * common / both.clamp(min=1), 1.0)


def attention_gate(x, coarse, w_x, w_g, psi):
    """x times the gates that x and the coarser map make together: (B, C, 2h, 2w)."""
    added = F.conv2d(x, w_x, stride=2) + F.conv2d(coarse, w_g)  # (B, M, h, w)
    gates = torch.sigmoid(F.conv2d(torch.relu(added), psi))  # (B, 1, h, w)
    return x * F.interpolate(gates, scale_factor=2, mode="nearest")


def channel_attention(x, gain):
    """x plus, times the gain, each channel's mean of all channels: (B, C, H, W)."""
    maps = x.flatten(2)  # (B, C, N)
    scores = maps @ maps.mT / maps.shape[2] ** 0.5  # (B, C, C)
    mixed = scores.softmax(dim=2) @ maps
    return x + gain * mixed.view_as(x)


def outline_score(found, wanted, tolerance):
    """The F-score of outlines of which each pixel may be off by the tolerance, in pixels: (B,)."""
    scores = []
    for mine, yours in zip(found, wanted, strict=True):
        one, other = mine[0].nonzero().double(), yours[0].nonzero().double()  # (n, 2) rows and columns
        if not len(one) or not len(other):
            scores.append(float(len(one) == len(other)))
            continue
        close = torch.cdist(one, other) <= tolerance  # (n, m)
        precision, recall = close.any(1).double().mean(), close.any(0).double().mean()
        scores.append(2 * precision * recall / (precision + recall).clamp(min=1e-12))
    return torch.tensor(scores)


def forbidden_keys(weights, forbidden):
    """Weights with nothing on forbidden keys, each row brought back to 1: (B, T, N)."""
    left = weights * ~forbidden[:, None]  # (B, T, N)
    total = left.sum(dim=-1, keepdim=True)  # (B, T, 1)
    return torch.where(total > 0, left / torch.where(total > 0, total, 1.0), 0.0)


def click_looks(query, keys, values):
    """What the query of each image gets from its places: (B, E)."""
    scores = (keys @ query[:, :, None])[..., 0] / query.shape[1] ** 0.5  # (B, N, D) @ (B, D, 1) -> (B, N)
    weights = torch.softmax(scores, dim=1)
    return (weights[:, None] @ values)[:, 0]  # (B, 1, N) @ (B, N, E) -> (B, E)
