"""The checks on inpainting against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.inpainting import checks as inpainting

solved = solutions("inpainting")
PIXELS = (1, 2, 3)


def square(filled, truth, mask):
    return (filled - truth).square() * mask


def decibels(error):
    return -10 * error.log10()


HOLE_PSNR = {
    "over the whole picture": lambda f, t, m: decibels((f - t).square().mean(PIXELS)),
    "over the known pixels": lambda f, t, m: solved.hole_psnr(f, t, ~m),
    "by all pixels of the picture": lambda f, t, m: decibels(square(f, t, m).mean(PIXELS)),
    "an error in each channel": lambda f, t, m: decibels(square(f, t, m).sum(PIXELS) / m.sum(PIXELS)),
    "The sign is lost": lambda f, t, m: -solved.hole_psnr(f, t, m),
    "logarithm of the *squared* error": lambda f, t, m: 2 * solved.hole_psnr(f, t, m),
    "logarithm of the root": lambda f, t, m: solved.hole_psnr(f, t, m) / 2,
    "the natural logarithm": lambda f, t, m: (
        -10 * (square(f, t, m).sum(PIXELS) / m.expand_as(f).sum(PIXELS)).log()
    ),
    "The factor 10": lambda f, t, m: solved.hole_psnr(f, t, m) / 10,
    "mean squared error itself": lambda f, t, m: square(f, t, m).sum(PIXELS) / m.expand_as(f).sum(PIXELS),
    "1 over the error": lambda f, t, m: m.expand_as(f).sum(PIXELS) / square(f, t, m).sum(PIXELS),
    "absolute errors": lambda f, t, m: decibels(((f - t).abs() * m).sum(PIXELS) / m.expand_as(f).sum(PIXELS)),
    "decibels of the channels": lambda f, t, m: decibels(square(f, t, m).sum((2, 3)) / m.sum((2, 3))).mean(1),
    "images share one error": lambda f, t, m: decibels(
        torch.stack([square(f, t, m).sum() / m.expand_as(f).sum()] * len(f))
    ),
    "from 0 to 255": lambda f, t, m: solved.hole_psnr(f, t, m) + 48.1308,
    "got ()": lambda f, t, m: solved.hole_psnr(f, t, m).mean(),
    "keep the channels apart": lambda f, t, m: decibels(square(f, t, m).sum((2, 3)) / m.sum((2, 3))),
    "got (B, C, H, W)": lambda f, t, m: decibels((f - t).square() + 1e-9),
    "infinity": lambda f, t, m: decibels(square(f, t, m).amin(PIXELS)),
    "numpy": lambda f, t, m: solved.hole_psnr(f, t, m).numpy(),
}


def window(mask, size, pad, outside=1.0):
    return F.max_pool2d(F.pad(mask.float(), pad, value=outside), size, stride=1) == 0


SOURCES = {
    "The map is upside down": lambda m, k: ~solved.sources(m, k),
    "Those are the known places": lambda m, k: ~m,
    "hang over the border": lambda m, k: window(m, k, [k // 2] * 4, 0.0),
    "Only the border is kept clear of": lambda m, k: solved.sources(torch.zeros_like(m), k),
    "The mask is upside down": lambda m, k: solved.sources(~m, k),
    "One known pixel makes": lambda m, k: F.max_pool2d((~m).float(), k, stride=1, padding=k // 2) > 0,
    "to the lower right": lambda m, k: window(m, k, [0, k - 1] * 2),
    "along the rows only": lambda m, k: window(m, (1, k), [k // 2, k // 2, 0, 0]),
    "along the columns only": lambda m, k: window(m, (k, 1), [0, 0, k // 2, k // 2]),
    "twice as far": lambda m, k: window(m, 2 * k - 1, [k - 1] * 4),
    "the sources of the first": lambda m, k: solved.sources(m, k)[:1].expand_as(m),
    "The border is cut off": lambda m, k: F.max_pool2d(m.float(), k, stride=1) == 0,
    "axis of size 1 is lost": lambda m, k: solved.sources(m, k)[:, 0],
    "wanted booleans, got float32": lambda m, k: solved.sources(m, k).float(),
    "wanted booleans, got int64": lambda m, k: solved.sources(m, k).long(),
    "at index": lambda m, k: (
        solved.sources(m, 3) & ~m.flip(3) if k == 3 else solved.sources(m, k) & ~m.flip(2)
    ),
}


def cosine(q, k):
    return F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT


def share(scores, whole):
    return scores.masked_fill(~whole[:, None], -torch.inf).softmax(-1)


def overflowing(q, k, w, s):
    raised = (s * cosine(q, k)).exp() * w[:, None]
    return raised / raised.sum(-1, keepdim=True)


PATCH_WEIGHTS = {
    "The mask is not used": lambda q, k, w, s: (s * cosine(q, k)).softmax(-1),
    "no longer sum to 1": lambda q, k, w, s: (s * cosine(q, k)).softmax(-1) * w[:, None],
    "The mask is upside down": lambda q, k, w, s: share(s * cosine(q, k), ~w),
    "exp(0) is 1": lambda q, k, w, s: (s * cosine(q, k) * w[:, None]).softmax(-1),
    "use the mask of the first one": lambda q, k, w, s: share(s * cosine(q, k), w[:1]),
    "a softmax over the queries": lambda q, k, w, s: (s * cosine(q, k)).softmax(1) * w[:, None],
    "a softmax over dim=0": lambda q, k, w, s: (s * cosine(q, k)).softmax(0) * w[:, None],
    "That is the dot product": lambda q, k, w, s: share(s * q @ k.mT, w),
    "The keys keep their length": lambda q, k, w, s: share(s * F.normalize(q, dim=-1) @ k.mT, w),
    "The queries keep their length": lambda q, k, w, s: share(s * q @ F.normalize(k, dim=-1).mT, w),
    "lengths are taken over the patches": lambda q, k, w, s: share(
        s * F.normalize(q, dim=1) @ F.normalize(k, dim=1).mT, w
    ),
    "The scale is lost": lambda q, k, w, s: share(cosine(q, k), w),
    "You divide by the scale": lambda q, k, w, s: share(cosine(q, k) / s, w),
    "The least similar wins": lambda q, k, w, s: share(-s * cosine(q, k), w),
    "All allowed keys weigh the same": lambda q, k, w, s: (
        w[:, None] / w.sum(1)[:, None, None] + 0 * cosine(q, k)
    ),
    "Those are the cosines": lambda q, k, w, s: s * cosine(q, k),
    "That is a sigmoid": lambda q, k, w, s: (s * cosine(q, k)).sigmoid() * w[:, None],
    "do not divide by the sum": lambda q, k, w, s: (s * cosine(q, k)).exp() * w[:, None],
    "got (B, N, P)": lambda q, k, w, s: solved.patch_weights(q, k, w, s).mT,
    "got (B, N)": lambda q, k, w, s: solved.patch_weights(q, k, w, s).mean(1),
    "got (B, P, D)": lambda q, k, w, s: solved.patch_weights(q, k, w, s) @ k,
    "`exp` overflows at a large scale": overflowing,
    "No gradient reaches queries or keys": lambda q, k, w, s: solved.patch_weights(q.detach(), k.data, w, s),
    "No gradient reaches keys, though": lambda q, k, w, s: solved.patch_weights(q, k.detach(), w, s),
}


def forbid(s, places):
    return s.masked_fill(places, -torch.inf).softmax(-1)


def best(s):
    return F.one_hot(s.argmax(-1), s.shape[-1]).bool()


WITHOUT = {
    "no longer sum to 1": lambda s: s.softmax(-1) * ~best(s),
    "A score of 0 still gets weight": lambda s: torch.where(best(s), 0.0, s).softmax(-1),
    "Nothing is forbidden": lambda s: torch.softmax(s, 2),
    "The favourite alone is left": lambda s: best(s).to(s.dtype),
    "The *worst* key": lambda s: forbid(s, best(-s.masked_fill(s.isinf(), 1e9))),
    "One key is forbidden for all queries": lambda s: forbid(s, best(s.amax(1))[:, None]),
    "along the wrong axis": lambda s: forbid(s, F.one_hot(s.argmax(1), s.shape[1]).bool().mT).nan_to_num(0.0),
    "the softmax runs over the queries": lambda s: (
        s.masked_fill(best(s), -torch.inf).softmax(1).nan_to_num(0.0)
    ),
    "that are left weigh alike": lambda s: forbid(
        torch.where(s.isinf(), s, 0 * s.nan_to_num(0, 0, 0)), best(s)
    ),
    "in equal parts": lambda s: (
        s.softmax(-1) * ~best(s)
        + s.softmax(-1).amax(-1, keepdim=True)
        * (~best(s) & ~s.isinf())
        / (~best(s) & ~s.isinf()).sum(-1, keepdim=True)
    ),
    "You take the softmax twice": lambda s: solved.without_favourite(s).softmax(-1),
    "The second best takes it all": lambda s: best(s.masked_fill(best(s), -torch.inf)).to(s.dtype),
    "got (B, P)": lambda s: solved.without_favourite(s).amax(-1),
}


def patches(x, k):
    return F.unfold(x[None], k, padding=k // 2)[0].mT


def rim(m, k=3):
    return m & (F.max_pool2d((~m).float()[None], k, stride=1, padding=k // 2)[0] > 0)


def whole(m, k):
    return F.max_pool2d(F.pad(m.float()[None], [k // 2] * 4, value=1.0), k, stride=1)[0] == 0


def fill(x, m, k, t, share=None, places=None, keys=None, seen=None, mean=True):
    places = rim(m) if places is None else places
    keys = whole(m, k) if keys is None else keys
    known = (~m).to(x.dtype)[None] if seen is None else seen
    seen = patches(known, k)[places.flatten()].repeat(1, len(x))
    at = patches(x.masked_fill(m, 0.0), k)
    gap = ((at[places.flatten()][:, None] - at[keys.flatten()]).square() * seen[:, None]).sum(2)
    gap = gap / seen.sum(1, keepdim=True).clamp_min(1) if mean else gap
    shares = (-gap / t).softmax(1) if share is None else share(gap, t)
    result = x.clone().flatten(1)
    result[:, places.flatten()] = x.flatten(1)[:, keys.flatten()] @ shares.mT
    return result.view_as(x)


FILL_RIM = {
    "The whole hole is filled at once": lambda x, m, k, t: fill(x, m, k, t, places=m),
    "You compare the whole patch": lambda x, m, k, t: fill(x, m, k, t, seen=torch.ones_like(x[:1])),
    "The differences are summed": lambda x, m, k, t: fill(x, m, k, t, mean=False),
    "Patches with missing pixels serve": lambda x, m, k, t: fill(x, m, k, t, keys=~m),
    "hang over the border serve": lambda x, m, k, t: fill(
        x, m, k, t, keys=F.max_pool2d(m.float()[None], k, stride=1, padding=k // 2)[0] == 0
    ),
    "The least similar wins": lambda x, m, k, t: fill(x, m, k, -t),
    "You multiply by the temperature": lambda x, m, k, t: fill(x, m, k, 1 / t),
    "The temperature is not used": lambda x, m, k, t: fill(x, m, k, 1.0),
    "The softmax runs over the rim": lambda x, m, k, t: fill(
        x, m, k, t, share=lambda d, t: (-d / t).softmax(0)
    ),
    "Only the best match": lambda x, m, k, t: fill(x, m, k, 1e-9),
    "All sources count alike": lambda x, m, k, t: fill(x, m, k, 1e9),
    "The roots of the differences": lambda x, m, k, t: fill(
        x, m, k, t, share=lambda d, t: (-d.sqrt() / t).softmax(1)
    ),
    "two places deep": lambda x, m, k, t: fill(x, m, k, t, places=rim(m, 5)),
    "The image comes back": lambda x, m, k, t: x.clone(),
    "C is lost": lambda x, m, k, t: fill(x, m, k, t).mean(0),
}


def copied(scores, v):
    return scores.softmax(-1) @ v


def hide(scores, k):
    return scores.masked_fill(~k[:, None], -torch.inf)


COPY_STEP = {
    "What is missing gets weight": lambda f, v, k, s: copied(s * cosine(f, f), v),
    "no longer sum to 1": lambda f, v, k, s: ((s * cosine(f, f)).softmax(-1) * k[:, None]) @ v,
    "The mask is upside down": lambda f, v, k, s: copied(hide(s * cosine(f, f), ~k), v),
    "exp(0) is 1": lambda f, v, k, s: copied(s * cosine(f, f) * k[:, None], v),
    "The scale is lost": lambda f, v, k, s: copied(hide(cosine(f, f), k), v),
    "You divide by the scale": lambda f, v, k, s: copied(hide(cosine(f, f) / s, k), v),
    "That is the dot product": lambda f, v, k, s: copied(hide(s * f @ f.mT, k), v),
    "over the places that ask": lambda f, v, k, s: ((s * cosine(f, f)).softmax(1) * k[:, None]) @ v,
    "The least similar wins": lambda f, v, k, s: copied(hide(-s * cosine(f, f), k), v),
    "All known places count alike": lambda f, v, k, s: copied(hide(0 * cosine(f, f), k), v),
    "Only the best place": lambda f, v, k, s: copied(hide(1e9 * cosine(f, f), k), v),
    "the mask of the first one": lambda f, v, k, s: copied(hide(s * cosine(f, f), k[:1]), v),
    "a softmax is missing": lambda f, v, k, s: (s * cosine(f, f) * k[:, None]) @ v,
    "The values ask": lambda f, v, k, s: copied(hide(s * cosine(v, v), k), v),
    "got (B, N, N)": lambda f, v, k, s: hide(s * cosine(f, f), k).softmax(-1),
    "No gradient reaches features": lambda f, v, k, s: solved.copy_step(f.detach(), v, k, s),
}


WRONG = {
    "check_hole_psnr": HOLE_PSNR,
    "check_sources": SOURCES,
    "check_patch_weights": PATCH_WEIGHTS,
    "check_without_favourite": WITHOUT,
    "check_fill_rim": FILL_RIM,
    "check_copy_step": COPY_STEP,
}


@pytest.mark.slow
def test_checks():
    contract(inpainting, solved, WRONG)
