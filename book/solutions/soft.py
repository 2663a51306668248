"""Reference solutions of the exercises in notebooks/mechanisms/soft.ipynb."""

import torch


def spatial_softmax(scores, temperature=1.0):
    """Weights of shape (B, 1, H, W) that sum to 1 over the places of each image."""
    flat = scores.flatten(start_dim=1) / temperature  # (B, 1, H, W) -> (B, H * W)
    return flat.softmax(dim=1).view_as(scores)


def attention_pool(features, weights):
    """The features summed over all places, each weighted: (B, C)."""
    return (features * weights).sum(dim=(2, 3))


def effective_places(weights):
    """The exponential of the entropy of each image's weights: (B,)."""
    entropy = -torch.xlogy(weights, weights).sum(dim=(1, 2, 3))  # xlogy knows that 0 ln 0 = 0
    return entropy.exp()


def masked_spatial_softmax(scores, mask):
    """Softmax over the places where mask is True, and exactly 0 elsewhere: (B, 1, H, W)."""
    lowest = torch.finfo(scores.dtype).min  # unlike -inf, it leaves no NaN where nothing is allowed
    flat = scores.masked_fill(~mask, lowest).flatten(start_dim=1)
    return flat.softmax(dim=1).view_as(scores).masked_fill(~mask, 0.0)
