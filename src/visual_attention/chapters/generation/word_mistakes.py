"""What is right in the exercises on words, cuts and guidance, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor


def way(x: Tensor, told: Tensor, untold: Tensor, scale: float, steps: int) -> Tensor:
    """All steps of a guided sampler whose network foresees x @ told with words, x @ untold without."""
    return walked(x, told, untold, scale, steps)


def guided(x: Tensor, told: Tensor, untold: Tensor, scale: float) -> Tensor:
    """What is foreseen with guidance."""
    return x @ untold + scale * (x @ told - x @ untold)


def walked(x, told, untold, scale, steps, *, end=guided, step=lambda x, e, n, s: x + (e - x) / (s - n)):
    """The sampler's loop, with another foreseen end or another step."""
    for n in range(steps):
        x = step(x, end(x, told, untold, scale), n, steps)
    return x


def one_less(x, told, untold, scale, steps):
    for n in range(steps - 1):
        x = x + (guided(x, told, untold, scale) - x) / (steps - n)
    return x


def from_one(x, told, untold, scale, steps):
    for n in range(1, steps):
        x = x + (guided(x, told, untold, scale) - x) / (steps - n)
    return x


WAY = {
    "The words are not guided: the scale has no say.": lambda x, t, u, g, s: walked(
        x, t, u, g, s, end=lambda x, t, u, g: x @ t
    ),
    "The words are never heard: that is the way without a sentence.": lambda x, t, u, g, s: walked(
        x, t, u, g, s, end=lambda x, t, u, g: x @ u
    ),
    "You start from what is foreseen with words: start without, and at scale 1 the words count as in training.": (
        lambda x, t, u, g, s: walked(x, t, u, g, s, end=lambda x, t, u, g: x @ t + g * (x @ t - x @ u))
    ),
    "With and without words have changed places.": lambda x, t, u, g, s: walked(x, u, t, g, s),
    "The scale multiplies all that is foreseen: it multiplies what the words change.": (
        lambda x, t, u, g, s: walked(x, t, u, g, s, end=lambda x, t, u, g: g * (x @ t))
    ),
    "You push away from the words: the difference is turned round.": lambda x, t, u, g, s: walked(
        x, t, u, g, s, end=lambda x, t, u, g: x @ u - g * (x @ t - x @ u)
    ),
    "Each step covers 1 / steps of what is missing: it has to cover 1 / (steps that are left), or you never arrive.": (
        lambda x, t, u, g, s: walked(x, t, u, g, s, step=lambda x, e, n, s: x + (e - x) / s)
    ),
    "You jump to what is foreseen in each step.": lambda x, t, u, g, s: walked(
        x, t, u, g, s, step=lambda x, e, n, s: e
    ),
    "The last step is missing.": one_less,
    "You count steps from 1, so that one is missing and each of the others is too long.": from_one,
    "What is foreseen is taken for the velocity: subtract where you are.": lambda x, t, u, g, s: walked(
        x, t, u, g, s, step=lambda x, e, n, s: x + e / (s - n)
    ),
}


def allowed(scores: Tensor, values: Tensor, forbidden: Tensor) -> Tensor:
    """What patches get from the words that they may look at, 0 where none is left."""
    shares = scores.masked_fill(forbidden[:, None, None], -torch.inf).softmax(-1)
    return shares.nan_to_num() @ values


def zeroed(s, v, f):
    """The weights after a softmax over all words, with nothing on forbidden ones."""
    return s.softmax(-1) * ~f[:, None, None]


def even(s, v, f):
    free = (~f[:, None, None]).to(s.dtype).expand_as(s)
    return free / free.sum(-1, keepdim=True).clamp(min=1)


def best(s, v, f):
    left = s.masked_fill(f[:, None, None], -torch.inf)
    one = torch.zeros_like(s).scatter(-1, left.argmax(-1, keepdim=True), 1.0)
    return (one * ~f[:, None, None]) @ v


ALLOWED = {
    "Nothing is forbidden: all words are looked at.": lambda s, v, f: s.softmax(-1) @ v,
    "Forbidden and allowed words have changed places.": lambda s, v, f: allowed(s, v, ~f),
    "The weights that are left do not sum to 1: what forbidden words had goes to the others, not to nothing.": lambda s, v, f: (
        zeroed(s, v, f) @ v
    ),
    "A score of 0 is not forbidden, its weight is exp(0): use minus infinity.": lambda s, v, f: (
        s.masked_fill(f[:, None, None], 0).softmax(-1) @ v
    ),
    "Where all words are forbidden you get NaN, 0 / 0: it should be 0.": lambda s, v, f: (
        s.masked_fill(f[:, None, None], -torch.inf).softmax(-1) @ v
    ),
    "Where all words are forbidden you still look at all of them: a large negative number is no minus infinity there.": (
        lambda s, v, f: s.masked_fill(f[:, None, None], -1e9).softmax(-1) @ v
    ),
    "The softmax runs over the patches: each patch shares its weight among the words.": lambda s, v, f: (
        (s.masked_fill(f[:, None, None], -torch.inf).softmax(2).nan_to_num() * ~f[:, None, None]) @ v
    ),
    "The softmax runs over the heads: each head has weights of its own.": lambda s, v, f: (
        s.masked_fill(f[:, None, None], -torch.inf).softmax(1).nan_to_num() @ v
    ),
    "All sentences have the forbidden words of the first one.": lambda s, v, f: allowed(
        s, v, f[:1].expand_as(f)
    ),
    "A word that any sentence forbids is forbidden in all of them.": lambda s, v, f: allowed(
        s, v, f.any(0, keepdim=True).expand_as(f)
    ),
    "The allowed words weigh alike: the scores are not asked.": lambda s, v, f: even(s, v, f) @ v,
    "That is the value of the best word alone: a softmax takes a share of each.": best,
}


def asked(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """What each patch gets from the words: (B, N, E)."""
    return shares(queries, keys).softmax(-1) @ values


def shares(q: Tensor, k: Tensor, divisor: float | None = None) -> Tensor:
    """The scores, (B, N, T)."""
    return q @ k.mT / (q.shape[-1] ** 0.5 if divisor is None else divisor)


def hard(q, k, v):
    best = shares(q, k).argmax(-1)  # (B, N)
    return v.gather(1, best[..., None].expand(-1, -1, v.shape[-1]))


ASKED = {
    "The scores are not divided by the square root of D.": lambda q, k, v: shares(q, k, 1).softmax(-1) @ v,
    "You divide by D: by its square root.": lambda q, k, v: shares(q, k, q.shape[-1]).softmax(-1) @ v,
    "You divide by the square root of the number of words: of D, what a score sums over.": lambda q, k, v: (
        shares(q, k, k.shape[1] ** 0.5).softmax(-1) @ v
    ),
    "No softmax: the scores themselves are no shares.": lambda q, k, v: shares(q, k) @ v,
    "The softmax runs over the patches: each patch shares its weight among the words.": lambda q, k, v: (
        shares(q, k).softmax(1) @ v
    ),
    "The softmax runs over the pictures of the batch.": lambda q, k, v: shares(q, k).softmax(0) @ v,
    "You divide by the number of words once more: the weights sum to 1 already.": lambda q, k, v: (
        asked(q, k, v) / k.shape[1]
    ),
    "All words weigh alike: the patches do not ask.": lambda q, k, v: (
        v.mean(1, keepdim=True) + 0 * q.sum(-1, keepdim=True) + 0 * k.sum()
    ),
    "That is the value of the best word alone: a softmax takes a share of each.": hard,
    "A sigmoid asks each word alone: words compete, by a softmax.": lambda q, k, v: (
        shares(q, k).sigmoid() @ v
    ),
    "The sign is turned round: a word like the query should weigh most.": lambda q, k, v: asked(-q, k, v),
    "Each picture asks the words of another one.": lambda q, k, v: asked(q, k.roll(1, 0), v.roll(1, 0)),
    "All patches get the mean of what they asked for: each has an answer of its own.": lambda q, k, v: (
        asked(q, k, v).mean(1, keepdim=True).expand(-1, q.shape[1], -1)
    ),
}
