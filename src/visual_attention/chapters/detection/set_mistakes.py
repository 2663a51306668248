"""What is right in the exercise on the set loss, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.detection.mistakes import match

EMPTY = 0.6  # the weight of "no object"


def paired(scores: Tensor, boxes: Tensor, labels: Tensor, wanted: Tensor, *, p=-1.0, l1=5.0) -> Tensor:
    """The query of each object, by costs of its class's probability and of the boxes' distance."""
    chances = scores.softmax(-1)[:, labels]  # (Q, O)
    return match((p * chances + l1 * (boxes[:, None] - wanted).abs().sum(-1)).detach())


def compared(
    scores: Tensor,
    boxes: Tensor,
    labels: Tensor,
    wanted: Tensor,
    mine: Tensor,
    *,
    empty: float = EMPTY,
    share: float = 5.0,
) -> Tensor:
    """The loss of a pairing."""
    classes = scores.shape[1]
    targets = torch.full((len(scores),), classes - 1)
    targets[mine] = labels
    weight = torch.ones(classes, dtype=scores.dtype)
    weight[-1] = empty
    named = F.cross_entropy(scores, targets, weight=weight)
    return named + share * (boxes[mine] - wanted).abs().sum() / max(1, len(labels))


def set_loss(scores: Tensor, boxes: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
    """The loss of a set of answers for one picture."""
    return compared(scores, boxes, labels, wanted, paired(scores, boxes, labels, wanted))


def set_by(pair=None, **ways):
    return lambda s, b, k, w: compared(s, b, k, w, paired(s, b, k, w, **(pair or {})), **ways)


def classes_of_the_matched(s: Tensor, b: Tensor, k: Tensor, w: Tensor) -> Tensor:
    mine = paired(s, b, k, w)
    named = F.cross_entropy(s[mine], k) if len(k) else s.sum() * 0
    return named + 5 * (b[mine] - w).abs().sum() / max(1, len(k))


def nearest(s: Tensor, b: Tensor, k: Tensor, w: Tensor) -> Tensor:
    cost = 5 * (b[:, None] - w).abs().sum(-1) - s.softmax(-1)[:, k]
    mine = cost.argmin(0) if len(k) else torch.empty(0, dtype=torch.int64)
    return compared(s, b, k, w, mine)


SET = {
    "You pair object 0 with answer 0 and so on: the costs are not used.": lambda s, b, k, w: compared(
        s, b, k, w, torch.arange(len(k))
    ),
    "Two objects share an answer: pair them one to one.": nearest,
    "The pairing has the largest cost, not the least.": set_by(pair={"p": 1.0, "l1": -5.0}),
    "The pairing asks for the boxes alone: the probability of the class belongs to the cost.": set_by(
        pair={"p": 0.0}
    ),
    "The pairing asks for the class alone: the distance of the boxes belongs to the cost.": set_by(
        pair={"l1": 0.0}
    ),
    "In the cost, a probable class is dear: it should make the pair cheaper.": set_by(pair={"p": 1.0}),
    "No object weighs as much as the others: its weight is 0.6.": set_by(empty=1.0),
    "Nobody is asked to say 'no object': the cross-entropy is that of all answers.": classes_of_the_matched,
    "The boxes are not compared.": set_by(share=0.0),
    "The distance of the boxes counts five times.": set_by(share=1.0),
    "You do not divide the distances by the number of objects.": lambda s, b, k, w: compared(
        s, b, k, w, paired(s, b, k, w), share=5.0 * max(1, len(k))
    ),
    "You take the mean over the four coordinates: their sum is wanted.": set_by(share=1.25),
    "The classes are not compared.": lambda s, b, k, w: (
        5 * (b[paired(s, b, k, w)] - w).abs().sum() / max(1, len(k)) + 0 * s.sum()
    ),
}
