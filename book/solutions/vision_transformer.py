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


def transformer_block(tokens, state, heads):
    """What the tokens are after a block, (B, N, D)."""

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def norm(x, name):
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, eps=1e-6)

    three = linear(norm(tokens, "norm1"), "attn.qkv").unflatten(2, (3, heads, -1))  # (B, N, 3, h, D / h)
    queries, keys, values = three.permute(2, 0, 3, 1, 4)  # three of (B, h, N, D / h)
    weights = (queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5).softmax(dim=-1)
    looked = linear((weights @ values).transpose(1, 2).flatten(2), "attn.proj")
    tokens = tokens + state["ls1.gamma"] * looked
    thought = linear(F.gelu(linear(norm(tokens, "norm2"), "mlp.fc1")), "mlp.fc2")
    return tokens + state["ls2.gamma"] * thought
