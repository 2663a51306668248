"""Reference solutions of the exercises in notebooks/applications/detection.ipynb."""

import torch
from scipy.optimize import linear_sum_assignment


def to_corners(boxes):
    """(centre x, centre y, width, height) -> (left, top, right, bottom), both (N, 4)."""
    centre, size = boxes[:, :2], boxes[:, 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=1)


def generalised_iou(first, second):
    """Generalised intersection over union of pairs of boxes by corners: (N, 4), (N, 4) -> (N,)."""
    overlap = torch.minimum(first[:, 2:], second[:, 2:]) - torch.maximum(first[:, :2], second[:, :2])
    around = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    shared = overlap.clamp(min=0).prod(dim=1)  # a negative overlap in both directions is none at all
    areas = (first[:, 2:] - first[:, :2]).prod(dim=1) + (second[:, 2:] - second[:, :2]).prod(dim=1)
    union, hull = areas - shared, around.prod(dim=1)
    return shared / union - (hull - union) / hull


def match(cost):
    """The query that answers for each object, (O,), so that the sum of (Q, O) costs is least; Q >= O."""
    queries, objects = linear_sum_assignment(cost.numpy())
    answer = torch.empty(cost.shape[1], dtype=torch.int64)
    answer[torch.from_numpy(objects)] = torch.from_numpy(queries)
    return answer


def suppress(overlaps, scores, threshold=0.5):
    """The places of the boxes that non-maximum suppression keeps, best first: (N, N), (N,) -> (M,)."""
    kept = []
    for candidate in scores.argsort(descending=True).tolist():
        if all(overlaps[candidate, better] <= threshold for better in kept):
            kept.append(candidate)
    return torch.tensor(kept, dtype=torch.int64)
