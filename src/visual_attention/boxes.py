"""How well do two boxes agree, also where they do not touch?

A box is (centre x, centre y, width, height) in [0, 1], as shares of the image's width and height, x to the
right and y down.

Paper: Hamid Rezatofighi et al., "Generalized Intersection over Union: A Metric and a Loss for Bounding Box
    Regression", CVPR 2019, section 3.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.boxes
"""

import torch
from torch import Tensor

from visual_attention.mechanisms.inputs import require_positive


def require_boxes(boxes: Tensor, name: str = "boxes") -> None:
    """Require finite boxes (..., 4) of no negative width or height.

    Raises:
        ValueError: otherwise; says what was wanted and what came.
    """
    if not isinstance(boxes, Tensor) or not boxes.is_floating_point():
        got = boxes.dtype if isinstance(boxes, Tensor) else type(boxes).__name__
        raise ValueError(f"{name}: wanted a floating-point tensor (..., 4), got {got}")
    if boxes.ndim < 1 or boxes.shape[-1] != 4:
        raise ValueError(
            f"{name}: wanted (..., 4) for centre x, centre y, width, height, got {tuple(boxes.shape)}"
        )
    if not torch.isfinite(boxes).all():
        raise ValueError(f"{name}: wanted finite numbers, got {int((~torch.isfinite(boxes)).sum())} others")
    if (boxes[..., 2:] < 0).any():
        raise ValueError(f"{name}: wanted widths and heights of 0 or more, got {boxes[..., 2:].min():.3g}")


def to_corners(boxes: Tensor) -> Tensor:
    """(centre x, centre y, width, height) -> (left, top, right, bottom), both (..., 4)."""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def from_corners(corners: Tensor) -> Tensor:
    """(left, top, right, bottom) -> (centre x, centre y, width, height), both (..., 4)."""
    low, high = corners[..., :2], corners[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union: the shared area as a share of what both cover.

    Args:
        first: Boxes.
        second: Boxes, of a shape that broadcasts with the first: ``iou(a[:, None], b)`` compares all pairs.

    Shape:
        (..., 4), (..., 4) -> (...), in [0, 1]: 1 for equal boxes, 0 for boxes that do not touch, and 0
        wherever the union has no area.

    Raises:
        ValueError: if either holds no boxes.
    """
    shared, union, _ = _areas(first, second)
    return _share(shared, union)


def generalised_iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union minus a penalty: the share of the hull that neither box covers.

    The hull is the smallest box around both. Far apart, the intersection is 0 whatever the distance; the
    hull still grows with it, so that the gradient knows the way.

    Args:
        first: Boxes.
        second: Boxes, of a shape that broadcasts with the first.

    Shape:
        (..., 4), (..., 4) -> (...), in [-1, 1]: 1 for equal boxes, below 0 for most that do not touch. Where
        the hull has no area there is no penalty.

    Raises:
        ValueError: if either holds no boxes.

    Differs from the paper: it leaves boxes without area open; here two of them at one point give 0.
    """
    shared, union, hull = _areas(first, second)
    return _share(shared, union) - _share(hull - union, hull)


def suppress(boxes: Tensor, scores: Tensor, labels: Tensor, *, threshold: float = 0.5) -> Tensor:
    """Non-maximum suppression: keep a box unless a better one of its class covers the same place.

    Args:
        boxes: N boxes.
        scores: How sure the detector is of each.
        labels: Classes; a box suppresses those of its own class only.
        threshold: Of two boxes whose intersection over union is above this, the lower scored one goes.

    Shape:
        (N, 4), (N,), (N,) -> (M,), int64: the places of the kept boxes, best first. Of equal scores the
        earlier box counts as better.

    Raises:
        ValueError: if the shapes do not fit, or the threshold is not above 0.
    """
    require_boxes(boxes)
    require_positive(threshold=threshold)
    if boxes.ndim != 2 or scores.shape != boxes.shape[:1] or labels.shape != boxes.shape[:1]:
        shapes = [tuple(x.shape) for x in (boxes, scores, labels)]
        raise ValueError(f"wanted boxes (N, 4), scores (N,) and labels (N,), got {shapes}")
    order = scores.argsort(descending=True, stable=True)
    boxes, labels = boxes[order], labels[order]
    rivals = (iou(boxes[:, None], boxes) > threshold) & (labels[:, None] == labels)  # (N, N)
    rivals = rivals.tolist()
    kept: list[int] = []
    for candidate in range(len(order)):
        if not any(rivals[better][candidate] for better in kept):
            kept.append(candidate)
    return order[kept]


def _areas(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The areas of intersection, union and hull."""
    require_boxes(first, "first")
    require_boxes(second, "second")
    a, b = to_corners(first), to_corners(second)
    overlap = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    around = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    shared = overlap.clamp(min=0).prod(dim=-1)
    union = first[..., 2:].prod(dim=-1) + second[..., 2:].prod(dim=-1) - shared
    return shared, union, around.prod(dim=-1)


def _share(part: Tensor, whole: Tensor) -> Tensor:
    """Part over whole, and 0 (with a finite gradient) where there is no whole."""
    something = whole > 0
    return torch.where(something, part / torch.where(something, whole, 1.0), 0.0)


def main() -> None:
    """Show what the hull adds."""
    still = torch.tensor([0.3, 0.5, 0.2, 0.2])
    for x in (0.3, 0.4, 0.5, 0.6, 0.8):
        moved = torch.tensor([x, 0.5, 0.2, 0.2])
        both = iou(still, moved).item(), generalised_iou(still, moved).item()
        print(f"{x - 0.3:.1f} to the right: IoU {both[0]:.2f}, generalised {both[1]:+.2f}")


if __name__ == "__main__":
    main()
