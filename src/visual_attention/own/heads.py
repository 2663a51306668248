"""How do you read a class from frozen tokens? Pool them to one vector, with attention or without.

Each head pools the tokens of a picture to one vector and reads the class from it by one linear layer. They
differ in the pooling alone: a learned query that attends to the patches, the transformer's class token, the
mean of the patches, their largest values. `fitting.py` trains them all alike.
"""

import torch
from torch import Tensor, nn

from visual_attention.mechanisms.inputs import require_positive, require_tokens

ATTENTION = "attention pool"
CLASS, MEAN, MAX = "class token", "mean of patches", "max of patches"
POOLS = (ATTENTION, CLASS, MEAN, MAX)
NARROW = 1e-3  # a number that hardly varies is divided by no less


def values(pool: str, tokens: Tensor) -> Tensor:
    """What a pool without weights makes of tokens, (B, 1 + N, D) -> (B, D); attention's before it learned."""
    if pool == CLASS:
        return tokens[:, 0]
    return tokens[:, 1:].amax(dim=1) if pool == MAX else tokens[:, 1:].mean(dim=1)


def spread(numbers: Tensor) -> Tensor:
    """The standard deviation of each number over the first axis, (n, D) -> (D,)."""
    return numbers.std(dim=0, unbiased=False).clamp(min=NARROW)


class Head(nn.Module):
    """Pool the tokens of a picture and read the class.

    What is pooled is standardised with the mean and spread of the training pictures, so that one rate of
    learning suits all pools. A query of zeros makes attention the mean of the patches.

    Args:
        pool: one of POOLS.
        dim: D, numbers of a token.
        classes: K.

    Shape:
        (B, 1 + N, D), the class token first -> scores (B, K). ``weights``: (B, N), non-negative, sums to 1.

    Raises:
        ValueError: if there is no such pool; at call, if there are no patches.
    """

    def __init__(self, pool: str = ATTENTION, *, dim: int, classes: int):
        super().__init__()
        if pool not in POOLS:
            raise ValueError(f"pool: wanted one of {', '.join(POOLS)}; got {pool!r}")
        require_positive(dim=dim, classes=classes)
        self.pool, self.dim = pool, dim
        if pool == ATTENTION:
            self.query = nn.Parameter(torch.zeros(dim))
        self.linear = nn.Linear(dim, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.register_buffer("center", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(dim))  # of what is pooled
        self.register_buffer(
            "unlike", torch.ones(dim)
        )  # spread of single patches, which the query is asked on

    def weights(self, tokens: Tensor) -> Tensor:
        """The share of each patch in what is read, (B, N); equal shares for all pools but attention."""
        require_tokens(tokens, dim=self.dim)
        if tokens.shape[1] < 2:
            raise ValueError(f"wanted a class token and at least one patch, got shape {tuple(tokens.shape)}")
        if self.pool != ATTENTION:
            return torch.full_like(tokens[:, 1:, 0], 1 / (tokens.shape[1] - 1))
        return torch.softmax(tokens[:, 1:] @ (self.query / self.unlike) / self.dim**0.5, dim=-1)

    def forward(self, tokens: Tensor) -> Tensor:
        shares = self.weights(tokens)
        if self.pool == ATTENTION:
            pooled = (shares[:, None] @ tokens[:, 1:])[:, 0]  # (B, 1, N) @ (B, N, D) -> (B, D)
        else:
            pooled = values(self.pool, tokens)
        return self.linear((pooled - self.center) / self.spread)
