"""What is right in the exercises on looks and cuts, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor


def forbidden(weights: Tensor, keys: Tensor) -> Tensor:
    """Weights with nothing on forbidden keys, each row brought back to 1, or all 0 where nothing is left."""
    left = weights * ~keys[:, None]
    total = left.sum(-1, keepdim=True)
    return torch.where(total > 0, left / torch.where(total > 0, total, 1.0), 0.0)


def not_back(w, k):
    return w * ~k[:, None]


def spread(w, k):
    """What was taken goes to the allowed keys in equal parts."""
    left = w * ~k[:, None]
    return left + (1 - left.sum(-1, keepdim=True)) * (~k[:, None]) / (~k[:, None]).sum(-1, keepdim=True)


def whole(w, k):
    left = w * ~k[:, None]
    return left / left.sum((1, 2), keepdim=True) * w.shape[1]


FORBIDDEN = {
    "The rows are not brought back to a sum of 1.": not_back,
    "Forbidden and allowed keys have changed places.": lambda w, k: forbidden(w, ~k),
    "A row of which nothing is left becomes NaN, 0 / 0: it should be 0 everywhere.": lambda w, k: (
        not_back(w, k) / not_back(w, k).sum(-1, keepdim=True)
    ),
    "What was taken away goes to the other keys in equal parts: their shares should keep their ratios.": spread,
    "All rows of an image share one sum: each row is brought back to 1 by itself.": whole,
    "You take a softmax again, over 0 for forbidden keys: they get weight, and the ratios change.": lambda w, k: (
        not_back(w, k).softmax(-1)
    ),
    "You take a softmax of weights over the allowed keys: weights are no scores, the ratios change.": lambda w, k: (
        torch.nan_to_num(w.masked_fill(k[:, None], -torch.inf).softmax(-1))
    ),
    "The weights are as they came: nothing is forbidden.": lambda w, k: w,
    "The columns are brought back to 1, not the rows: the keys lie along the last axis.": lambda w, k: (
        torch.nan_to_num(not_back(w, k) / not_back(w, k).sum(1, keepdim=True))
    ),
    "All images have the forbidden keys of the first one.": lambda w, k: forbidden(w, k[:1].expand_as(k)),
    "A key that any image forbids is forbidden in all of them.": lambda w, k: forbidden(
        w, k.any(0, keepdim=True).expand_as(k)
    ),
    "A small number in the divisor makes each row a little less than 1.": lambda w, k: (
        not_back(w, k) / (not_back(w, k).sum(-1, keepdim=True) + 1e-2)
    ),
}


def looks(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """What a query gets from all places: (B, E)."""
    return mixed(query, keys, values, query.shape[-1] ** 0.5)


def mixed(query: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """The look with another divisor."""
    weights = ((keys @ query[:, :, None]) / scale).softmax(dim=1)  # (B, N, 1)
    return (weights * values).sum(1)


def scores(q: Tensor, k: Tensor) -> Tensor:
    return (k @ q[:, :, None])[..., 0] / q.shape[-1] ** 0.5


def hard(q, k, v):
    best = scores(q, k).argmax(1)
    return v[torch.arange(len(v)), best]


LOOKS = {
    "The scores are not divided by the square root of D.": lambda q, k, v: mixed(q, k, v, 1.0),
    "You divide by D: by its square root.": lambda q, k, v: mixed(q, k, v, q.shape[-1]),
    "You divide by the square root of the number of places: of D, what a score sums over.": lambda q, k, v: (
        mixed(q, k, v, k.shape[1] ** 0.5)
    ),
    "No softmax: the scores themselves are no shares.": lambda q, k, v: (scores(q, k)[..., None] * v).sum(1),
    "The softmax runs over the images: over the places of each image.": lambda q, k, v: (
        scores(q, k).softmax(0)[..., None] * v
    ).sum(1),
    "You average the weighted values once more: sum them, the weights sum to 1 already.": lambda q, k, v: (
        scores(q, k).softmax(1)[..., None] * v
    ).mean(1),
    "All places weigh alike: the query is not asked.": lambda q, k, v: v.mean(1) + 0 * q.sum() + 0 * k.sum(),
    "That is the value of the best place alone: a softmax takes a share of each.": hard,
    "A sigmoid asks each place alone: places compete, by a softmax.": lambda q, k, v: (
        scores(q, k).sigmoid()[..., None] * v
    ).sum(1),
    "The sign is turned round: a place like the query should weigh most.": lambda q, k, v: looks(-q, k, v),
    "Places are compared by distance, not by a dot product.": lambda q, k, v: (
        (-(k - q[:, None]).square().sum(-1) / q.shape[-1] ** 0.5).softmax(1)[..., None] * v
    ).sum(1),
    "The images of the batch are mixed: each query asks the places of its own image.": lambda q, k, v: looks(
        q.roll(1, 0), k, v
    ),
}
