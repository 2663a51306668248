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


def query_pool(features, query, to_query, to_key, to_value):
    """The values of all places, summed with the weights that the query gives them: (B, v)."""
    places = features.flatten(start_dim=2).transpose(1, 2)  # (B, C, H, W) -> (B, N, C)
    keys, values = places @ to_key, places @ to_value  # (B, N, d) and (B, N, v)
    asked = (query @ to_query).unsqueeze(2)  # (B, Q) -> (B, d, 1)
    scores = (keys @ asked).squeeze(2) / to_key.shape[1] ** 0.5  # (B, N)
    weights = scores.softmax(dim=1).unsqueeze(2)  # (B, N, 1), sums to 1 over the places
    return (weights * values).sum(dim=1)
