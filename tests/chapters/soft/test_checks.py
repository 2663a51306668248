"""The checks on soft attention against plausible wrong answers."""

import pytest
import torch

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.soft import checks as soft

solved = solutions("soft")


def shares(scores):
    return solved.spatial_softmax(scores)


def rows(scores, temperature=1.0):
    return (scores / temperature).softmax(-1)


def columns(scores, temperature=1.0):
    return (scores / temperature).softmax(2)


def channels(scores, temperature=1.0):
    return (scores / temperature).softmax(1)


def whole_batch(scores, temperature=1.0):
    return (scores / temperature).flatten().softmax(0).view_as(scores)


def across_images(scores, temperature=1.0):
    return (scores / temperature).softmax(0)


def sigmoid(scores, temperature=1.0):
    return (scores / temperature).sigmoid()


def no_sum(scores, temperature=1.0):
    return (scores / temperature).exp()


def over_largest(scores, temperature=1.0):
    e = (scores / temperature).exp()
    return e / e.amax(dim=(2, 3), keepdim=True)


def log_softmax(scores, temperature=1.0):
    return (scores / temperature).flatten(1).log_softmax(1).view_as(scores)


def no_exponential(scores, temperature=1.0):
    return scores / scores.sum(dim=(2, 3), keepdim=True)


def uniform(scores, temperature=1.0):
    return torch.full_like(scores, 1 / scores[0].numel())


def no_temperature(scores, temperature=1.0):
    return shares(scores)


def temperature_times(scores, temperature=1.0):
    return shares(scores * temperature)


def temperature_late(scores, temperature=1.0):
    return shares(scores) / temperature


def overflowing(scores, temperature=1.0):
    e = (scores / temperature).exp()
    return e / e.sum(dim=(2, 3), keepdim=True)


def flat(scores, temperature=1.0):
    return (scores / temperature).flatten(1).softmax(1)


def detached(scores, temperature=1.0):
    return shares(scores.detach() / temperature)


def in_place(scores, temperature=1.0):
    scores /= 1.0001
    return shares(scores / temperature)


def forgot_return(scores, temperature=1.0):
    shares(scores)


def no_such_dim(scores, temperature=1.0):
    return scores.softmax(4)


SPATIAL_SOFTMAX = [
    (rows, "Each row sums to 1"),
    (columns, "Each column sums to 1"),
    (channels, "a softmax over dim=1"),
    (whole_batch, "share one budget"),
    (across_images, "a softmax over dim=0"),
    (sigmoid, "a sigmoid"),
    (no_sum, "do not divide by the sum"),
    (over_largest, "by the largest exponential"),
    (log_softmax, "a log-softmax"),
    (no_exponential, "without exponentials"),
    (uniform, "All places weigh the same"),
    (no_temperature, "The temperature changes nothing"),
    (temperature_times, "You multiply by the temperature"),
    (temperature_late, "You divide the weights by the temperature"),
    (overflowing, "`exp` overflows"),
    (flat, "still flat"),
    (detached, "No gradient reaches scores"),
    (in_place, "changed its input `scores` in place"),
    (forgot_return, "returned `None`"),
    (no_such_dim, "at `return scores.softmax(4)` with IndexError"),
]

ATTENTION_POOL = {
    "do not sum: there is still": lambda f, w: f * w,
    "That is the mean over the places": lambda f, w: (f * w).mean(dim=(2, 3)),
    "average pooling": lambda f, w: f.mean(dim=(2, 3)),
    "plain sum": lambda f, w: f.sum(dim=(2, 3)),
    "summed over the channels: sum": lambda f, w: (f * w).sum(dim=1),
    "got (B, C, H)": lambda f, w: (f * w).sum(dim=-1),
    "got (B, C, W)": lambda f, w: (f * w).sum(dim=2),
    "got (B, C, 1, 1)": lambda f, w: (f * w).sum(dim=(2, 3), keepdim=True),
    "A second softmax": lambda f, w: (f * shares(w)).sum(dim=(2, 3)),
    "divide by the sum of the weights": lambda f, w: (f * w).sum(dim=(2, 3)) / w.sum(dim=(2, 3)),
    "max pooling": lambda f, w: (f * w).amax(dim=(2, 3)),
    "the first one's `weights`": lambda f, w: (f * w[0]).sum(dim=(2, 3)),
    "the batch's mean weights": lambda f, w: (f * w.mean(dim=0)).sum(dim=(2, 3)),
    "You add the weights": lambda f, w: (f + w).sum(dim=(2, 3)),
    "got (C,)": lambda f, w: (f * w).sum(dim=(2, 3)).squeeze(),
    "got ()": lambda f, w: (f * w).sum(),
    "scrambles the axes": lambda f, w: (
        f.reshape(f.shape[0], -1, f.shape[1]) * w.reshape(w.shape[0], -1, 1)
    ).sum(dim=1),
    "No gradient reaches features or weights": lambda f, w: (f.data * w.data).sum(dim=(2, 3)),
    "No gradient reaches weights, though": lambda f, w: (f * w.detach()).sum(dim=(2, 3)),
    "No gradient reaches features, though": lambda f, w: (f.detach() * w).sum(dim=(2, 3)),
    "numpy": lambda f, w: (f.detach() * w.detach()).sum(dim=(2, 3)).numpy(),
}


def entropy(w):
    return -torch.xlogy(w, w).sum(dim=(1, 2, 3))


EFFECTIVE_PLACES = {
    "`0 * log(0)` is NaN": lambda w: (-(w * w.log()).sum(dim=(1, 2, 3))).exp(),
    "That is the entropy itself": entropy,
    "the entropy in bits": lambda w: -(torch.xlogy(w, w) / torch.tensor(2.0).log()).sum(dim=(1, 2, 3)),
    "The sign is lost": lambda w: (-entropy(w)).exp(),
    "must have the same base": lambda w: (entropy(w) / torch.tensor(2.0).log()).exp(),
    "the mean over the places": lambda w: (-torch.xlogy(w, w).mean(dim=(1, 2, 3))).exp(),
    "1 over the sum of squares": lambda w: 1 / w.square().sum(dim=(1, 2, 3)),
    "1 over the largest weight": lambda w: 1 / w.amax(dim=(1, 2, 3)),
    "take no softmax of them": lambda w: entropy(shares(w)).exp(),
    "entropy over its largest value": lambda w: entropy(w) / torch.tensor(float(w[0].numel())).log(),
    "counts each place whose weight": lambda w: (w > 0).float().sum(dim=(1, 2, 3)),
    "counts all places, whatever": lambda w: torch.full((len(w),), float(w[0].numel())),
    "got ()": lambda w: (-torch.xlogy(w, w).sum()).exp(),
    "got (B, 1)": lambda w: (-torch.xlogy(w, w).sum(dim=(2, 3))).exp(),
    "got (B, 1, 1, 1)": lambda w: (-torch.xlogy(w, w).sum(dim=(1, 2, 3), keepdim=True)).exp(),
    "got (B, 1, H, W)": lambda w: (-torch.xlogy(w, w)).exp(),
    "int64": lambda w: entropy(w).exp().round().long(),
}


def masked(scores, mask, fill=-1e30):
    return shares(scores.masked_fill(~mask, fill))


def assigns(scores, mask):
    scores[~mask] = float("-inf")
    return shares(scores)


def nan_gradient(scores, mask):
    return (shares(scores + mask.float().log())).nan_to_num(0.0)


MASKED = {
    "The mask is not used": lambda s, m: shares(s),
    "The mask is upside down": lambda s, m: solved.masked_spatial_softmax(s, ~m),
    "no longer sum to 1": lambda s, m: shares(s) * m,
    "exp(0) is 1": lambda s, m: shares(s * m),
    "and are then cut out": lambda s, m: shares(s * m) * m,
    "You add the mask": lambda s, m: shares(s + m),
    "the first one's `mask`": lambda s, m: solved.masked_spatial_softmax(s, m[:1].expand_as(m)),
    "Each row sums to 1": lambda s, m: s.masked_fill(~m, -1e30).softmax(-1) * m,
    "the scores are not used": lambda s, m: m / m.sum(dim=(2, 3), keepdim=True).clamp(min=1),
    "a sigmoid of the allowed": lambda s, m: s.sigmoid() * m,
    "Forbid before the softmax": lambda s, m: (
        shares(s) * m / (shares(s) * m).sum(dim=(2, 3), keepdim=True).clamp(1e-9)
    ),
    "not low enough": lambda s, m: masked(s, m, -100.0) * m.any(3, keepdim=True).any(2, keepdim=True),
    "Nothing is left to share": lambda s, m: (
        torch.where(m, s, 0).exp()
        * m
        / (torch.where(m, s, 0).exp() * m).sum(dim=(2, 3), keepdim=True).clamp(1e-9)
    ),
    "Your weights are NaN": lambda s, m: masked(s, m, float("-inf")),
    "still sum to 1, on forbidden": masked,
    "gradient that reaches scores is NaN": nan_gradient,
    "No gradient reaches scores": lambda s, m: solved.masked_spatial_softmax(s.detach(), m),
    "changed its input `scores` in place": assigns,
}


def asking(weigh, total=lambda weights, values: (weights[..., None] * values).sum(1)):
    """An answer that weighs as told: from raw scores (B, N), d, queries (B, d) and keys (B, N, d)."""

    def answer(features, query, to_query, to_key, to_value):
        places = features.flatten(2).transpose(1, 2)
        keys, q = places @ to_key, query @ to_query
        raw = torch.einsum("bnd,bd->bn", keys, q)
        return total(weigh(raw, keys.shape[-1], q, keys), places @ to_value)

    return answer


def right(raw, d, q, k):
    return (raw / d**0.5).softmax(1)


def largest_of_the_batch(raw, d, q, k):
    e = (raw / d**0.5 - (raw / d**0.5).max()).exp()
    return e / e.sum(1, keepdim=True)


def scrambled_places(features, *rest):
    b, c, h, w = features.shape
    return solved.query_pool(features.reshape(b, h * w, c).transpose(1, 2).reshape(b, c, h, w), *rest)


QUERY_POOL = {
    "not divided by the square root": asking(lambda raw, d, q, k: raw.softmax(1)),
    "You divide by d:": asking(lambda raw, d, q, k: (raw / d).softmax(1)),
    "You multiply by the square root": asking(lambda raw, d, q, k: (raw * d**0.5).softmax(1)),
    "the square root of C": lambda f, q, wq, wk, wv: solved.query_pool(
        f, q, wq * (wk.shape[1] / f.shape[1]) ** 0.5, wk, wv
    ),
    "The query is not heard": asking(lambda raw, d, q, k: (k.sum(-1) / d**0.5).softmax(1)),
    "All places weigh the same": asking(lambda raw, d, q, k: torch.full_like(raw, 1 / raw.shape[1])),
    "The weights are sigmoids": asking(lambda raw, d, q, k: (raw / d**0.5).sigmoid()),
    "do not divide by the sum": asking(lambda raw, d, q, k: (raw / d**0.5).exp()),
    "You take the mean over the places": asking(right, lambda w, v: (w[..., None] * v).mean(1)),
    "runs over the batch": asking(lambda raw, d, q, k: (raw / d**0.5).softmax(0)),
    "share one budget": asking(lambda raw, d, q, k: (raw / d**0.5).flatten().softmax(0).view_as(raw)),
    "the query of the first one": lambda f, q, *rest: solved.query_pool(f, q[:1].expand_as(q), *rest),
    "that is an argmax": asking(
        lambda raw, d, q, k: torch.nn.functional.one_hot(raw.argmax(1), raw.shape[1]).float()
    ),
    "a minus before the scores": asking(lambda raw, d, q, k: (-raw / d**0.5).softmax(1)),
    "scrambles the axes": scrambled_places,
    "It has the width of the keys": lambda f, q, wq, wk, wv: solved.query_pool(f, q, wq, wk, wk),
    "It has the width of the features": lambda f, q, wq, wk, wv: solved.query_pool(
        f, q, wq, wk, torch.eye(f.shape[1])
    ),
    "Those look like weights": asking(right, lambda w, v: w),
    "do not sum them over the places": asking(right, lambda w, v: w[..., None] * v),
    "got (B, 1, v)": asking(right, lambda w, v: w[:, None] @ v),
    "got (v,)": asking(right, lambda w, v: (w[..., None] * v).sum(1).squeeze()),
    "The largest score of the whole batch is taken off": asking(largest_of_the_batch),
    "No gradient reaches to_key": lambda f, q, wq, wk, wv: solved.query_pool(f, q, wq, wk.detach(), wv),
}

WRONG = {
    "check_spatial_softmax": SPATIAL_SOFTMAX,
    "check_attention_pool": ATTENTION_POOL,
    "check_effective_places": EFFECTIVE_PLACES,
    "check_masked_spatial_softmax": MASKED,
    "check_query_pool": QUERY_POOL,
}


@pytest.mark.slow
def test_checks():
    contract(soft, solved, WRONG)
