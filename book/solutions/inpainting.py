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


def paste(patches, height, width, size):
    """A patch around each place, the mean where they overlap: (B, N, C * size ** 2) -> (B, C, H, W)."""
    total = F.fold(patches.mT, (height, width), size, padding=size // 2)
    count = F.fold(torch.ones_like(patches).mT, (height, width), size, padding=size // 2)
    return total / count
