"""What is right in the exercises on inpainting, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F

PIXELS = (1, 2, 3)


def mean_square(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """The mean squared error over the places that the mask names, (B,)."""
    error = (filled - truth).square() * mask
    return error.sum(dim=PIXELS) / mask.expand_as(error).sum(dim=PIXELS)


def decibels(error: Tensor) -> Tensor:
    """A mean squared error as a peak signal-to-noise ratio."""
    return -10 * error.log10()


def psnr(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """What is right: (B,)."""
    return decibels(mean_square(filled, truth, mask))


def squares(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """The squared errors in the hole, 0 elsewhere."""
    return (filled - truth).square() * mask


PSNR = {
    "That is over the whole picture: what was known makes any filling look good.": lambda f, t, m: psnr(
        f, t, torch.ones_like(m)
    ),
    "That is over the known pixels: the mask is true where something is *missing*.": lambda f, t, m: psnr(
        f, t, ~m
    ),
    "You divide the hole's error by all pixels of the picture: the smaller the hole, the better it looks.": (
        lambda f, t, m: decibels(squares(f, t, m).mean(PIXELS))
    ),
    "You divide by the number of missing places, but there is an error in each channel.": lambda f, t, m: (
        decibels(squares(f, t, m).sum(PIXELS) / m.sum(PIXELS))
    ),
    "The sign is lost: a larger error must give a lower ratio.": lambda f, t, m: -psnr(f, t, m),
    "That is 20 times the logarithm of the *squared* error: 10 times, or take the root first.": lambda f, t, m: (
        2 * psnr(f, t, m)
    ),
    "That is 10 times the logarithm of the root: with the root it is 20 times.": lambda f, t, m: (
        psnr(f, t, m) / 2
    ),
    "That is the natural logarithm: decibels take the one to base 10.": lambda f, t, m: (
        -10 * mean_square(f, t, m).log()
    ),
    "The factor 10 of decibels is lost.": lambda f, t, m: psnr(f, t, m) / 10,
    "That is the mean squared error itself: now put it into decibels.": mean_square,
    "That is 1 over the error: take 10 times its logarithm.": lambda f, t, m: 1 / mean_square(f, t, m),
    "That uses absolute errors: square them.": lambda f, t, m: decibels(
        ((f - t).abs() * m).sum(PIXELS) / m.expand_as(f).sum(PIXELS)
    ),
    "You keep the channels apart: one error for all of them.": lambda f, t, m: decibels(
        squares(f, t, m).sum((2, 3)) / m.sum((2, 3))
    ),
    "You average the decibels of the channels: average the errors, then take the logarithm.": lambda f, t, m: (
        decibels(squares(f, t, m).sum((2, 3)) / m.sum((2, 3))).mean(1)
    ),
    "The images share one error: each has its own.": lambda f, t, m: decibels(
        squares(f, t, m).sum() / m.expand_as(f).sum()
    ).expand(len(f)),
    "That is for pixels from 0 to 255: here the largest value is 1.": lambda f, t, m: (
        psnr(f, t, m) + 20 * torch.tensor(255.0).log10()
    ),
}


def sources(mask: Tensor, size: int, *, outside: float = 1.0) -> Tensor:
    """What is right: true at the centres of whole patches."""
    broken = F.pad(mask.float(), [size // 2] * 4, value=outside)
    return F.max_pool2d(broken, size, stride=1) == 0


def windows(mask: Tensor, window, pad: list[int], outside: float = 1.0) -> Tensor:
    """True where no pixel of a window is missing."""
    return F.max_pool2d(F.pad(mask.float(), pad, value=outside), window, stride=1) == 0


SOURCES = {
    "The map is upside down: true where a patch *is* whole.": lambda m, k: ~sources(m, k),
    "Those are the known places: the whole patch around a place must be known.": lambda m, k: ~m,
    "Patches that hang over the border count as whole: they must lie inside the picture.": lambda m, k: (
        sources(m, k, outside=0.0)
    ),
    "Only the border is kept clear of: patches with missing pixels count as whole.": lambda m, k: sources(
        torch.zeros_like(m), k
    ),
    "The mask is upside down: true is where something is *missing*.": lambda m, k: sources(~m, k),
    "One known pixel makes a patch whole for you: all of them must be known.": lambda m, k: (
        ~windows(~m, k, [k // 2] * 4, 0.0)
    ),
    "You look at the patch to the lower right of each place: it should lie around it.": lambda m, k: windows(
        m, k, [0, k - 1] * 2
    ),
    "You look along the rows only: a patch has columns too.": lambda m, k: windows(
        m, (1, k), [k // 2, k // 2, 0, 0]
    ),
    "You look along the columns only: a patch has rows too.": lambda m, k: windows(
        m, (k, 1), [0, 0, k // 2, k // 2]
    ),
    "You keep twice as far from the hole as needed: a patch reaches size // 2 from its centre.": lambda m, k: (
        sources(m, 2 * k - 1)
    ),
    "All images have the sources of the first.": lambda m, k: sources(m, k)[:1].expand_as(m),
    "The border is cut off: pad first, so that each place keeps its index.": lambda m, k: windows(
        m, k, [0] * 4
    ),
}


def weights(queries: Tensor, keys: Tensor, whole: Tensor, scale: float) -> Tensor:
    """What is right: (B, P, N)."""
    scores = scale * F.normalize(queries, dim=-1) @ F.normalize(keys, dim=-1).mT
    return scores.masked_fill(~whole[:, None], -torch.inf).softmax(dim=-1)


def cosine(q, k):
    return F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT


def forbid(scores, whole):
    return scores.masked_fill(~whole[:, None], -torch.inf)


def share(scores, whole):
    return forbid(scores, whole).softmax(dim=-1)


def after(q, k, w, s):
    return (s * cosine(q, k)).softmax(dim=-1) * w[:, None]


def by_hand(q, k, w, s):
    e = (s * cosine(q, k)).exp() * w[:, None]
    return e / e.sum(-1, keepdim=True)


WEIGHTS = {
    "`exp` overflows at a large scale: forbid by -inf, then let torch's `softmax` do the rest.": by_hand,
    "The mask is not used: broken patches get weight.": lambda q, k, w, s: (s * cosine(q, k)).softmax(-1),
    "The weights no longer sum to 1: you mask after the softmax.": after,
    "The mask is upside down: `True` is a patch that may be copied.": lambda q, k, w, s: share(
        s * cosine(q, k), ~w
    ),
    "Forbidden scores become 0, and exp(0) is 1: they still get weight.": lambda q, k, w, s: (
        s * cosine(q, k) * w[:, None]
    ).softmax(-1),
    "All images use the mask of the first one.": lambda q, k, w, s: share(s * cosine(q, k), w[:1]),
    "Each key's weights sum to 1: a softmax over the queries.": lambda q, k, w, s: (
        (s * cosine(q, k)).softmax(dim=1) * w[:, None]
    ),
    "The images share a budget: a softmax over dim=0.": lambda q, k, w, s: (
        (s * cosine(q, k)).softmax(0) * w[:, None]
    ),
    "That is the dot product: divide by both lengths, or long patches win.": lambda q, k, w, s: share(
        s * q @ k.mT, w
    ),
    "The keys keep their length: long ones win.": lambda q, k, w, s: share(
        s * F.normalize(q, dim=-1) @ k.mT, w
    ),
    "The queries keep their length: long ones choose more sharply.": lambda q, k, w, s: share(
        s * q @ F.normalize(k, dim=-1).mT, w
    ),
    "The lengths are taken over the patches: they belong to the last axis.": lambda q, k, w, s: share(
        s * F.normalize(q, dim=1) @ F.normalize(k, dim=1).mT, w
    ),
    "The scale is lost.": lambda q, k, w, s: share(cosine(q, k), w),
    "You divide by the scale: multiply, so that a larger one chooses more sharply.": lambda q, k, w, s: share(
        cosine(q, k) / s, w
    ),
    "The least similar wins: the sign of the cosine is turned.": lambda q, k, w, s: share(
        -s * cosine(q, k), w
    ),
    "All allowed keys weigh the same: the cosines are not used.": lambda q, k, w, s: share(
        0 * cosine(q, k), w
    ),
    "Those are the cosines: a softmax turns them into weights.": lambda q, k, w, s: s * cosine(q, k),
    "That is a sigmoid: the keys do not compete for a sum of 1.": lambda q, k, w, s: (
        (s * cosine(q, k)).sigmoid() * w[:, None]
    ),
    "You exponentiate but do not divide by the sum.": lambda q, k, w, s: forbid(s * cosine(q, k), w).exp(),
}
