"""Reference solutions of the exercises in notebooks/applications/inpainting.ipynb."""

import torch
from torch.nn import functional as F


def hole_psnr(filled, truth, mask):
    """The peak signal-to-noise ratio of each image's missing pixels in decibels: (B,)."""
    missing = mask.expand_as(truth)  # (B, 1, H, W) -> (B, C, H, W)
    error = (filled - truth).square() * missing
    mean = error.sum(dim=(1, 2, 3)) / missing.sum(dim=(1, 2, 3))
    return -10 * mean.log10()


def sources(mask, size):
    """True at the centre of each patch that is inside the picture and wholly known: (B, 1, H, W)."""
    missing = F.pad(mask.float(), [size // 2] * 4, value=1.0)  # what lies outside is missing too
    return F.max_pool2d(missing, size, stride=1) == 0  # the largest of a patch is 0: nothing is missing


def patch_weights(queries, keys, whole, scale):
    """Softmax over the allowed keys of scale times the cosine: (B, P, N)."""
    unit_queries, unit_keys = F.normalize(queries, dim=-1), F.normalize(keys, dim=-1)
    scores = scale * unit_queries @ unit_keys.mT  # (B, P, D) @ (B, D, N) -> (B, P, N)
    return scores.masked_fill(~whole[:, None], -torch.inf).softmax(dim=-1)


def without_favourite(scores):
    """Weights without each query's best key: (B, P, N)."""
    best = scores.argmax(dim=-1, keepdim=True)  # (B, P, 1)
    return scores.scatter(-1, best, -torch.inf).softmax(dim=-1)


def fill_rim(image, missing, size, temperature):
    """The image with the outermost missing pixels filled: (C, H, W)."""
    known = (~missing).to(image.dtype)[None, None]  # (1, 1, H, W)
    near = F.max_pool2d(known, 3, stride=1, padding=1)[0, 0] > 0
    rim = (missing & near).flatten()  # (N,), N = H * W
    gone = F.pad(1 - known, [size // 2] * 4, value=1.0)  # what lies outside is missing too
    whole = (F.max_pool2d(gone, size, stride=1) == 0).flatten()
    pixels = image.masked_fill(missing, 0.0)  # what lies under the hole is never looked at
    patches = F.unfold(pixels[None], size, padding=size // 2)[0].mT  # (N, C * size ** 2)
    seen = F.unfold(known, size, padding=size // 2)[0].mT.repeat(1, len(image))  # the same, 1 where known
    apart = (patches[rim][:, None] - patches[whole]).square() * seen[rim][:, None]  # (P, S, C * size ** 2)
    difference = apart.sum(dim=2) / seen[rim].sum(dim=1, keepdim=True)  # (P, S)
    weights = (-difference / temperature).softmax(dim=1)
    filled = image.flatten(1).clone()  # (C, N)
    filled[:, rim] = (weights @ filled[:, whole].mT).mT  # (P, S) @ (S, C)
    return filled.view_as(image)


def copy_step(features, values, known, scale):
    """What each place takes from the known ones: (B, N, V)."""
    directions = F.normalize(features, dim=-1)  # (B, N, D)
    scores = scale * directions @ directions.mT  # (B, N, N)
    weights = scores.masked_fill(~known[:, None], -torch.inf).softmax(dim=-1)
    return weights @ values
