"""What do detectors answer, and which of their answers are surplus?

All detectors of the chapter answer in one form, a batch at a time, so that they can be scored alike.

Paper: non-maximum suppression as in Pedro Felzenszwalb et al., "Object Detection with Discriminatively
    Trained Part-Based Models", IEEE TPAMI 32(9), 2010.
Chapter: notebooks/applications/detection.ipynb
"""

from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.boxes import iou

SURE = 0.5  # from this score on an answer is meant
CROWDED = 0.5  # boxes of one class that overlap more than this are taken for one object
PADDING = -1


class Answers(NamedTuple):
    """M answers for each of B pictures, best first: boxes (B, M, 4), labels (B, M), scores (B, M) in [0, 1].

    A label below 0 is padding.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor

    def of(self, picture: int) -> "Answers":
        """Those for one picture, without padding: (M', 4), (M',), (M',)."""
        real = self.labels[picture] >= 0
        return Answers(*(part[picture][real] for part in self))

    def without(self, gone: Tensor) -> "Answers":
        """The same, some of them (B, M) made padding."""
        return self._replace(labels=self.labels.masked_fill(gone, PADDING))


def ranked(probabilities: Tensor, boxes: Tensor, *, most: int = 20) -> Answers:
    """The likeliest class of each answer, best answers first.

    Shape:
        (B, N, K), (B, N, 4) -> answers (B, min(N, most)).
    """
    best, labels = probabilities.max(dim=-1)  # (B, N)
    scores, order = best.sort(dim=-1, descending=True, stable=True)
    order = order[:, :most]
    places = order[..., None].expand(-1, -1, 4)
    return Answers(boxes.gather(1, places), labels.gather(1, order), scores[:, :most])


def suppressed(answers: Answers, *, threshold: float = CROWDED) -> Answers:
    """The answers without those that a better, kept one of the same class covers by more than the threshold.

    As :func:`visual_attention.boxes.suppress`, for a batch.
    """
    boxes, labels, _ = answers
    rivals = iou(boxes[:, :, None], boxes[:, None]) > threshold  # (B, M, M)
    rivals = rivals & (labels[:, :, None] == labels[:, None]) & (labels >= 0)[:, None]
    kept = torch.zeros_like(labels, dtype=torch.bool)
    for place in range(labels.shape[1]):
        kept[:, place] = ~(rivals[:, place] & kept).any(dim=1)
    return answers.without(~kept)


def sure(answers: Answers) -> Tensor:
    """Which answers are meant, (B, M)."""
    return (answers.scores >= SURE) & (answers.labels >= 0)
