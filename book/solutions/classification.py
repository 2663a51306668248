"""Reference solutions of the exercises in notebooks/applications/classification.ipynb."""

import torch
from torch.nn import functional as F


def pointing_score(weights, masks):
    """The share of each map's weight that lies on the object: (B,)."""
    rows, columns = weights.shape[2:]
    height, width = masks.shape[2:]
    covered = F.avg_pool2d(
        masks.float(), (height // rows, width // columns)
    )  # how much of each cell, (B, 1, h, w)
    return (weights * covered).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3))


def matched_width(wanted):
    """The width at which the network without attention has the number of parameters nearest to wanted."""

    def count(width):
        stem = 1 * 16 * 9 + 2 * 16  # a convolution without bias, and a gain and a shift for each channel
        convolutions = 16 * width * 9 + 2 * width + width * width * 9 + 2 * width
        return stem + convolutions + 10 * width + 10

    return min(range(1, 1000), key=lambda width: abs(count(width) - wanted))


def held_map(weights, masks):
    """The weights on the object alone, brought back to a sum of 1: (B, 1, h, w)."""
    rows, columns = weights.shape[2:]
    height, width = masks.shape[2:]
    covered = F.avg_pool2d(masks.to(weights.dtype), (height // rows, width // columns))
    left = weights * covered  # (B, 1, h, w)
    return left / left.sum(dim=(1, 2, 3), keepdim=True)


def pointing_gap(hits, right, kinds):
    """How much more often the answer is right where the map hits, compared within each kind of picture."""
    total, weight = torch.tensor(0.0), torch.tensor(0.0)
    for kind in kinds.unique():
        hit, missed = right[(kinds == kind) & hits].float(), right[(kinds == kind) & ~hits].float()
        if len(hit) and len(missed):
            share = len(hit) * len(missed) / (len(hit) + len(missed))
            total, weight = total + share * (hit.mean() - missed.mean()), weight + share
    return total / weight


def attentive_pool(patches, query):
    """What a query gets from all patches of each image: (B, D)."""
    scores = patches @ query / patches.shape[-1] ** 0.5  # (B, N, D) @ (D,) -> (B, N)
    weights = torch.softmax(scores, dim=1)
    return (weights[:, None] @ patches)[:, 0]  # (B, 1, N) @ (B, N, D) -> (B, D)
