"""How much of a real transformer's attention goes elsewhere when something is left out?

The stored maps of the pretrained transformer hold weights, no queries and keys. So nothing is attended anew:
each way gets the best that it could do on the maps as they are, and the loss is a lower bound. What is lost
is the share of the weight that then lies on other patches, half the sum of all differences of a row.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.stored_maps
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.cost.compressed import Merged
from visual_attention.chapters.cost.local import CrissCross, Local, Windows
from visual_attention.data import packs

SHARES = (0.75, 0.5, 0.25, 0.125, 0.0625)  # of the keys that are kept, or of the rank
MATCHING = 1 / 8  # what seeking the most alike adds: half of the tokens against the other half, once


class Loss(NamedTuple):
    """One way on one map: its family, multiplications as a share of the whole, weight that goes elsewhere."""

    family: str
    cost: float
    moved: float


def last_layer(name: str) -> Tensor:
    """What each of 16 x 16 patches takes from each, in six heads of the last layer: (6, 256, 256)."""
    return _shares(packs.load(name).patch_attention)


def all_layers(name: str) -> Tensor:
    """The same for 12 x 12 patches in all layers: (12, 6, 144, 144)."""
    return _shares(packs.load(name).layers)


def _shares(weights: Tensor) -> Tensor:
    """Without what went to the class token, each row sums to 1 again."""
    return weights / weights.sum(dim=-1, keepdim=True)


def moved(weights: Tensor, others: Tensor) -> float:
    """The share of the weight that lies elsewhere: 0 if the two agree, 1 if they share no place."""
    return (weights - others).abs().sum(dim=-1).mean().item() / 2


def forbid(weights: Tensor, allowed: Tensor) -> Tensor:
    """The weights with only the allowed places left, shared out anew."""
    left = weights.masked_fill(~allowed, 0.0)
    return left / left.sum(dim=-1, keepdim=True).clamp(min=1e-9)


def merge(weights: Tensor, home: Tensor) -> Tensor:
    """The weights with all members of a merged patch given the same: home (N,) is where each is merged."""
    together = F.one_hot(home, len(home)).to(weights.dtype)  # (member, home)
    together = together / together.sum(dim=0).clamp(min=1)
    return (weights @ together).index_select(-1, home)


def keep(weights: Tensor, count: int, order: Tensor) -> Tensor:
    """The weights on the `count` places that come first in the order, (..., N), shared out anew."""
    allowed = torch.zeros(order.shape, dtype=torch.bool).scatter(-1, order[..., :count], True)
    return forbid(weights, allowed.unsqueeze(-2))


def of_rank(weights: Tensor, ranks: Sequence[int]) -> list[Tensor]:
    """The nearest matrices whose rows mix so many patterns: no linear attention of that width comes nearer.

    Nearest in squared differences, by Eckart and Young; entries may fall a little below 0.
    """
    left, size, right = torch.linalg.svd(weights, full_matrices=False)
    return [(left[..., :r] * size[..., None, :r]) @ right[..., :r, :] for r in ranks]


def shuffled(weights: Tensor) -> Tensor:
    """The same numbers in each row, in an order of its own: what is left is that rows are uneven.

    The control for `of_rank`: if few patterns were enough here, too, then any uneven rows would do.
    """
    order = torch.rand(weights.shape, generator=torch.Generator().manual_seed(0)).argsort(dim=-1)
    return weights.gather(-1, order)


def likeness(name: str, side: int) -> Tensor:
    """What stands in for the keys where patches are merged: three components of the features, (1, N, 3)."""
    features = packs.load(name).features_pca.permute(2, 0, 1)  # (3, 32, 32)
    small = F.adaptive_avg_pool2d(features, side).flatten(1).T
    return (small - small.mean(dim=0)).unsqueeze(0)


def losses(weights: Tensor, features: Tensor) -> list[Loss]:
    """All ways on the heads of one layer, (h, N, N), with the features (1, N, 3) that say what is alike."""
    count = weights.shape[-1]
    side = int(count**0.5)
    places: list[tuple[str, Local]] = [("criss-cross", CrissCross(side))]
    places += [("windows", Windows(side, window=w)) for w in range(2, side) if side % w == 0]
    found = [
        Loss(family, way.allowed().sum().item() / count**2, moved(weights, forbid(weights, way.allowed())))
        for family, way in places
    ]
    found.append(Loss("all alike", 1 / 2, moved(weights, torch.full_like(weights, 1 / count))))
    received = weights.mean(dim=-2).argsort(dim=-1, descending=True)
    chance = torch.rand(received.shape, generator=torch.Generator().manual_seed(0)).argsort(dim=-1)
    counts = [round(share * count) for share in SHARES]
    mixed = shuffled(weights)
    ranked = zip(SHARES, counts, of_rank(weights, counts), of_rank(mixed, counts), strict=True)
    for share, left, low_rank, control in ranked:
        found.append(Loss("dropped, the best kept", share, moved(weights, keep(weights, left, received))))
        found.append(Loss("dropped at random", share, moved(weights, keep(weights, left, chance))))
        found.append(Loss("linear at its best", share, moved(weights, low_rank)))
        found.append(Loss("linear, rows shuffled", share, moved(mixed, control)))
        if share >= 0.5:
            home = Merged(left).home(features)[0]
            found.append(Loss("merged", share + MATCHING, moved(weights, merge(weights, home))))
    return found


def main() -> None:
    name = "cat"
    for loss in sorted(losses(last_layer(name), likeness(name, 16)), key=lambda loss: loss[:2]):
        print(f"{loss.family:24} {loss.cost:6.1%} of the multiplications, {loss.moved:6.1%} goes elsewhere")


if __name__ == "__main__":
    main()
