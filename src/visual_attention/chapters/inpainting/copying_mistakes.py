"""What is right where pixels are copied, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.inpainting.mistakes import after, cosine, forbid, share, sources, weights


def fill_rim(image: Tensor, missing: Tensor, size: int, temperature: float) -> Tensor:
    """What is right: the image with one rim filled, (C, H, W)."""
    return peeled(image, missing, size, temperature)


def window_of(image: Tensor, size: int) -> Tensor:
    """The patch around each place, zeros outside: (C, H, W) -> (N, C * size ** 2)."""
    return F.unfold(image[None], size, padding=size // 2)[0].mT


def rim_of(missing: Tensor, near: int = 3) -> Tensor:
    """Missing places with a known one among their neighbours, (H, W)."""
    known = (~missing).float()[None, None]
    return missing & (F.max_pool2d(known, near, stride=1, padding=near // 2)[0, 0] > 0)


def difference(image, missing, rim, size, *, divided=True, whole=None, under=True):
    """The mean squared difference of each rim place's known neighbourhood to each source, (P, S)."""
    seen = window_of((~missing).float()[None] if under else torch.ones_like(image[:1]), size)[rim.flatten()]
    seen = seen.to(image.dtype).repeat(1, len(image))  # (P, C * k * k)
    pixels = torch.where(missing, 0.0, image)
    patches = window_of(pixels, size)
    queries, keys = patches[rim.flatten()], patches[whole.flatten()]
    total = ((queries[:, None] - keys).square() * seen[:, None]).sum(2)
    return total / seen.sum(1).clamp_min(1)[:, None] if divided else total


def peeled(
    image,
    missing,
    size,
    temperature,
    *,
    near=3,
    whole=None,
    share=None,
    divided=True,
    under=True,
    all_missing=False,
):
    """One rim filled, with whatever a mistake changes."""
    whole = sources(missing[None, None], size)[0, 0] if whole is None else whole(missing, size)
    rim = missing if all_missing else rim_of(missing, near)
    apart = difference(image, missing, rim, size, divided=divided, whole=whole, under=under)
    shares = (-apart / temperature).softmax(1) if share is None else share(apart, temperature)
    centres = image.flatten(1)[:, whole.flatten()]  # (C, S)
    filled = image.flatten(1).clone()
    filled[:, rim.flatten()] = centres @ shares.mT
    return filled.view_as(image)


def whole_or_outside(missing: Tensor, size: int) -> Tensor:
    """Patches without a missing pixel, also those that hang over the border."""
    return sources(missing[None, None], size, outside=0.0)[0, 0]


def around(image, missing, size, temperature):
    """The rim of known pixels around the hole is painted, as if the mask were upside down."""
    rim = rim_of(~missing)
    right = peeled(image, missing, size, temperature)
    return torch.where(rim, right.mean((1, 2), keepdim=True), image)


FILL_RIM = {
    "The whole hole is filled at once: only the rim, places with a known neighbour, is asked for.": (
        lambda x, m, k, t: peeled(x, m, k, t, all_missing=True)
    ),
    "You compare the whole patch, with what is missing in it: only known pixels of the asking patch count.": (
        lambda x, m, k, t: peeled(x, m, k, t, under=False)
    ),
    "The differences are summed: divide by how many pixels were compared.": lambda x, m, k, t: peeled(
        x, m, k, t, divided=False
    ),
    "Patches with missing pixels serve as sources: all of a source must be known.": lambda x, m, k, t: peeled(
        x, m, k, t, whole=lambda missing, size: ~missing
    ),
    "Patches that hang over the border serve as sources: they must lie inside the picture.": (
        lambda x, m, k, t: peeled(x, m, k, t, whole=whole_or_outside)
    ),
    "The least similar wins: the score is *minus* the difference.": lambda x, m, k, t: peeled(
        x, m, k, t, share=lambda d, t: (d / t).softmax(1)
    ),
    "You multiply by the temperature: divide, so that a low one chooses more sharply.": (
        lambda x, m, k, t: peeled(x, m, k, t, share=lambda d, t: (-d * t).softmax(1))
    ),
    "The temperature is not used.": lambda x, m, k, t: peeled(x, m, k, t, share=lambda d, t: (-d).softmax(1)),
    "The softmax runs over the rim: each place of the rim shares out a budget of its own.": (
        lambda x, m, k, t: peeled(x, m, k, t, share=lambda d, t: (-d / t).softmax(0))
    ),
    "Only the best match is copied: the softmax takes a weighted mean of all.": lambda x, m, k, t: peeled(
        x, m, k, t, share=lambda d, t: F.one_hot(d.argmin(1), d.shape[1]).to(d.dtype)
    ),
    "All sources count alike: the differences are not used.": lambda x, m, k, t: peeled(
        x, m, k, t, share=lambda d, t: (0 * d).softmax(1)
    ),
    "The roots of the differences are used: leave them squared.": lambda x, m, k, t: peeled(
        x, m, k, t, share=lambda d, t: (-d.sqrt() / t).softmax(1)
    ),
    "The rim is two places deep: a neighbour is one of the eight places around.": lambda x, m, k, t: peeled(
        x, m, k, t, near=5
    ),
    "Known pixels are overwritten: the rim lies inside the hole.": around,
    "The image comes back as it was.": lambda x, m, k, t: x,
}


def without_favourite(scores: Tensor) -> Tensor:
    """What is right: weights with each query's best key forbidden."""
    best = scores.argmax(dim=-1, keepdim=True)
    return scores.scatter(-1, best, -torch.inf).softmax(dim=-1)


def forbidden(scores: Tensor) -> Tensor:
    """True at each query's best key."""
    return F.one_hot(scores.argmax(-1), scores.shape[-1]).bool()


WITHOUT = {
    "The weights no longer sum to 1: forbid before the softmax, or share out again.": lambda s: s.softmax(
        -1
    ).masked_fill(forbidden(s), 0.0),
    "A score of 0 still gets weight: a forbidden score is minus infinity.": lambda s: s.masked_fill(
        forbidden(s), 0.0
    ).softmax(-1),
    "Nothing is forbidden.": lambda s: s.softmax(-1),
    "The favourite alone is left: it is the one that is forbidden.": lambda s: s.masked_fill(
        ~forbidden(s), -torch.inf
    ).softmax(-1),
    "The *worst* key is forbidden.": lambda s: s.scatter(
        -1, s.masked_fill(s.isinf(), torch.inf).argmin(-1, keepdim=True), -torch.inf
    ).softmax(-1),
    "One key is forbidden for all queries of an image: each has a favourite of its own.": lambda s: (
        s.masked_fill(F.one_hot(s.amax(1).argmax(-1), s.shape[-1]).bool()[:, None], -torch.inf).softmax(-1)
    ),
    "The keys lose their best query: the favourite is looked for along the wrong axis.": lambda s: (
        s.scatter(1, s.argmax(1, keepdim=True), -torch.inf).softmax(-1).nan_to_num(0.0)
    ),
    "Each key's weights sum to 1: the softmax runs over the queries.": lambda s: (
        s.masked_fill(forbidden(s), -torch.inf).softmax(1).nan_to_num(0.0)
    ),
    "All keys that are left weigh alike.": lambda s: (
        torch.where(forbidden(s) | s.isinf(), -torch.inf, 0.0).to(s.dtype).softmax(-1)
    ),
    "The favourite's weight goes to all others in equal parts: they share it by their own weights.": (
        lambda s: equally(s)
    ),
    "Two keys are forbidden: only the best one.": lambda s: without_favourite(
        s.scatter(-1, s.argmax(-1, keepdim=True), -torch.inf)
    ).nan_to_num(0.0),
    "You take the softmax twice.": lambda s: without_favourite(s).softmax(-1),
    "The second best takes it all.": lambda s: F.one_hot(
        s.masked_fill(forbidden(s), -torch.inf).argmax(-1), s.shape[-1]
    ).to(s.dtype),
}


def equally(scores: Tensor) -> Tensor:
    """The favourite's weight in equal parts to the other allowed keys."""
    weights, best = scores.softmax(-1), forbidden(scores)
    others = (~best & ~scores.isinf()).to(weights.dtype)
    lost = weights.masked_fill(~best, 0.0).sum(-1, keepdim=True)
    return weights.masked_fill(best, 0.0) + lost * others / others.sum(-1, keepdim=True)


def copy_step(features: Tensor, values: Tensor, known: Tensor, scale: float) -> Tensor:
    """What is right: (B, N, V)."""
    return weights(features, features, known, scale) @ values


def copied(weigh):
    return lambda f, v, k, s: weigh(f, k, s) @ v


COPY = {
    "What is missing gets weight: forbid it before the softmax.": copied(
        lambda f, k, s: (s * cosine(f, f)).softmax(-1)
    ),
    "The weights no longer sum to 1: you mask after the softmax.": copied(lambda f, k, s: after(f, f, k, s)),
    "The mask is upside down: `known` is true where something may be copied.": copied(
        lambda f, k, s: weights(f, f, ~k, s)
    ),
    "Forbidden scores become 0, and exp(0) is 1: they still get weight.": copied(
        lambda f, k, s: (s * cosine(f, f) * k[:, None]).softmax(-1)
    ),
    "The scale is lost.": copied(lambda f, k, s: weights(f, f, k, 1.0)),
    "You divide by the scale: multiply, so that a larger one chooses more sharply.": copied(
        lambda f, k, s: weights(f, f, k, 1 / s)
    ),
    "That is the dot product: divide by both lengths.": copied(lambda f, k, s: share(s * f @ f.mT, k)),
    "The softmax runs over the places that ask.": copied(
        lambda f, k, s: (s * cosine(f, f)).softmax(1) * k[:, None]
    ),
    "The least similar wins: the sign of the cosine is turned.": copied(lambda f, k, s: weights(f, f, k, -s)),
    "All known places count alike: the features are not asked.": copied(
        lambda f, k, s: weights(f, f, k, 0.0)
    ),
    "Only the best place is copied: take the weighted mean.": copied(
        lambda f, k, s: F.one_hot(forbid(cosine(f, f), k).argmax(-1), f.shape[1]).to(f.dtype)
    ),
    "All images use the mask of the first one.": copied(lambda f, k, s: share(s * cosine(f, f), k[:1])),
    "The scores are not made into weights: a softmax is missing.": copied(
        lambda f, k, s: s * cosine(f, f) * k[:, None]
    ),
    "The values ask instead of the features.": lambda f, v, k, s: weights(v, v, k, s) @ v,
}
