"""What is right where template and window ask each other, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor


def asked(window: Tensor, template: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """What each token of both gets from all tokens of both, the window's first: (B, N + M, D)."""
    return mixed(torch.cat([window, template], dim=1), query, key, value)


def scores(x: Tensor, query: Tensor, key: Tensor) -> Tensor:
    return (x @ query) @ (x @ key).mT / x.shape[-1] ** 0.5


def mixed(x: Tensor, query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """Attention in one sequence, with the scores multiplied once more."""
    return (scale * scores(x, query, key)).softmax(dim=-1) @ (x @ value)


def both(w, t):
    return torch.cat([w, t], dim=1)


def without(w, t, q, k, v, asking, others):
    """Attention in which some tokens may not ask some others."""
    x = both(w, t)
    allowed = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)
    allowed[asking, others] = False
    return scores(x, q, k).masked_fill(~allowed, -torch.inf).softmax(-1) @ (x @ v)


def crossed(w, t, q, k, v):
    """The window asks the template alone, and the template the window alone."""

    def look(x, y):
        return ((x @ q) @ (y @ k).mT / x.shape[-1] ** 0.5).softmax(-1) @ (y @ v)

    return both(look(w, t), look(t, w))


def apart(w, t, q, k, v):
    """One softmax over the window's tokens and another over the template's."""
    x, many = both(w, t), w.shape[1]
    table = scores(x, q, k)
    weights = torch.cat([table[..., :many].softmax(-1), table[..., many:].softmax(-1)], dim=-1)
    return weights @ (x @ v)


ASKED = {
    "The template does not ask the window: that is one way, wanted are both.": lambda w, t, q, k, v: without(
        w, t, q, k, v, slice(w.shape[1], None), slice(0, w.shape[1])
    ),
    "The window does not ask the template: it cannot learn what is looked for.": lambda w, t, q, k, v: (
        without(w, t, q, k, v, slice(0, w.shape[1]), slice(w.shape[1], None))
    ),
    "Each side asks the other side alone: every token asks all, those of its own side too.": crossed,
    "Two softmaxes, one over the window and one over the template: one over all of them.": apart,
    "The template's tokens come first: the window's should.": lambda w, t, q, k, v: both(
        *asked(w, t, q, k, v).split([w.shape[1], t.shape[1]], dim=1)[::-1]
    ),
    "The values are the tokens as they came: multiply them by `value`.": lambda w, t, q, k, v: (
        scores(both(w, t), q, k).softmax(-1) @ both(w, t)
    ),
    "The keys are passed on: what a token passes on is made by `value`.": lambda w, t, q, k, v: asked(
        w, t, q, k, k
    ),
    "Query and key have changed places.": lambda w, t, q, k, v: asked(w, t, k, q, v),
    "The matrices are turned round: a token is a row, x @ W.": lambda w, t, q, k, v: asked(
        w, t, q.mT, k.mT, v.mT
    ),
    "The scores are not divided by the square root of D.": lambda w, t, q, k, v: mixed(
        both(w, t), q, k, v, w.shape[-1] ** 0.5
    ),
    "You divide by D: by its square root.": lambda w, t, q, k, v: mixed(
        both(w, t), q, k, v, w.shape[-1] ** -0.5
    ),
    "The softmax runs over the tokens that ask: over those that are asked.": lambda w, t, q, k, v: (
        scores(both(w, t), q, k).softmax(-2) @ (both(w, t) @ v)
    ),
    "No softmax: the scores themselves are no shares.": lambda w, t, q, k, v: (
        scores(both(w, t), q, k) @ (both(w, t) @ v)
    ),
    "All tokens weigh alike: nobody is asked.": lambda w, t, q, k, v: (
        (both(w, t) @ v).mean(1, keepdim=True).expand_as(both(w, t)) + 0 * (q.sum() + k.sum())
    ),
    "The tokens themselves are added: return what they get, the sum is made elsewhere.": lambda w, t, q, k, v: (
        both(w, t) + asked(w, t, q, k, v)
    ),
    "The images of the batch are mixed: each window has its own template.": lambda w, t, q, k, v: asked(
        w, t.roll(1, 0), q, k, v
    ),
}
