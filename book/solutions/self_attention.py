"""Reference solutions of the exercises in notebooks/mechanisms/self_attention.ipynb."""

import torch


def attend(queries, keys, values):
    """What each query takes from the values, (B, N, e)."""
    scores = queries @ keys.transpose(1, 2) / queries.shape[-1] ** 0.5  # (B, N, M)
    return scores.softmax(dim=-1) @ values


def split_heads(tokens, heads):
    """Each head's own numbers of each token, (B, h, N, D / h)."""
    batch, count, width = tokens.shape
    return tokens.view(batch, count, heads, width // heads).transpose(1, 2)


def others_only(scores):
    """Weights (B, N, N) with which no token takes anything from itself."""
    own = torch.eye(scores.shape[-1], dtype=torch.bool, device=scores.device)
    return scores.masked_fill(own, -torch.inf).softmax(dim=-1)


def multi_head_attention(tokens, in_weight, in_bias, out_weight, out_bias, heads):
    """What the heads take, joined by the last layer, (B, N, D)."""
    three = tokens @ in_weight.T + in_bias  # (B, N, 3D)
    split = three.unflatten(2, (3, heads, -1))  # (B, N, 3, h, D / h)
    queries, keys, values = split.permute(2, 0, 3, 1, 4)  # three of (B, h, N, D / h)
    scores = queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5  # (B, h, N, N)
    mixed = scores.softmax(dim=-1) @ values  # (B, h, N, D / h)
    joined = mixed.transpose(1, 2).flatten(2)  # head after head, (B, N, D)
    return joined @ out_weight.T + out_bias
