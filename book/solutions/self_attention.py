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
