"""How well does a tracker follow?

Curves as the tracking field draws them: in which share of the frames the box overlaps the true one by more
than a threshold (success), and in which its centre is near enough (precision). Frames without the target
count for neither; whether the tracker noticed is a score of its own.

Paper: Yi Wu, Jongwoo Lim and Ming-Hsuan Yang, "Online Object Tracking: A Benchmark", CVPR 2013, section 4.
Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.scores
"""

import torch
from torch import Tensor

from visual_attention.boxes import iou, require_boxes, require_order

OVERLAPS = torch.linspace(0, 1, 21)
DISTANCES = torch.linspace(0, 16, 33)  # pixels of a frame of 64; the paper's 50 belong to frames of some 400
FRAME = 64


def success(boxes: Tensor, true: Tensor, present: Tensor, thresholds: Tensor = OVERLAPS) -> Tensor:
    """The share of frames whose overlap is above each threshold.

    Args:
        boxes: What the tracker says.
        true: What is true.
        present: Whether the target is there; other frames do not count, whatever boxes stand there.
        thresholds: For the intersection over union, in [0, 1].

    Shape:
        (..., 4), (..., 4), (...), (K,) -> (K,), in [0, 1], never rising.

    Raises:
        ValueError: if the shapes do not fit, a box that counts is none, or no frame has the target.
    """
    overlap = iou(*_counted(boxes, true, present))
    return (overlap[:, None] > thresholds.to(overlap.device)).float().mean(dim=0)


def precision(
    boxes: Tensor,
    true: Tensor,
    present: Tensor,
    thresholds: Tensor = DISTANCES,
    *,
    frame: tuple[int, int] = (FRAME, FRAME),
) -> Tensor:
    """The share of frames whose centre lies at most each threshold away from the true one.

    Args:
        boxes: What the tracker says.
        true: What is true.
        present: Whether the target is there; other frames do not count, whatever boxes stand there.
        thresholds: Distances in pixels.
        frame: Height and width of a frame in pixels, of which boxes are shares.

    Shape:
        (..., 4), (..., 4), (...), (K,) -> (K,), in [0, 1], never falling.

    Raises:
        ValueError: if the shapes do not fit, a box that counts is none, or no frame has the target.
    """
    found, wanted = _counted(boxes, true, present)
    pixels = found.new_tensor([frame[1], frame[0]])
    away = (pixels * (found[:, :2] - wanted[:, :2])).norm(dim=-1)
    return (away[:, None] <= thresholds.to(away.device)).float().mean(dim=0)


def area(curve: Tensor) -> float:
    """The mean of a curve over its thresholds, by which trackers are ranked.

    For success at ever finer thresholds it becomes the mean overlap.
    """
    return curve.mean().item()


def presence_area(presence: Tensor, present: Tensor) -> float:
    """How often a frame with the target gets a higher score than one without: the area under the ROC curve.

    Shape:
        (...), (...) -> a number in [0, 1]; 0.5 is a coin's.

    Raises:
        ValueError: if the target is there in all frames, or in none, or a score is NaN.
    """
    from sklearn.metrics import roc_auc_score

    if presence.shape != present.shape:
        raise ValueError(
            f"wanted presence and present of one shape, got {tuple(presence.shape)}, {tuple(present.shape)}"
        )
    require_order(presence, "presence")
    if present.all() or not present.any():
        raise ValueError("present: wanted frames with the target and frames without, got one kind only")
    return float(roc_auc_score(present.flatten().cpu().numpy(), presence.flatten().float().cpu().numpy()))


def _counted(boxes: Tensor, true: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """The boxes of the frames that count, (n, 4) twice."""
    if boxes.shape[-1:] != (4,) or boxes.shape != true.shape or present.shape != boxes.shape[:-1]:
        shapes = [tuple(x.shape) for x in (boxes, true, present)]
        raise ValueError(f"wanted boxes (..., 4), true (..., 4) and present (...), got {shapes}")
    if not present.any():
        raise ValueError("present: wanted at least one frame with the target, got none")
    there = present.bool()
    found, wanted = boxes[there], true[there]
    require_boxes(found, "boxes")
    require_boxes(wanted, "true")
    return found, wanted


def main() -> None:
    """Score a box that stands still while the target moves away from it."""
    true = torch.tensor([[0.3 + 0.02 * t, 0.5, 0.25, 0.25] for t in range(10)])
    still = true[:1].expand_as(true)
    there = torch.ones(10, dtype=torch.bool)
    print("success  ", success(still, true, there, torch.tensor([0.0, 0.25, 0.5, 0.75])).tolist())
    print("precision", precision(still, true, there, torch.tensor([0.0, 4.0, 8.0])).tolist())
    print(f"area under success {area(success(still, true, there)):.3f}")
    print(f"mean overlap       {iou(still, true).mean():.3f}")


if __name__ == "__main__":
    main()
