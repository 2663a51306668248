"""Does attention help on *these* pictures? The pools compared on pictures left out, many heads at once.

Heads are trained in one tensor, all of a pool without attention, and with attention those that learn the same
pictures; that gives what training one after the other gives, in a fraction of the time. How strongly the
linear weights are held small is chosen for each pool and fold by the same rule, on pictures that are neither
for training nor for the score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import binomtest, ttest_1samp
from sklearn.model_selection import StratifiedKFold
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from tqdm.auto import tqdm

from visual_attention.own.heads import ATTENTION, POOLS, Head, spread, values

DECAYS = (0.01, 0.1, 1.0, 10.0)  # how strongly the linear weights are held small
STEPS, RATE = 120, 0.02
FOLDS = 5


def fit(
    pool: str,
    tokens: Tensor,
    labels: Tensor,
    *,
    classes: int,
    training: Tensor,
    decays: Sequence[float],
    bar: tqdm | None = None,
) -> list[Head]:
    """Train heads, the same steps for each.

    Args:
        pool: one of POOLS.
        tokens: (n, 1 + N, D).
        labels: (n,), indices of classes.
        classes: K.
        training: (H, n), bool: which pictures each of the H heads is trained on.
        decays: H strengths of AdamW's decay of the linear weights.
        bar: told of each step of each tensor of heads.
    """
    together = beside_each_other(pool, training)
    if len(together) > 1:
        made: dict[int, Head] = {}
        for chosen in map(Tensor.tolist, together):
            some = {"training": training[chosen], "decays": [decays[index] for index in chosen]}
            heads = fit(pool, tokens, labels, classes=classes, bar=bar, **some)
            made |= dict(zip(chosen, heads, strict=True))
        return [made[index] for index in range(len(training))]
    many, dim = len(training), tokens.shape[-1]
    heads = [settled(pool, tokens[known], classes=classes) for known in training]
    center, wide, unlike = (
        torch.stack([getattr(head, name) for head in heads])[:, None]
        for name in ("center", "spread", "unlike")
    )
    weight = torch.zeros(many, classes, dim, requires_grad=True)
    bias = torch.zeros(many, 1, classes, requires_grad=True)
    query = torch.zeros(many, dim, requires_grad=pool == ATTENTION)
    learned = [known.nonzero()[:, 0] for known in training]
    places = pad_sequence(learned, batch_first=True)  # (H, m): each head's pictures, filled up with the first
    share = pad_sequence([torch.full(one.shape, 1 / len(one)) for one in learned], batch_first=True).flatten()
    wanted = labels[places].flatten()
    ready = (values(pool, tokens)[places] - center) / wide  # (H, m, D)
    patches, asked = tokens[learned[0], 1:], 1 / (unlike[:, 0] * dim**0.5)
    optimizer = torch.optim.Adam([weight, bias] + ([query] if pool == ATTENTION else []), lr=RATE, fused=True)
    shrink = torch.tensor(decays)[:, None, None]
    for step in range(STEPS):
        rate = RATE * (1 - step / STEPS)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        if pool == ATTENTION:
            ready = (attended(patches, query * asked) - center) / wide
        scores = ready @ weight.mT + bias  # (H, m, K)
        losses = F.cross_entropy(scores.flatten(0, 1), wanted, reduction="none")
        (losses * share).sum().backward()  # for each head the mean over its own pictures
        with torch.no_grad():
            weight.mul_(1 - rate * shrink)  # AdamW's decay, of another strength for each head
        optimizer.step()
        if bar is not None:
            bar.update()
    for index, head in enumerate(heads):
        with torch.no_grad():
            head.linear.weight.copy_(weight[index])
            head.linear.bias.copy_(bias[index, 0])
            if pool == ATTENTION:
                head.query.copy_(query[index])
    return heads


def beside_each_other(pool: str, training: Tensor) -> list[Tensor]:
    """Which heads are trained in one tensor: all, but with attention only those that learn the same pictures.

    What is pooled without attention never changes, and is small; attention needs all patches at each step.
    """
    if pool != ATTENTION:
        return [torch.arange(len(training))]
    return [(training == known).all(dim=1).nonzero()[:, 0] for known in training.unique(dim=0)]


def attended(patches: Tensor, queries: Tensor) -> Tensor:
    """What each query gets from each picture: (n, N, D), (H, D) -> (H, n, D)."""
    shares = torch.softmax(patches @ queries.T, dim=1)  # (n, N, H)
    return (shares.mT @ patches).transpose(0, 1)


def settled(pool: str, tokens: Tensor, *, classes: int) -> Head:
    """A head that knows the mean and the spread of its training pictures, and nothing else yet."""
    head = Head(pool, dim=tokens.shape[-1], classes=classes)
    pooled = values(pool, tokens)
    head.center, head.spread = pooled.mean(dim=0), spread(pooled)
    head.unlike = spread(tokens[:, 1:].flatten(0, 1))
    return head.eval()


def folds(labels: Tensor, *, seed: int = 0) -> list[Tensor]:
    """Which pictures are left out, (n,) bool for each of five folds, or as many as the smallest class allows.

    Raises:
        ValueError: if a class has only one picture.
    """
    smallest = int(torch.bincount(labels)[labels.unique()].min())
    if smallest < 2:
        raise ValueError("labels: wanted at least two pictures in each class, got a class with one")
    cut = StratifiedKFold(min(FOLDS, smallest), shuffle=True, random_state=seed)
    left_out = []
    for _, test in cut.split(np.zeros(len(labels)), labels.numpy()):
        left_out.append(torch.zeros(len(labels), dtype=torch.bool))
        left_out[-1][torch.from_numpy(test)] = True
    return left_out


@dataclass(frozen=True)
class Scored:
    """What one pool answers on pictures that it was not trained on.

    Args:
        pool: its name.
        guesses: (n,), the class that each picture got while it was left out.
        right: (n,), whether that is true.
        weights: (n, N), where attention looked in each while it was left out; None for pools without.
        head: trained on all pictures.
    """

    pool: str
    guesses: Tensor
    right: Tensor
    weights: Tensor | None
    head: Head

    @property
    def accuracy(self) -> float:
        """The share of pictures that are right."""
        return self.right.float().mean().item()

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, Wilson's, over pictures."""
        found = binomtest(int(self.right.sum()), len(self.right)).proportion_ci(method="wilson")
        return found.low, found.high


def compare(
    tokens: Tensor,
    labels: Sequence[int],
    *,
    classes: int,
    pools: Sequence[str] = POOLS,
    progress: bool = True,
    name: str = "heads",
) -> list[Scored]:
    """Cross-validate the pools on the same folds, and train each on everything.

    Args:
        tokens: (n, 1 + N, D).
        labels: the class of each picture.
        classes: K.
        pools: which to compare.
        progress: whether to show a bar.
        name: what the bar is called.
    """
    known = torch.as_tensor(labels)
    sets = torch.eye(len(folds(known)) + 1, dtype=torch.bool)  # of pictures: each fold's, and all
    many = sum(2 * len(beside_each_other(pool, sets)) for pool in pools)  # for the decay, and then the heads
    with tqdm(total=many * STEPS, desc=name, unit="step", disable=not progress) as bar:
        return [cross_validated(pool, tokens, known, classes=classes, bar=bar) for pool in pools]


def cross_validated(
    pool: str, tokens: Tensor, labels: Tensor, *, classes: int, bar: tqdm | None = None
) -> Scored:
    """One pool on pictures left out, each fold with a decay of its own; and the head trained on all."""
    left_out = folds(labels)
    training = [~one for one in left_out] + [torch.ones(len(labels), dtype=torch.bool)]
    chosen = choose_decays(pool, tokens, labels, classes=classes, training=training, bar=bar)
    heads = fit(pool, tokens, labels, classes=classes, training=torch.stack(training), decays=chosen, bar=bar)
    guesses = torch.empty(len(labels), dtype=torch.long)
    looked = torch.empty(len(labels), tokens.shape[1] - 1)
    with torch.no_grad():
        for head, test in zip(heads, left_out, strict=False):
            guesses[test] = head(tokens[test]).argmax(dim=-1)
            looked[test] = head.weights(tokens[test])
    seen = looked if pool == ATTENTION else None
    return Scored(pool, guesses, guesses == labels, seen, heads[-1])


def choose_decays(
    pool: str,
    tokens: Tensor,
    labels: Tensor,
    *,
    classes: int,
    training: Sequence[Tensor],
    bar: tqdm | None = None,
) -> list[float]:
    """For each set of training pictures the decay with the smallest loss on a part of it held back.

    Of equals the largest.
    """
    held = []
    for known in training:
        part = torch.zeros_like(known)
        part[known] = folds(labels[known], seed=1)[0]
        held.append(part)
    remaining = torch.stack([known & ~part for known, part in zip(training, held, strict=True)])
    each = remaining.repeat_interleave(len(DECAYS), dim=0)
    tried = list(DECAYS) * len(training)
    heads = fit(pool, tokens, labels, classes=classes, training=each, decays=tried, bar=bar)
    best = []
    for index, part in enumerate(held):
        some = heads[index * len(DECAYS) : (index + 1) * len(DECAYS)]
        with torch.no_grad():
            losses = [F.cross_entropy(head(tokens[part]), labels[part]).item() for head in some]
        best.append(max(DECAYS, key=lambda decay, losses=losses: (-losses[DECAYS.index(decay)], decay)))
    return best


def difference(one: Scored, other: Scored) -> tuple[float, float, float]:
    """One accuracy minus the other, with its 95 % interval: Student's t over pictures, pair by pair."""
    each = one.right.double() - other.right.double()
    if (each == each[0]).all():
        return each[0].item(), each[0].item(), each[0].item()
    found = ttest_1samp(each.numpy(), 0.0).confidence_interval(0.95)
    return each.mean().item(), found.low, found.high
