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

    Exactly 1 for a box and itself and never more, in every type of float; half floats are worked out in
    float32. The order of the two does not matter, to the last digit.

    Args:
        first: Boxes.
        second: Boxes, of a shape that broadcasts with the first: ``iou(a[:, None], b)`` compares all pairs.

    Shape:
        (..., 4), (..., 4) -> (...), in [0, 1]: 1 for equal boxes, 0 for boxes that do not touch, and 0
        wherever the union has no area. In the type of the boxes.

    Raises:
        ValueError: if either holds no boxes.
    """
    shared, union, _ = _areas(first, second)
    return _share(shared, union).to(_kind(first, second))


def generalised_iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union minus a penalty: the share of the hull that neither box covers.

    The hull is the smallest box around both. Far apart, the intersection is 0 whatever the distance; the
    hull still grows with it, so that the gradient knows the way.

    Args:
        first: Boxes.
        second: Boxes, of a shape that broadcasts with the first.

    Shape:
        (..., 4), (..., 4) -> (...), in [-1, 1]: exactly 1 for equal boxes, below 0 for most that do not
        touch. Where the hull has no area there is no penalty. In the type of the boxes.

    Raises:
        ValueError: if either holds no boxes.

    Differs from the paper: it leaves boxes without area open; here two of them at one point give 0.
    """
    shared, union, hull = _areas(first, second)
    empty = (1 - union).clamp(min=0)  # the share of the hull that neither covers; rounding may pass 0
    return (_share(shared, union) - torch.where(hull, empty, 0.0)).to(_kind(first, second))


def suppress(boxes: Tensor, scores: Tensor, labels: Tensor, *, threshold: float = 0.5) -> Tensor:
    """Non-maximum suppression: keep a box unless a better one of its class covers the same place.

    Args:
        boxes: N boxes.
        scores: How sure the detector is of each.
        labels: Classes; a box suppresses those of its own class only. A label below 0 is padding: it is not
            kept, suppresses nothing, and its box and score may be anything.
        threshold: Of two boxes whose intersection over union is above this, the lower scored one goes.

    Shape:
        (N, 4), (N,), (N,) -> (M,), int64: the places of the kept boxes, best first. Of equal scores the
        earlier box counts as better.

    Raises:
        ValueError: if the shapes do not fit, a score is NaN, or the threshold is not above 0.
    """
    require_boxes(boxes[:0])  # its form alone: what stands in the padding is not looked at
    require_positive(threshold=threshold)
    if boxes.ndim != 2 or scores.shape != boxes.shape[:1] or labels.shape != boxes.shape[:1]:
        shapes = [tuple(x.shape) for x in (boxes, scores, labels)]
        raise ValueError(f"wanted boxes (N, 4), scores (N,) and labels (N,), got {shapes}")
    real = (labels >= 0).nonzero()[:, 0]
    require_order(scores[real])
    order = real[scores[real].argsort(descending=True, stable=True)]
    boxes, labels = boxes[order], labels[order]
    rivals = (iou(boxes[:, None], boxes) > threshold) & (labels[:, None] == labels)  # (N, N)
    rivals = rivals.tolist()
    kept: list[int] = []
    for candidate in range(len(order)):
        if not any(rivals[better][candidate] for better in kept):
            kept.append(candidate)
    return order[kept]


def require_order(scores: Tensor, name: str = "scores") -> None:
    """Require scores of which one can say which is higher.

    Raises:
        ValueError: if some are NaN.
    """
    if unknown := int(scores.isnan().sum()):
        raise ValueError(f"{name}: wanted numbers that can be put in order, got {unknown} NaN")


def _kind(first: Tensor, second: Tensor) -> torch.dtype:
    return torch.promote_types(first.dtype, second.dtype)


def _areas(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The areas of intersection and union as shares of the hull, and whether the hull has an area.

    Along an axis two intervals share min(a, b, (a + b) / 2 - d) and lie within max(a, b, (a + b) / 2 + d),
    d being the distance of their centres. Written so, rounding cannot make a share larger than its whole.
    """
    require_boxes(first, "first")
    require_boxes(second, "second")
    kind = torch.promote_types(_kind(first, second), torch.float32)  # half floats have too few digits
    first, second = first.to(kind), second.to(kind)
    a, b = first[..., 2:], second[..., 2:]
    distance, mean = (first[..., :2] - second[..., :2]).abs(), a / 2 + b / 2
    around = torch.maximum(torch.maximum(a, b), mean + distance)
    within = torch.minimum(torch.minimum(a, b), mean - distance).clamp(min=0)
    around = torch.where(around > 0, around, 1.0)
    shared = (within / around).prod(dim=-1)
    union = (a / around).prod(dim=-1) + (b / around).prod(dim=-1) - shared
    return shared, union, (torch.maximum(a, b) + distance > 0).all(dim=-1)


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
