"""What is right in the exercises on segmentation, and plausible mistakes: feedback -> the function."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

PIXELS = (1, 2, 3)
Mistakes = dict[str, Callable[..., Tensor]]


def area(masks: Tensor) -> Tensor:
    """How many pixels each mask has, (B,)."""
    return masks.sum(dim=PIXELS).double()


def dice(predicted: Tensor, true: Tensor, *, empty: float = 1.0) -> Tensor:
    """Twice the common area over the sum of both areas."""
    both = area(predicted) + area(true)
    return torch.where(both > 0, 2 * area(predicted & true) / both.clamp(min=1), empty)


def nearly(p, t):
    return (2 * area(p & t) + 1) / (area(p) + area(t) + 1)


DICE = {
    "Two empty masks give NaN, 0 / 0: they agree, so that their score is 1.": lambda p, t: dice(
        p, t, empty=torch.nan
    ),
    "Two empty masks get 0: they agree, so that their score is 1.": lambda p, t: dice(p, t, empty=0.0),
    "That is intersection over union: the sum of both areas counts what they share twice.": lambda p, t: (
        torch.where(area(p | t) > 0, area(p & t) / area(p | t).clamp(min=1), 1.0)
    ),
    "The factor of 2 is lost: two equal masks must get 1.": lambda p, t: torch.where(
        area(p) + area(t) > 0, dice(p, t) / 2, 1.0
    ),
    "That is the share of equal pixels: the background, which is easy, decides it.": lambda p, t: (
        (p == t).double().mean(dim=PIXELS)
    ),
    "That is precision: divide by both areas, not by the predicted one.": lambda p, t: (
        area(p & t) / area(p).clamp(min=1)
    ),
    "That is recall: divide by both areas, not by the true one.": lambda p, t: (
        area(p & t) / area(t).clamp(min=1)
    ),
    "All images got one score: sum over each image alone.": lambda p, t: (
        2 * (p & t).sum() / (p.sum() + t.sum())
    ).expand(len(p)),
    "The common area is not asked for: you add or compare areas only.": lambda p, t: (
        2 * torch.minimum(area(p), area(t)) / (area(p) + area(t)).clamp(min=1)
    ),
    "You use the union where the common area is meant: `&`, not `|`.": lambda p, t: torch.where(
        area(p) + area(t) > 0, 2 * area(p | t) / (area(p) + area(t)).clamp(min=1), 1.0
    ),
    "You smooth by adding 1: that is for losses; here the exact score is asked for.": nearly,
}


def gates(x: Tensor, coarse: Tensor, w_x: Tensor, w_g: Tensor, psi: Tensor) -> Tensor:
    """The gates on the coarse grid, before they are stretched: (B, 1, h, w)."""
    return F.conv2d(added(x, coarse, w_x, w_g).relu(), psi).sigmoid()


def gated(x: Tensor, coarse: Tensor, w_x: Tensor, w_g: Tensor, psi: Tensor) -> Tensor:
    """What is right: x times the stretched gates."""
    return x * stretched(gates(x, coarse, w_x, w_g, psi))


def added(x: Tensor, coarse: Tensor, w_x: Tensor, w_g: Tensor) -> Tensor:
    """Both maps on the coarse grid, added."""
    return F.conv2d(x, w_x, stride=2) + F.conv2d(coarse, w_g)


def stretched(gates: Tensor) -> Tensor:
    """Each coarse gate for 2 x 2 fine places."""
    return F.interpolate(gates, scale_factor=2, mode="nearest")


def multiplied(x, c, w_x, w_g, psi):
    both = F.conv2d(x, w_x, stride=2) * F.conv2d(c, w_g)
    return x * stretched(F.conv2d(both.relu(), psi).sigmoid())


def apart(x, c, w_x, w_g, psi):
    both = F.conv2d(x, w_x, stride=2).relu() + F.conv2d(c, w_g).relu()
    return x * stretched(F.conv2d(both, psi).sigmoid())


def shared(x, *rest):
    scores = F.conv2d(added(x, *rest[:3]).relu(), rest[3])
    return x * stretched(scores.flatten(1).softmax(1).view_as(scores))


def smooth(x, *rest):
    return x * F.interpolate(gates(x, *rest), scale_factor=2, mode="bilinear", align_corners=False)


GATE = {
    "The sigmoid is lost: a gate must lie between 0 and 1.": lambda x, *r: (
        x * stretched(F.conv2d(added(x, *r[:3]).relu(), r[3]))
    ),
    "The ReLU between the sum and `psi` is lost.": lambda x, *r: (
        x * stretched(F.conv2d(added(x, *r[:3]), r[3]).sigmoid())
    ),
    "The coarse map is not asked: add it before the ReLU.": lambda x, c, w_x, w_g, psi: (
        x * stretched(F.conv2d(F.conv2d(x, w_x, stride=2).relu(), psi).sigmoid())
    ),
    "The fine map is not asked: add it before the ReLU.": lambda x, c, w_x, w_g, psi: (
        x * stretched(F.conv2d(F.conv2d(c, w_g).relu(), psi).sigmoid())
    ),
    "You multiply the two maps: this gate adds them.": multiplied,
    "A ReLU on each map before they are added: add first, so that one can cancel the other.": apart,
    "That is a softmax: places share a budget of 1. A sigmoid asks each place alone.": shared,
    "Those are the gates alone, spread over the channels: multiply x by them.": lambda x, *r: stretched(
        gates(x, *r)
    ).expand_as(x),
    "You add x to the gated map: there is no residual here.": lambda x, *r: x + x * stretched(gates(x, *r)),
    "You add the gates to x: multiply.": lambda x, *r: x + stretched(gates(x, *r)),
    "The gates are stretched smoothly (bilinear): `nearest` is asked for.": smooth,
    "The result is x itself: the gates are not applied.": lambda x, *r: x,
    "The gate is turned round: 1 minus the gate lets through what should be shut.": lambda x, *r: (
        x * (1 - stretched(gates(x, *r)))
    ),
}


def channel_attention(x: Tensor, gain: float) -> Tensor:
    """What is right: (B, C, H, W)."""
    return mixed(x, gain)


def mixed(x: Tensor, gain: float, *, power: float = 0.5, axis: int = 2) -> Tensor:
    """The channel attention of the chapter, or one with another scale or another axis of the softmax."""
    maps = x.flatten(2)
    weights = (maps @ maps.mT / maps.shape[2] ** power).softmax(dim=axis)
    return x + gain * (weights @ maps).view_as(x)


def authors(x, gain):
    maps = x.flatten(2)
    scores = maps @ maps.mT / maps.shape[2] ** 0.5
    turned = (scores.amax(dim=2, keepdim=True) - scores).softmax(dim=2)
    return x + gain * (turned @ maps).view_as(x)


def by_channels(x, gain):
    maps = x.flatten(2)
    return x + gain * ((maps @ maps.mT / maps.shape[1] ** 0.5).softmax(dim=2) @ maps).view_as(x)


def places(x, gain):
    maps = x.flatten(2)
    rows = (maps.mT @ maps / maps.shape[1] ** 0.5).softmax(dim=2)  # (B, N, N)
    return x + gain * (maps @ rows.mT).view_as(x)


CHANNELS = {
    "Each column of the weights sums to 1, not each row: softmax over the last axis.": lambda x, g: mixed(
        x, g, axis=1
    ),
    "The images share a budget: a softmax over the batch.": lambda x, g: mixed(x, g, axis=0),
    "The scale is lost: divide the scores by the square root of the number of places.": lambda x, g: mixed(
        x, g, power=0
    ),
    "You divide the scores by the number of places: by its square root.": lambda x, g: mixed(x, g, power=1),
    "You divide by the square root of the number of channels: a score sums over places.": by_channels,
    "The input is lost: add it to the mixture.": lambda x, g: mixed(x, g) - x,
    "The gain is lost.": lambda x, g: mixed(x, 1.0),
    "The gain multiplies the input too: the mixture alone.": lambda x, g: g * mixed(x, 1.0),
    "The mixture is not added: the result is the input.": lambda x, g: x,
    "Places take from places here: the channels must, (B, C, C) weights.": places,
    "The scores are turned round, as in the authors' code: the paper's formula is asked for.": authors,
    "No softmax: the scores themselves are no shares.": lambda x, g: (
        x + g * (x.flatten(2) @ x.flatten(2).mT / x[0, 0].numel() ** 0.5 @ x.flatten(2)).view_as(x)
    ),
}


def shares(found: Tensor, wanted: Tensor, tolerance: float, p: float = 2.0) -> tuple[Tensor, Tensor]:
    """Precision and recall of outlines, (B,) each, by the p-norm of the distance; 0 for an empty one."""
    rows = []
    for mine, yours in zip(found, wanted, strict=True):
        one, other = mine[0].nonzero().double(), yours[0].nonzero().double()
        if len(one) and len(other):
            close = torch.cdist(one, other, p=p) <= tolerance
            rows.append(torch.stack([close.any(1).double().mean(), close.any(0).double().mean()]))
        else:
            rows.append(torch.zeros(2, dtype=torch.float64))
    precision, recall = torch.stack(rows).unbind(1)
    return precision, recall


def outline_score(found: Tensor, wanted: Tensor, tolerance: float) -> Tensor:
    """What is right: (B,)."""
    return harmonic(found, wanted, tolerance)


def harmonic(found: Tensor, wanted: Tensor, tolerance: float, p: float = 2.0) -> Tensor:
    """The F-score of outlines, 1 where there is none in either."""
    precision, recall = shares(found, wanted, tolerance, p)
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return torch.where(area(found) + area(wanted) > 0, score, 1.0)


def neither(score):
    return lambda f, w, t: torch.where(area(f) + area(w) > 0, score(f, w, t), 1.0)


def diagonal(f, w, t):
    return harmonic(f, w, t * (f.shape[2] ** 2 + f.shape[3] ** 2) ** 0.5)


def whole(f, w, t):
    precision, recall = shares(f, w, t)
    hits, missed = precision * area(f), area(w) - recall * area(w)
    return 2 * hits / (2 * hits + (area(f) - hits) + missed).clamp(min=1)


OUTLINE = {
    "Two empty outlines get 0: they agree, so that their score is 1.": lambda f, w, t: torch.where(
        area(f) + area(w) > 0, harmonic(f, w, t), 0.0
    ),
    "NaN: 0 / 0 where an outline is empty. Two empty ones get 1, one empty one 0.": lambda f, w, t: (
        torch.where((area(f) > 0) & (area(w) > 0), harmonic(f, w, t), torch.nan)
    ),
    "That is precision: recall belongs to it.": neither(lambda f, w, t: shares(f, w, t)[0]),
    "That is recall: precision belongs to it.": neither(lambda f, w, t: shares(f, w, t)[1]),
    "That is the plain mean of precision and recall: the harmonic one is asked for.": neither(
        lambda f, w, t: sum(shares(f, w, t)) / 2
    ),
    "That is precision times recall: the harmonic mean is asked for.": neither(
        lambda f, w, t: shares(f, w, t)[0] * shares(f, w, t)[1]
    ),
    "The tolerance is not used: a pixel may be off by it.": lambda f, w, t: harmonic(f, w, 0.0),
    "The tolerance is taken as a share of the picture's diagonal: it counts pixels.": diagonal,
    "The tolerance is doubled: both outlines are widened. Widen one at a time.": lambda f, w, t: harmonic(
        f, w, 2 * t
    ),
    "Diagonal steps count as 1: the larger of both differences is not the distance.": lambda f, w, t: (
        harmonic(f, w, t, p=torch.inf)
    ),
    "Diagonal steps count as 2: the sum of both differences is not the distance.": lambda f, w, t: harmonic(
        f, w, t, p=1.0
    ),
    "A pixel at just the tolerance counts as too far: up to and including it is meant.": lambda f, w, t: (
        harmonic(f, w, t - 1e-06)
    ),
    "You count the hits of one outline for both: precision and recall have hits of their own.": neither(
        whole
    ),
}
