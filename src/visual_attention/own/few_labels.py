"""How good is each pool with five labelled pictures a class, with ten, with twenty?

The pictures are divided into groups with as many of each class. A head learns one group, and is asked about
all others; so each picture is judged by every head that did not learn it.

Chapter: notebooks/applications/classification.ipynb
"""

from dataclasses import dataclass

import torch
from scipy.stats import ttest_1samp
from torch import Tensor

from visual_attention.own import fitting
from visual_attention.own.heads import Head


@dataclass(frozen=True)
class Judged:
    """What the heads of one pool answer.

    Args:
        pool: its name.
        heads: H, one for each group.
        learned: (H, n), bool: which pictures each learned.
        right: (n,), the share of right answers among the heads that did not learn the picture.
    """

    pool: str
    heads: list[Head]
    learned: Tensor
    right: Tensor

    @property
    def accuracy(self) -> float:
        """The mean over pictures."""
        return self.right.mean().item()


def groups(labels: Tensor, *, each: int) -> Tensor:
    """Which pictures stand in each group, (H, n), bool: `each` of every class, no picture in two groups.

    Raises:
        ValueError: if a class has too few pictures for two groups.
    """
    kinds = labels.unique()
    smallest = min(int((labels == kind).sum()) for kind in kinds)
    if each < 2 or smallest < 2 * each:
        raise ValueError(f"each: wanted from 2 to {smallest // 2}, for two groups, got {each}")
    found = torch.zeros(smallest // each, len(labels), dtype=torch.bool)
    for kind in kinds:
        members = (labels == kind).nonzero()[: len(found) * each, 0].view(len(found), each)
        found.scatter_(1, members, True)
    return found


def judged(pool: str, tokens: Tensor, labels: Tensor, *, classes: int, each: int) -> Judged:
    """Train a head of a pool on each group, with a decay chosen inside the group, and ask about the others.

    Args:
        pool: one of `heads.POOLS`.
        tokens: (n, 1 + N, D).
        labels: (n,), indices of classes.
        classes: K.
        each: labelled pictures of a class.
    """
    learned = groups(labels, each=each)
    decays = fitting.choose_decays(pool, tokens, labels, classes=classes, training=list(learned))
    heads = fitting.fit(pool, tokens, labels, classes=classes, training=learned, decays=decays)
    with torch.no_grad():
        right = torch.stack([head(tokens).argmax(dim=-1) == labels for head in heads])
    return Judged(pool, heads, learned, shares(right, learned))


def shares(right: Tensor, learned: Tensor) -> Tensor:
    """For each picture, how many of the heads that did not learn it are right, (H, n) twice -> (n,)."""
    asked = (~learned).double()
    return (right * asked).sum(dim=0) / asked.sum(dim=0)


@torch.no_grad()
def with_weights_of_others(found: Judged, tokens: Tensor, labels: Tensor) -> Judged:
    """The same heads, each picture read with the weights of the picture before it."""
    right = []
    for head in found.heads:
        pooled = (head.weights(tokens).roll(1, dims=0)[:, None] @ tokens[:, 1:])[:, 0]
        right.append(head.linear((pooled - head.center) / head.spread).argmax(dim=-1) == labels)
    return Judged(found.pool, found.heads, found.learned, shares(torch.stack(right), found.learned))


def difference(one: Judged, other: Judged) -> tuple[float, float, float]:
    """One accuracy minus the other, with its 95 % interval: Student's t over pictures, pair by pair."""
    each = one.right - other.right
    if (each == each[0]).all():
        return each[0].item(), each[0].item(), each[0].item()
    found = ttest_1samp(each.numpy(), 0.0).confidence_interval(0.95)
    return each.mean().item(), found.low, found.high
