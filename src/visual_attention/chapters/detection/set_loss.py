"""How can a loss compare two sets, when nobody says which answer belongs to which object?

First each object gets the answer that suits it best, so that the sum of all costs is least; then only matched
pairs are compared, and all other answers are asked to say "no object".

Paper: Nicolas Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020, section 3.1.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.set_loss
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from visual_attention.boxes import generalised_iou, require_boxes
from visual_attention.chapters.detection.scenes import Objects

L1_WEIGHT = 5.0
HULL_WEIGHT = 2.0
EMPTY_WEIGHT = 0.6  # of "no object": `fair_weight` of eight queries and three objects
UNMATCHED = -1


def matching_cost(logits: Tensor, boxes: Tensor, objects: Objects) -> Tensor:
    """What it costs to let query q answer for object o.

    Minus the probability of the object's class, plus 5 times the distance of the boxes, minus twice their
    generalised intersection over union.

    Args:
        logits: Scores of K classes and, last, of "no object".
        boxes: Predicted boxes.
        objects: What is there, padded to O objects an image.

    Shape:
        (B, Q, K + 1), (B, Q, 4), objects of (B, O) -> (B, Q, O); entries of padding mean nothing.

    Raises:
        ValueError: if the shapes do not fit, or a number is not finite.
    """
    objects = _fitted(logits, boxes, objects)
    probabilities = logits.softmax(dim=-1)  # (B, Q, K + 1)
    labels = objects.labels[:, None].expand(-1, boxes.shape[1], -1)  # (B, Q, O)
    class_cost = -probabilities.gather(2, labels)
    distance = (boxes[:, :, None] - objects.boxes[:, None]).abs().sum(dim=-1)  # (B, Q, O)
    overlap = generalised_iou(boxes[:, :, None], objects.boxes[:, None])
    return class_cost + L1_WEIGHT * distance - HULL_WEIGHT * overlap


@torch.no_grad()
def match(logits: Tensor, boxes: Tensor, objects: Objects) -> Tensor:
    """Give each object a query of its own, such that the sum of the costs is least.

    SciPy solves it by a modified Jonker-Volgenant algorithm; the paper names the Hungarian one.

    Shape:
        (B, Q, K + 1), (B, Q, 4), objects of (B, O) -> (B, Q), int64: the place of the object that the query
        answers for, or -1 for none. With more objects than queries, the dearest objects go without.

    Raises:
        ValueError: as `matching_cost`.
    """
    cost = matching_cost(logits, boxes, objects)
    table = cost.double().cpu().numpy()
    assigned = np.full(cost.shape[:2], UNMATCHED)
    for image, present in enumerate(objects.cleared().present.cpu().numpy()):
        (there,) = present.nonzero()
        queries, chosen = linear_sum_assignment(table[image][:, there])
        assigned[image, queries] = there[chosen]
    return torch.from_numpy(assigned).to(cost.device)


def set_loss(logits: Tensor, boxes: Tensor, objects: Objects, *, empty: float = EMPTY_WEIGHT) -> Tensor:
    """The loss of a set of answers: classes of all, boxes of the matched ones.

    A cross-entropy in which "no object" has a weight of its own, plus, for each matched pair, 5 times the
    distance of the boxes and twice 1 minus their generalised intersection over union, divided by the number
    of objects.

    Args:
        logits: Scores of K classes and, last, of "no object".
        boxes: Predicted boxes.
        objects: What is there, padded to O objects an image.
        empty: The weight of "no object".

    Shape:
        (B, Q, K + 1), (B, Q, 4), objects of (B, O) -> (). Neither the order of the queries nor that of the
        objects changes it, nor what stands in the padding. Without any object it is the cross-entropy alone,
        without any query or any image 0.

    Raises:
        ValueError: as `matching_cost`.

    Differs from the paper: the number of objects is counted in the batch, not over several machines; the
        weight of "no object" is :func:`fair_weight` of eight queries and three objects, not 0.1, which fits
        the paper's 100 queries.
    """
    assigned = match(logits, boxes, objects)
    return classification_loss(logits, assigned, objects, empty) + box_loss(boxes, assigned, objects)


def fair_weight(queries: int, objects: float) -> float:
    """The weight of "no object" at which queries with and without an object count alike.

    Args:
        queries: Q, answers for a picture.
        objects: how many of them have an object, in the mean.

    Raises:
        ValueError: unless there are fewer objects than queries, and some.
    """
    if not 0 < objects < queries:
        raise ValueError(f"objects: wanted more than 0 and fewer than {queries} queries, got {objects}")
    return objects / (queries - objects)


def classification_loss(logits: Tensor, assigned: Tensor, objects: Objects, empty_weight: float) -> Tensor:
    """The cross-entropy of all queries, in which "no object" has its own weight: a weighted mean, ()."""
    if not assigned.numel():
        return logits.sum()  # 0, where torch's mean over nothing is NaN
    empty = logits.shape[-1] - 1
    wanted = torch.full_like(assigned, empty)  # (B, Q)
    image, query = (assigned != UNMATCHED).nonzero(as_tuple=True)
    wanted[image, query] = objects.labels[image, assigned[image, query]].long()
    weight = logits.new_ones(empty + 1)
    weight[empty] = empty_weight
    return F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), weight=weight)


def box_loss(boxes: Tensor, assigned: Tensor, objects: Objects) -> Tensor:
    """Distance and generalised intersection over union of the matched boxes, for each object, ()."""
    image, query = (assigned != UNMATCHED).nonzero(as_tuple=True)
    got, want = boxes[image, query], objects.boxes[image, assigned[image, query]]  # (M, 4) each
    return box_distance(got, want) / objects.cleared().present.sum().clamp(min=1)


def box_distance(got: Tensor, want: Tensor) -> Tensor:
    """5 times the L1 distance plus 2 times (1 - generalised IoU), summed over pairs: (M, 4) -> ()."""
    distance = (got - want).abs().sum()
    return L1_WEIGHT * distance + HULL_WEIGHT * (1 - generalised_iou(got, want)).sum()


def _fitted(logits: Tensor, boxes: Tensor, objects: Objects) -> Objects:
    if logits.ndim != 3 or boxes.shape != (*logits.shape[:2], 4):
        raise ValueError(
            "wanted logits (B, Q, K + 1) and boxes (B, Q, 4), "
            f"got {tuple(logits.shape)}, {tuple(boxes.shape)}"
        )
    return wanted_objects(logits, boxes, objects, classes=logits.shape[-1] - 1)


def wanted_objects(scores: Tensor, boxes: Tensor, objects: Objects, *, classes: int) -> Objects:
    """The objects, their padding cleared, that answers are compared with.

    Raises:
        ValueError: if there are other images or classes, or a score or box is NaN or infinite.
    """
    objects = objects.cleared()
    if len(objects.labels) != len(scores):
        raise ValueError(f"wanted objects of {len(scores)} images, got {len(objects.labels)}")
    labels = objects.labels[objects.present]
    if labels.numel() and int(labels.max()) >= classes:
        raise ValueError(
            f"wanted labels from 0 to {classes - 1}, got {int(labels.min())} to {int(labels.max())}"
        )
    require_boxes(boxes)
    require_boxes(objects.boxes, "objects.boxes")
    if lost := int((~scores.isfinite()).sum()):
        raise ValueError(f"wanted finite scores, got {lost} NaN or infinite of {scores.numel()}")
    return objects


def main() -> None:
    """Match three answers with two objects, in either order."""
    boxes = torch.tensor([[[0.2, 0.2, 0.2, 0.2], [0.7, 0.7, 0.3, 0.2], [0.5, 0.5, 0.9, 0.9]]])
    logits = torch.zeros(1, 3, 4)
    there = torch.tensor([[[0.7, 0.7, 0.3, 0.3], [0.2, 0.25, 0.2, 0.2]]])
    objects = Objects(there, torch.tensor([[1, 0]]), torch.ones(1, 2, dtype=torch.bool))
    print("queries answer for objects", match(logits, boxes, objects)[0].tolist())
    turned = Objects(there.flip(1), objects.labels.flip(1), objects.present)
    print("turned round:             ", match(logits, boxes, turned)[0].tolist())
    print(f"the loss is {set_loss(logits, boxes, objects):.4f} and {set_loss(logits, boxes, turned):.4f}")


if __name__ == "__main__":
    main()
