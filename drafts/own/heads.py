"""Does attention help on *these* pictures? Four ways to pool frozen tokens, compared on pictures left out.

Each head pools the tokens of a picture to one vector and reads the class from it by one linear layer. They
differ in the pooling alone: a learned query that attends to the patches, the transformer's class token, the
mean of the patches, their largest values. All are trained alike; how strongly the weights are held small is
chosen for each by the same rule, on pictures that are neither for training nor for the score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import binomtest, ttest_1samp
from sklearn.model_selection import StratifiedKFold
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from visual_attention.mechanisms.inputs import require_tokens
from visual_attention.training import seeded

ATTENTION = "attention pool"
POOLS = (ATTENTION, "class token", "mean of patches", "max of patches")
DECAYS = (0.01, 0.1, 1.0, 10.0)  # how strongly the linear weights are held small
STEPS, RATE = 120, 0.02
FOLDS = 5


class Head(nn.Module):
    """Pool the tokens of a picture and read the class.

    Args:
        pool: one of POOLS.
        dim: D, numbers of a token.
        classes: K.

    Shape:
        (B, 1 + N, D), the class token first -> scores (B, K).

    Raises:
        ValueError: if there is no such pool.
    """

    def __init__(self, pool: str, *, dim: int, classes: int):
        super().__init__()
        if pool not in POOLS:
            raise ValueError(f"pool: wanted one of {', '.join(POOLS)}; got {pool!r}")
        self.pool, self.dim = pool, dim
        self.query = nn.Parameter(torch.zeros(dim), requires_grad=pool == ATTENTION)
        self.linear = nn.Linear(dim, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.register_buffer("center", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(dim))

    def settle(self, tokens: Tensor) -> None:
        """Take the mean and the spread of each number of the tokens that are pooled from training."""
        seen = tokens[:, :1] if self.pool == "class token" else tokens[:, 1:]
        if self.pool == "max of patches":
            seen = seen.amax(dim=1, keepdim=True)
        self.center = seen.flatten(0, 1).mean(dim=0)
        self.spread = seen.flatten(0, 1).std(dim=0, unbiased=False).clamp(min=1e-3)

    def weights(self, tokens: Tensor) -> Tensor:
        """The share of each patch, (B, N): non-negative, sums to 1. A query of zeros is the mean."""
        require_tokens(tokens, dim=self.dim)
        return self.shares(self.patches(tokens))

    def shares(self, patches: Tensor) -> Tensor:
        """The share of each of the standardised patches (B, N, D): (B, N)."""
        return torch.softmax(patches @ self.query / self.dim**0.5, dim=-1)

    def attend(self, patches: Tensor) -> Tensor:
        """Standardised patches (B, N, D), summed by their shares: (B, D)."""
        return (self.shares(patches)[:, None] @ patches)[:, 0]

    def pooled(self, tokens: Tensor) -> Tensor:
        """One vector a picture, (B, D)."""
        if self.pool == ATTENTION:
            return self.attend(self.patches(tokens))
        if self.pool == "class token":
            return (tokens[:, 0] - self.center) / self.spread
        if self.pool == "max of patches":
            return (tokens[:, 1:].amax(dim=1) - self.center) / self.spread
        return self.patches(tokens).mean(dim=1)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.linear(self.pooled(tokens))

    def patches(self, tokens: Tensor) -> Tensor:
        """The patches' tokens, each number with the mean and spread of training taken out, (B, N, D)."""
        return (tokens[:, 1:] - self.center) / self.spread


def fit(pool: str, tokens: Tensor, labels: Tensor, *, classes: int, decay: float) -> Head:
    """Train one head on all given pictures, the same steps for each pool.

    Args:
        pool: one of POOLS.
        tokens: (n, 1 + N, D).
        labels: (n,), indices of classes.
        classes: K.
        decay: AdamW's weight decay on the linear weights.
    """
    with seeded(0):
        head = Head(pool, dim=tokens.shape[-1], classes=classes)
    head.settle(tokens)
    groups = [{"params": [head.linear.weight], "weight_decay": decay}, {"params": [head.linear.bias]}]
    with torch.no_grad():  # what does not learn is computed once
        given = head.patches(tokens) if pool == ATTENTION else head.pooled(tokens)
    if pool == ATTENTION:
        groups.append({"params": [head.query]})
    optimizer = torch.optim.AdamW(groups, lr=RATE, weight_decay=0.0)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        vectors = head.attend(given) if pool == ATTENTION else given
        F.cross_entropy(head.linear(vectors), labels).backward()
        optimizer.step()
    return head.eval()


def folds(labels: Sequence[int], *, seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Five pairs of (training, left out), or as many as the smallest class has pictures."""
    labels = np.asarray(labels)
    many = min(FOLDS, int(np.bincount(labels).min()))
    if many < 2:
        raise ValueError("labels: wanted at least two pictures in each class, got a class with one")
    parts = StratifiedKFold(many, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
    return [(torch.from_numpy(train), torch.from_numpy(test)) for train, test in parts]


def choose_decay(pool: str, tokens: Tensor, labels: Tensor, *, classes: int) -> float:
    """The decay with the smallest loss on a part of the training pictures, the largest of equals."""
    train, held = folds(labels.tolist(), seed=1)[0]
    losses = {}
    for decay in DECAYS:
        head = fit(pool, tokens[train], labels[train], classes=classes, decay=decay)
        with torch.no_grad():
            losses[decay] = F.cross_entropy(head(tokens[held]), labels[held]).item()
    return min(reversed(DECAYS), key=losses.__getitem__)


@dataclass(frozen=True)
class Scored:
    """What one pool answers on pictures that it was not trained on.

    Args:
        pool: its name.
        guesses: (n,), the class that each picture got while it was left out.
        right: (n,), whether that is true.
        weights: (n, N), where attention looked in each; None for pools without.
    """

    pool: str
    guesses: Tensor
    right: Tensor
    weights: Tensor | None

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
) -> list[Scored]:
    """Cross-validate the pools on the same folds.

    Args:
        tokens: (n, 1 + N, D).
        labels: the class of each picture.
        classes: K.
        pools: which to compare.
        progress: whether to show a bar.
    """
    known = torch.as_tensor(labels)
    parts = folds(labels)
    results = []
    with tqdm(total=len(parts) * len(pools), desc="heads", unit="head", disable=not progress) as bar:
        for pool in pools:
            guesses = torch.empty(len(known), dtype=torch.long)
            looked = torch.empty(len(known), tokens.shape[1] - 1)
            for train, test in parts:
                decay = choose_decay(pool, tokens[train], known[train], classes=classes)
                head = fit(pool, tokens[train], known[train], classes=classes, decay=decay)
                with torch.no_grad():
                    guesses[test] = head(tokens[test]).argmax(dim=-1)
                    looked[test] = head.weights(tokens[test])
                bar.update()
            results.append(Scored(pool, guesses, guesses == known, looked if pool == ATTENTION else None))
    return results


def difference(one: Scored, other: Scored) -> tuple[float, float, float]:
    """One accuracy minus the other, with its 95 % interval: Student's t over pictures, pair by pair."""
    each = one.right.double() - other.right.double()
    if (each == each[0]).all():
        return each[0].item(), each[0].item(), each[0].item()
    found = ttest_1samp(each.numpy(), 0.0).confidence_interval(0.95)
    return each.mean().item(), found.low, found.high
