"""How much of the weight lies on the object?

A score between 0 and 1, to be read against the object's share of the area: that is what weights which know
nothing would get.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def share(weights: Tensor, masks: Tensor) -> Tensor:
    """The share of the weight's mass that lies within the mask.

    A weight stands for the cell of the picture above it: where the mask covers a part of the cell, that part
    of the weight counts.

    Args:
        weights: non-negative weights on a grid that divides the picture.
        masks: where the object is.

    Shape:
        (B, 1, h, w), (B, 1, H, W) -> (B,), in [0, 1].
    """
    if weights.ndim != 4 or weights.shape[1] != 1 or masks.shape[:2] != weights.shape[:2]:
        raise ValueError(
            f"wanted weights (B, 1, h, w) and masks (B, 1, H, W), "
            f"got {tuple(weights.shape)}, {tuple(masks.shape)}"
        )
    (height, width), (rows, columns) = masks.shape[2:], weights.shape[2:]
    if height % rows or width % columns:
        raise ValueError(
            f"wanted a grid that divides the picture, got {rows} x {columns} for {height} x {width}"
        )
    _require_finite(weights)
    if (weights < 0).any():
        raise ValueError(f"wanted weights of 0 or more, got {weights.min():.3g}")
    covered = F.avg_pool2d(masks.to(weights.dtype), (height // rows, width // columns))  # (B, 1, h, w)
    mass = weights.sum((1, 2, 3))
    return (weights * covered).sum((1, 2, 3)) / mass.clamp_min(torch.finfo(weights.dtype).tiny)


def hits(weights: Tensor, masks: Tensor) -> Tensor:
    """Whether the place with the largest weight (the first of equals) lies on the object.

    It does if the mask covers at least half of its cell. Weights that are all equal choose nothing, and do
    not hit.

    Args:
        weights: non-negative weights on a grid that divides the picture.
        masks: where the object is.

    Shape:
        (B, 1, h, w), (B, 1, H, W) -> (B,), bool.
    """
    _require_finite(weights)
    flat = weights.flatten(1)
    peaks = F.one_hot(flat.argmax(1), flat.shape[1]).view_as(weights).to(weights.dtype)
    return (share(peaks, masks) >= 0.5) & (flat.amax(1) > flat.amin(1))


def gap(hits: Tensor, right: Tensor, groups: Tensor) -> float | None:
    """How much more often the answer is right where the map hits, among pictures of the same group.

    Large objects are easier both to find and to name, so that all pictures together would show a gap even if
    looking had no part in it. The groups' gaps are averaged with weights n1 n0 / (n1 + n0), for n1 hits and
    n0 misses (Mantel and Haenszel's): a group without hits or without misses tells nothing and counts for 0.

    Args:
        hits: which maps hit.
        right: which answers are right.
        groups: a number for each picture, the same for pictures that may be compared.

    Shape:
        (B,), (B,), (B,) -> a number in [-1, 1]; None if no group has both hits and misses.
    """
    total, weight = 0.0, 0.0
    for group in groups.unique():
        hit, missed = right[(groups == group) & hits].double(), right[(groups == group) & ~hits].double()
        if len(hit) and len(missed):
            share = len(hit) * len(missed) / (len(hit) + len(missed))
            total += share * (hit.mean() - missed.mean()).item()
            weight += share
    return total / weight if weight else None


def _require_finite(weights: Tensor) -> None:
    if lost := int((~weights.isfinite()).sum()):
        raise ValueError(f"wanted finite weights, got {lost} NaN or infinite of {weights.numel()}")


def area(masks: Tensor) -> Tensor:
    """The mask's share of the picture: (B, 1, H, W) -> (B,)."""
    return masks.float().mean((1, 2, 3))
