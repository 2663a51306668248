"""What plausible wrong answers to the exercises on soft attention give: feedback -> result."""

import math

import torch

PLACES = (2, 3)


def softmax(scores: torch.Tensor) -> torch.Tensor:
    """The softmax over the places of each image."""
    return scores.flatten(1).softmax(1).view_as(scores)


def masked(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The softmax over the places where the mask is True, 0 elsewhere."""
    return softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min)).masked_fill(~mask, 0)


def entropy(weights: torch.Tensor) -> torch.Tensor:
    """The entropy of each image's weights, with 0 ln 0 = 0."""
    return -torch.xlogy(weights, weights).sum(dim=(1, 2, 3))


def in_softmax(inputs: list[torch.Tensor]) -> dict:
    """Wrong weights for each of the scores."""

    def each(function):
        return [function(scores) for scores in inputs]

    return {
        "All weights are 1: a softmax over dim=1, where there is but one entry to share among.": each(
            torch.ones_like
        ),
        "Each row sums to 1, not each image: a softmax over the last axis only.": each(
            lambda s: s.softmax(3)
        ),
        "Each column sums to 1, not each image: a softmax over dim=2 only.": each(lambda s: s.softmax(2)),
        "The images share one budget: a softmax over the whole batch. Each image has its own.": each(
            lambda s: s.flatten().softmax(0).view_as(s)
        ),
        "The images share each place: a softmax over dim=0.": each(lambda s: s.softmax(0)),
        "That is a sigmoid: each weight lies in (0, 1), but they do not compete for a sum of 1.": each(
            torch.sigmoid
        ),
        "You exponentiate but do not divide by the sum.": each(torch.exp),
        "You divide by the largest exponential, not by the sum.": each(
            lambda s: s.exp() / s.exp().amax(dim=PLACES, keepdim=True)
        ),
        "That is the logarithm of the weights: a log-softmax.": each(lambda s: softmax(s).log()),
        "You divide by the sum without exponentials: scores below 0 become negative weights.": each(
            lambda s: s / s.sum(dim=PLACES, keepdim=True)
        ),
        "All places weigh the same, whatever their scores.": each(
            lambda s: torch.full_like(s, 1 / s[0].numel())
        ),
        "The largest score wins and the rest get nothing: that is an argmax, the hard choice.": each(
            lambda s: (s == s.amax(dim=PLACES, keepdim=True)).to(s.dtype)
        ),
    }


def in_pool_shape(b: int, c: int, h: int, w: int) -> dict:
    """Wrong shapes of a weighted sum."""
    return {
        (b, c, h, w): "You multiply but do not sum: there is still a value for each place.",
        (b, h, w): "You summed over the channels: sum over the places and keep the channels.",
        (b, 1, h, w): "You summed over the channels: sum over the places and keep the channels.",
        (b, c, h): "You summed along each row only: dim=2 is an axis of places too.",
        (b, c, w): "You summed along each column only: dim=3 is an axis of places too.",
        (b, c, 1, 1): "The values may be right, but axes of size 1 remain: `keepdim`?",
        (c,): "The batch axis is lost: a sum over the batch, or a `squeeze` that also takes a batch of 1.",
        (b,): "You summed over the channels as well.",
        (): "You summed over everything: one number for the whole batch.",
    }


def in_pool(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> dict:
    """Wrong weighted sums for each pair of features and weights."""

    def each(function):
        return [function(features, weights) for features, weights in pairs]

    def scrambled(f, w):
        b, c, h, width = f.shape
        return (f.reshape(b, h * width, c) * w.flatten(2).transpose(1, 2)).sum(dim=1)

    return {
        "That is the mean over the places, not the sum: the weights already share out the budget.": each(
            lambda f, w: (f * w).mean(dim=PLACES)
        ),
        "That is average pooling: the weights are not used.": each(lambda f, w: f.mean(dim=PLACES)),
        "That is the plain sum of the features: the weights are not used.": each(
            lambda f, w: f.sum(dim=PLACES)
        ),
        "A second softmax: the weights come ready, do not put them through another.": each(
            lambda f, w: (f * softmax(w)).sum(dim=PLACES)
        ),
        "You divide by the sum of the weights: use them as they come.": each(
            lambda f, w: (f * w).sum(dim=PLACES) / w.sum(dim=PLACES)
        ),
        "That is the largest weighted feature: max pooling. Sum instead.": each(
            lambda f, w: (f * w).amax(dim=PLACES)
        ),
        "All images use the weights of the first one.": each(lambda f, w: (f * w[:1]).sum(dim=PLACES)),
        "All images use the batch's mean weights.": each(lambda f, w: (f * w.mean(0)).sum(dim=PLACES)),
        "You add the weights to the features: multiply.": each(lambda f, w: (f + w).sum(dim=PLACES)),
        "Features and weights are out of step: a `reshape` to (B, H*W, C) scrambles the axes; `flatten` "
        "and `transpose` keep them.": each(scrambled),
    }


def in_count_shape(b: int, h: int, w: int) -> dict:
    """Wrong shapes of the effective number of places."""
    return {
        (): "One number for the whole batch: each image has its own.",
        (b, 1): "The channel axis of size 1 remains: sum over it too.",
        (b, 1, 1, 1): "The summed axes remain: `keepdim`?",
        (b, 1, h): "You summed along each row only.",
        (b, 1, w): "You summed along each column only.",
        (b, 1, h, w): "You did not sum over the places.",
    }


def in_count(weights: torch.Tensor) -> dict:
    """Wrong effective numbers of places."""
    h, axes, places = entropy(weights), (1, 2, 3), weights[0].numel()
    mistakes = {
        "That is the entropy itself: take its exponential.": h,
        "That is the entropy in bits: take the natural logarithm, and then the exponential.": h / math.log(2),
        "The sign is lost: the entropy is *minus* the sum.": (-h).exp(),
        "Logarithm to base 2, exponential to base e: both must have the same base.": (h / math.log(2)).exp(),
        "That uses the mean over the places, not the sum.": (h / places).exp(),
        "That is 1 over the sum of squares: another good count, but not the one asked for.": 1
        / weights.square().sum(dim=axes),
        "That is 1 over the largest weight: the other weights do not count.": 1 / weights.amax(dim=axes),
        "You normalise again: the weights come ready, take no softmax of them.": entropy(
            softmax(weights)
        ).exp(),
        "That is the entropy over its largest value: a share, not a number of places.": h / math.log(places),
    }
    nan = "NaN: to the computer, `0 * log(0)` is NaN. Make it 0, for instance with `torch.xlogy`."
    everywhere = torch.full_like(h, places)
    if (weights > 0).all():
        return {
            "That is the number of places, however the weight is spread over them.": everywhere,
            **mistakes,
        }
    return {
        nan: (weights * weights.log()).sum(dim=axes).neg().exp(),
        "That counts each place whose weight is not 0, however small.": (weights > 0).sum(dim=axes).float(),
        "That counts all places, also those of weight 0.": everywhere,
        **mistakes,
    }


def in_mask(inputs: list[torch.Tensor], masks: list[torch.Tensor]) -> dict:
    """Wrong masked weights for each pair of scores and mask."""

    def each(function):
        return [function(scores, mask) for scores, mask in zip(inputs, masks, strict=True)]

    return {
        "The mask is not used: forbidden places get weight.": each(lambda s, m: softmax(s)),
        "The mask is upside down: `True` is where looking is allowed.": each(lambda s, m: masked(s, ~m)),
        "The weights no longer sum to 1: you mask after the softmax.": each(lambda s, m: softmax(s) * m),
        "Forbidden scores become 0, and exp(0) is 1: a score of 0 still gets weight.": each(
            lambda s, m: softmax(s * m)
        ),
        "Scores become 0 at forbidden places, take part in the softmax, and are then cut out.": each(
            lambda s, m: softmax(s * m) * m
        ),
        "You add the mask to the scores as 0 or 1: forbidden places still get weight.": each(
            lambda s, m: softmax(s + m)
        ),
        "All images use the mask of the first one.": each(lambda s, m: masked(s, m[:1].expand_as(m))),
        "Each row sums to 1, not each image: a softmax over the last axis only.": each(
            lambda s, m: s.masked_fill(~m, -1e30).softmax(3) * m
        ),
        "All allowed places weigh the same: the scores are not used.": each(
            lambda s, m: m / m.sum(dim=PLACES, keepdim=True)
        ),
        "That is a sigmoid of the allowed scores: they do not compete for a sum of 1.": each(
            lambda s, m: s.sigmoid() * m
        ),
    }


# B, C, H, W, Q, d, v of the inputs that are tried; a batch of one is among them
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
