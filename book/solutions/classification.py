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


def paired_interval(treatment, baseline, draws):
    """Mean difference and the 2.5 and 97.5 % quantiles of the mean differences of all draws: (3,)."""
    difference = treatment - baseline  # (S,): seed by seed
    means = difference[draws].mean(dim=1)  # (R, S) -> (R,)
    ends = torch.quantile(means, means.new_tensor([0.025, 0.975]))
    return torch.cat([difference.mean()[None], ends])


def pointing_gap(hits, right, kinds):
    """How much more often the answer is right where the map hits, compared within each kind of picture."""
    total, weight = torch.tensor(0.0), torch.tensor(0.0)
    for kind in kinds.unique():
        hit, missed = right[(kinds == kind) & hits].float(), right[(kinds == kind) & ~hits].float()
        if len(hit) and len(missed):
            share = len(hit) * len(missed) / (len(hit) + len(missed))
            total, weight = total + share * (hit.mean() - missed.mean()), weight + share
    return total / weight
