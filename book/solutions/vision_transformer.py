"""Reference solutions of the exercises in notebooks/mechanisms/vision_transformer.ipynb."""

import torch
from torch.nn import functional as F


def patchify(images, patch_size):
    """The pixels of each patch, patches row by row: (B, N, C * P * P)."""
    # (B, C, H, W) -> (B, C, H/P, P, W/P, P)
    patches = images.unflatten(3, (-1, patch_size)).unflatten(2, (-1, patch_size))
    return patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # (B, H/P, W/P, C, P, P), then flat


def sequence(patches, class_token, positions):
    """The class token, then the patches, each with its position added: (B, 1 + N, D)."""
    first = class_token.expand(len(patches), -1, -1)  # (1, 1, D) -> (B, 1, D)
    return torch.cat([first, patches], dim=1) + positions


def class_view(weights, grid):
    """What the class token takes from each patch in each head: (B, h, rows, columns)."""
    return weights[:, :, 0, 1:].unflatten(-1, grid)


def stretch(positions, grid):
    """Positions for another grid, bicubic, the class token's as it was: (1, 1 + rows * columns, D)."""
    first, rest = positions[:, :1], positions[:, 1:]
    side = round(rest.shape[1] ** 0.5)
    square = rest.unflatten(1, (side, side)).permute(0, 3, 1, 2)  # (1, M * M, D) -> (1, D, M, M)
    larger = F.interpolate(square, size=grid, mode="bicubic")
    return torch.cat([first, larger.flatten(2).transpose(1, 2)], dim=1)
