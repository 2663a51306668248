"""The checks on inpainting against plausible wrong answers."""

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


def apart(patches, h, w, k):
    return patches.unflatten(2, (-1, k, k)).unflatten(1, (h, w))


def joined(patches):
    return patches.flatten(3).flatten(1, 2)


def total(p, h, w, k):
    return F.fold(p.mT, (h, w), k, padding=k // 2)


PASTE = {
    "Overlaps are added up": total,
    "by size squared everywhere": lambda p, h, w, k: total(p, h, w, k) / k**2,
    "Only the middle": lambda p, h, w, k: apart(p, h, w, k)[..., k // 2, k // 2].permute(0, 3, 1, 2),
    "You average each patch": lambda p, h, w, k: apart(p, h, w, k).mean((4, 5)).permute(0, 3, 1, 2),
    "are transposed": lambda p, h, w, k: solved.paste(joined(apart(p, h, w, k).transpose(4, 5)), h, w, k),
    "turned by half": lambda p, h, w, k: solved.paste(joined(apart(p, h, w, k).flip(4, 5)), h, w, k),
    "column by column": lambda p, h, w, k: solved.paste(joined(apart(p, w, h, k).transpose(1, 2)), h, w, k),
    "too far to the right": lambda p, h, w, k: solved.paste(p.roll(1, 1), h, w, k),
    "by the number of places": lambda p, h, w, k: total(p, h, w, k) / (h * w),
    "the patches of the first": lambda p, h, w, k: solved.paste(p, h, w, k)[:1].expand(len(p), -1, -1, -1),
    "divided twice": lambda p, h, w, k: solved.paste(p, h, w, k) / total(torch.ones_like(p), h, w, k),
    "got (B, C, W, H)": lambda p, h, w, k: solved.paste(p, h, w, k).mT,
    "got (2, 3, 7, 9)": lambda p, h, w, k: F.fold(p.mT, (h + k - 1, w + k - 1), k),
    "got (B, C, H*W)": lambda p, h, w, k: solved.paste(p, h, w, k).flatten(2),
    "got (2, 27, 5, 7)": lambda p, h, w, k: p.mT.unflatten(2, (h, w)),
    "got (B, 1, H, W)": lambda p, h, w, k: solved.paste(p, h, w, k).mean(1, keepdim=True),
    "Return one tensor only": lambda p, h, w, k: (total(p, h, w, k), total(torch.ones_like(p), h, w, k)),
}


WRONG = {
    "check_hole_psnr": HOLE_PSNR,
    "check_sources": SOURCES,
    "check_patch_weights": PATCH_WEIGHTS,
    "check_paste": PASTE,
}


def test_checks():
    contract(inpainting, solved, WRONG)
