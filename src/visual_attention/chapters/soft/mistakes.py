"""What is right in the exercises on soft attention, and plausible mistakes: feedback -> the function that makes it."""

import math

import torch
from torch import Tensor

PLACES, ALL = (2, 3), (1, 2, 3)


def softmax(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """The softmax over the places of each image."""
    return (scores / temperature).flatten(1).softmax(1).view_as(scores)


def pool(features: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum over the places."""
    return (features * weights).sum(PLACES)


def effective(weights: Tensor) -> Tensor:
    """The effective number of places."""
    return entropy(weights).exp()


def entropy(weights: Tensor) -> Tensor:
    """The entropy of each image's weights, with 0 ln 0 = 0."""
    return -torch.xlogy(weights, weights).sum(ALL)


def masked(scores: Tensor, mask: Tensor, fill: float | None = None) -> Tensor:
    """The softmax over the places where the mask is True, 0 elsewhere."""
    fill = torch.finfo(scores.dtype).min if fill is None else fill
    return softmax(scores.masked_fill(~mask, fill)).masked_fill(~mask, 0)


def of_hot(function):
    """A mistake in the softmax itself, at any temperature."""
    return lambda s, t=1.0: function(s / t)


def stable(s: Tensor) -> Tensor:
    return (s - s.amax(ALL, keepdim=True)).exp()


SOFTMAX = {
    "All weights are 1: a softmax over dim=1, where there is but one entry to share among.": of_hot(
        torch.ones_like
    ),
    "Each row sums to 1, not each image: a softmax over the last axis only.": of_hot(lambda s: s.softmax(3)),
    "Each column sums to 1, not each image: a softmax over dim=2 only.": of_hot(lambda s: s.softmax(2)),
    "The images share one budget: a softmax over the whole batch. Each image has its own.": of_hot(
        lambda s: s.flatten().softmax(0).view_as(s)
    ),
    "The images share each place: a softmax over dim=0.": of_hot(lambda s: s.softmax(0)),
    "That is a sigmoid: each weight lies in (0, 1), but they do not compete for a sum of 1.": of_hot(
        torch.sigmoid
    ),
    "You exponentiate but do not divide by the sum.": of_hot(torch.exp),
    "You divide by the largest exponential, not by the sum.": of_hot(stable),
    "That is the logarithm of the weights: a log-softmax.": of_hot(lambda s: softmax(s).log()),
    "You divide by the sum without exponentials: scores below 0 become negative weights.": of_hot(
        lambda s: s / s.sum(PLACES, keepdim=True)
    ),
    "All places weigh the same, whatever their scores.": of_hot(
        lambda s: torch.full_like(s, 1 / s[0].numel())
    ),
    "The largest score wins and the rest get nothing: that is an argmax, the hard choice.": of_hot(
        lambda s: (s == s.amax(PLACES, keepdim=True)).to(s.dtype)
    ),
    "The temperature changes nothing: divide the scores by it. (What is added to all scores leaves a softmax as "
    "it is.)": lambda s, t=1.0: softmax(s),
    "You multiply by the temperature: divide, so that heat spreads the weights.": lambda s, t=1.0: softmax(
        s * t
    ),
    "You divide the weights by the temperature: divide the scores, before the softmax.": lambda s, t=1.0: (
        softmax(s) / t
    ),
    "`exp` overflows where scores are large: subtract each image's largest score first, or let torch's `softmax` "
    "do it.": of_hot(lambda s: s.exp() / s.exp().sum(PLACES, keepdim=True)),
    "You subtract the largest score of the whole batch: each image's own, or nothing is left of the others.": of_hot(
        lambda s: (e := (s - s.max()).exp()) / e.sum(PLACES, keepdim=True)
    ),
}

POOL = {
    "You multiply but do not sum: there is still a value for each place.": lambda f, w: f * w,
    "You summed over the channels: sum over the places and keep the channels.": lambda f, w: (f * w).sum(1),
    "That is the mean over the places, not the sum: the weights already share out the budget.": lambda f, w: (
        f * w
    ).mean(PLACES),
    "That is average pooling: the weights are not used.": lambda f, w: f.mean(PLACES),
    "That is the plain sum of the features: the weights are not used.": lambda f, w: f.sum(PLACES),
    "A second softmax: the weights come ready, do not put them through another.": lambda f, w: (
        f * softmax(w)
    ).sum(PLACES),
    "You divide by the sum of the weights: use them as they come.": lambda f, w: (
        (f * w).sum(PLACES) / w.sum(PLACES)
    ),
    "That is the largest weighted feature: max pooling. Sum instead.": lambda f, w: (f * w).amax(PLACES),
    "All images use the batch's mean weights.": lambda f, w: (f * w.mean(0)).sum(PLACES),
    "You add the weights to the features: multiply.": lambda f, w: (f + w).sum(PLACES),
    "Features and weights are out of step: a `reshape` to (B, H*W, C) scrambles the axes; `flatten` and "
    "`transpose` keep them.": lambda f, w: (
        f.reshape(len(f), -1, f.shape[1]) * w.flatten(2).transpose(1, 2)
    ).sum(1),
}

COUNT = {
    "NaN: to the computer, `0 * log(0)` is NaN. Make it 0, for instance with `torch.xlogy`.": lambda w: (
        (w * w.log()).sum(ALL).neg().exp()
    ),
    "That is the entropy itself: take its exponential.": entropy,
    "That is the entropy in bits: take the natural logarithm, and then the exponential.": lambda w: (
        entropy(w) / math.log(2)
    ),
    "The sign is lost: the entropy is *minus* the sum.": lambda w: (-entropy(w)).exp(),
    "Logarithm to base 2, exponential to base e: both must have the same base.": lambda w: (
        entropy(w) / math.log(2)
    ).exp(),
    "That uses the mean over the places, not the sum.": lambda w: (entropy(w) / w[0].numel()).exp(),
    "That is 1 over the sum of squares: another good count, but not the one asked for.": lambda w: (
        1 / w.square().sum(ALL)
    ),
    "That is 1 over the largest weight: the other weights do not count.": lambda w: 1 / w.amax(ALL),
    "You normalise again: the weights come ready, take no softmax of them.": lambda w: effective(softmax(w)),
    "That is the entropy over its largest value: a share, not a number of places.": lambda w: (
        entropy(w) / math.log(w[0].numel())
    ),
    "That counts each place whose weight is not 0, however small.": lambda w: (w > 0).sum(ALL).float(),
    "That counts all places, whatever their weight.": lambda w: torch.full_like(entropy(w), w[0].numel()),
}

MASKED = {
    "The mask is not used: forbidden places get weight.": lambda s, m: softmax(s),
    "The mask is upside down: `True` is where looking is allowed.": lambda s, m: masked(s, ~m),
    "The weights no longer sum to 1: you mask after the softmax.": lambda s, m: softmax(s) * m,
    "Forbidden scores become 0, and exp(0) is 1: a score of 0 still gets weight.": lambda s, m: softmax(
        s * m
    ),
    "Scores become 0 at forbidden places, take part in the softmax, and are then cut out.": lambda s, m: (
        softmax(s * m) * m
    ),
    "You add the mask to the scores as 0 or 1: forbidden places still get weight.": lambda s, m: softmax(
        s + m
    ),
    "Each row sums to 1, not each image: a softmax over the last axis only.": lambda s, m: (
        s.masked_fill(~m, -1e30).softmax(3) * m
    ),
    "All allowed places weigh the same: the scores are not used.": (
        lambda s, m: m / m.sum(PLACES, keepdim=True),
        lambda s, m: m / m.sum(PLACES, keepdim=True).clamp(min=1),
    ),
    "That is a sigmoid of the allowed scores: they do not compete for a sum of 1.": lambda s, m: (
        s.sigmoid() * m
    ),
    "Forbidden places win where allowed scores are very low: the value that you fill in is not low enough.": (
        lambda s, m: masked(s, m, -100.0),
        lambda s, m: softmax(s.masked_fill(~m, -100.0)) * m.any(3, keepdim=True).any(2, keepdim=True),
        lambda s, m: softmax(s.masked_fill(~m, -100.0)),
    ),
    "Nothing is left to share: `exp` of a very low score is 0. Subtract each image's largest allowed score first.": (
        lambda s, m: (e := torch.where(m, s, 0).exp() * m) / e.sum(PLACES, keepdim=True).clamp(1e-30)
    ),
    "Forbid before the softmax: where a forbidden score is large, nothing is left to share out afterwards.": (
        lambda s, m: (e := softmax(s) * m) / e.sum(PLACES, keepdim=True).clamp(1e-30)
    ),
    "Your weights are NaN (0 / 0, or a softmax of -inf alone): make them 0.": lambda s, m: masked(
        s, m, -math.inf
    ).masked_fill(~m.any(3, keepdim=True).any(2, keepdim=True), math.nan),
    "Your weights still sum to 1, on forbidden places: make them 0.": lambda s, m: softmax(
        s.masked_fill(~m, torch.finfo(s.dtype).min)
    ),
}

ASKED_SIZES = ((2, 5, 3, 7, 4, 3, 2), (1, 3, 5, 2, 2, 7, 4))


def asked_of(check, b: int, c: int, h: int, w: int, q: int, d: int, v: int, *, seed: int) -> tuple:
    """Features, a query and three matrices at random."""
    sizes = ((b, c, h, w), (b, q), (q, d), (c, d), (c, v))
    return tuple(check.random(*size, seed=10 * seed + place) for place, size in enumerate(sizes))


def in_query_shape(b: int, c: int, h: int, w: int, d: int, v: int) -> dict:
    """Wrong shapes of a query's answer."""
    return {
        (b, d): "It has the width of the keys: keys only make the scores; what is summed are the values.",
        (b, c): "It has the width of the features: sum the values, `features @ to_value` at each place.",
        (b, h * w): "Those look like weights, one a place: multiply the values by them and sum.",
        (b, 1, h, w): "Those look like weights, one a place: multiply the values by them and sum.",
        (b, h * w, v): "You weigh the values but do not sum them over the places.",
        (b, v, h, w): "You weigh the values but do not sum them over the places.",
        (b, 1, v): "The values may be right, but an axis of size 1 remains.",
        (b, v, 1): "The values may be right, but an axis of size 1 remains.",
        (v,): "The batch axis is lost: a sum over the batch, or a `squeeze` that also takes a batch of 1.",
    }


def in_query(inputs: list[tuple]) -> dict:
    """Wrong answers to the query for each of the inputs."""

    def each(weigh, total=lambda weights, values: (weights[..., None] * values).sum(1)):
        """`weigh` makes weights of undivided scores, d, query and keys; `total` an answer of the weights."""
        results = []
        for features, query, to_query, to_key, to_value in inputs:
            places = features.flatten(2).transpose(1, 2)  # (B, N, C)
            keys, q = places @ to_key, query @ to_query
            raw = (keys @ q[:, :, None])[..., 0]  # (B, N)
            results.append(total(weigh(raw, keys.shape[-1], q, keys), places @ to_value))
        return results

    def right(raw, d, q, keys):
        return (raw / d**0.5).softmax(1)

    def scrambled(features, query, to_query, to_key, to_value):
        places = features.reshape(len(features), -1, features.shape[1])
        raw = (places @ to_key @ (query @ to_query)[:, :, None])[..., 0]
        weights = (raw / to_key.shape[1] ** 0.5).softmax(1)
        return (weights[..., None] * (places @ to_value)).sum(1)

    return {
        "The scores are not divided by the square root of d.": each(lambda raw, d, q, k: raw.softmax(1)),
        "You divide by d: divide by its square root.": each(lambda raw, d, q, k: (raw / d).softmax(1)),
        "You multiply by the square root of d: divide.": each(lambda raw, d, q, k: (raw * d**0.5).softmax(1)),
        "You divide by the square root of C: d is the width of the keys.": [
            each(lambda raw, d, q, k, c=given[0].shape[1]: (raw / c**0.5).softmax(1))[place]
            for place, given in enumerate(inputs)
        ],
        "The query is not heard: the scores come from the keys alone.": each(
            lambda raw, d, q, k: (k.sum(-1) / d**0.5).softmax(1)
        ),
        "All places weigh the same: that is the average of the values.": each(
            lambda raw, d, q, k: torch.full_like(raw, 1 / raw.shape[1])
        ),
        "The weights are sigmoids: they do not compete for a sum of 1.": each(
            lambda raw, d, q, k: (raw / d**0.5).sigmoid()
        ),
        "You exponentiate but do not divide by the sum.": each(lambda raw, d, q, k: (raw / d**0.5).exp()),
        "You take the mean over the places: the weights already share out a budget of 1.": each(
            right, lambda weights, values: (weights[..., None] * values).mean(1)
        ),
        "The softmax runs over the batch: each picture has its own budget.": each(
            lambda raw, d, q, k: (raw / d**0.5).softmax(0)
        ),
        "The pictures share one budget: a softmax over the whole batch.": each(
            lambda raw, d, q, k: (raw / d**0.5).flatten().softmax(0).view_as(raw)
        ),
        "All pictures use the query of the first one.": each(
            lambda raw, d, q, k: ((k @ q[0]) / d**0.5).softmax(1)
        ),
        "Only the best place counts: that is an argmax, through which no query can learn.": each(
            lambda raw, d, q, k: torch.nn.functional.one_hot(raw.argmax(1), raw.shape[1]).to(raw.dtype)
        ),
        "Places that do not fit the query win: there is a minus before the scores.": each(
            lambda raw, d, q, k: (-raw / d**0.5).softmax(1)
        ),
        "Features and places are out of step: a `reshape` to (B, H*W, C) scrambles the axes; `flatten` and "
        "`transpose` keep them.": [scrambled(*given) for given in inputs],
    }
