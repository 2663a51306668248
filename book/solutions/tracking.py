"""Reference solutions of the exercises in notebooks/applications/tracking.ipynb."""

import torch
from torch.nn import functional as F


def success_curve(overlaps, present, thresholds):
    """The share of the frames with the target whose overlap is above each threshold, (K,)."""
    counted = overlaps[present]
    return (counted[:, None] > thresholds).float().mean(dim=0)


def correlate(search, template):
    """Each template slides over its own features: (B, d, H, W), (B, d, h, w) -> (B, H-h+1, W-w+1)."""
    batch, dim, height, width = search.shape
    stacked = search.reshape(1, batch * dim, height, width)  # each image's channels become a group
    return F.conv2d(stacked, template, groups=batch)[0]


def cross_attend(queries, keys, mask, temperature):
    """How well each place fits: its cosines with the parts, weighted by their own softmax, (B, N)."""
    similar = F.normalize(queries, dim=2) @ F.normalize(keys, dim=2).mT  # (B, N, M)
    scores = similar / temperature
    weights = scores.masked_fill(~mask[:, None], float("-inf")).softmax(dim=2)
    return (weights * similar).sum(dim=2)


def carry_labels(frame, known, labels, most, temperature):
    """Each patch takes over the labels of the known patches most like it, (B, N, K)."""
    similar = F.normalize(frame, dim=2) @ F.normalize(known, dim=2).mT  # (B, N, M)
    values, places = similar.topk(most, dim=2)
    kept = similar.new_full(similar.shape, float("-inf")).scatter(2, places, values)
    return (kept / temperature).softmax(dim=2) @ labels


def ask_each_other(window, template, query, key, value):
    """What each token of window and template gets from all tokens of both, (B, N + M, D)."""
    tokens = torch.cat([window, template], dim=1)  # (B, N + M, D)
    scores = (tokens @ query) @ (tokens @ key).mT / tokens.shape[-1] ** 0.5
    return scores.softmax(dim=-1) @ (tokens @ value)
