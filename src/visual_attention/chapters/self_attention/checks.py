"""Checks for the exercises on self-attention.

Chapter: notebooks/mechanisms/self_attention.ipynb
"""

import torch

from visual_attention.chapters.self_attention import mistakes as wrong
from visual_attention.exercises.means import ATTENTION, LOOP
from visual_attention.exercises.properties import examined, special


@examined(
    points=3,
    right=wrong.attention,
    axes={"B images": 2, "N queries": 3, "M keys": 5, "d numbers": 7, "e numbers": 11},
    mistakes=wrong.ATTEND,
    gradients=("queries", "keys", "values"),
    without=(LOOP, ATTENTION),
)
def check_attend(draw, B, N, M, d, e):
    """Queries (B, N, d), keys (B, M, d) and values (B, M, e) become what each query takes, (B, N, e)."""
    return 2 * draw(B, N, d), 2 * draw.fixed(B, M, d), draw(B, M, e)


@examined(
    points=2,
    right=wrong.split,
    axes={"B images": 2, "N tokens": 5, "h heads": 3, "d numbers": 4},
    mistakes=wrong.SPLIT,
)
def check_split_heads(draw, B, N, h, d):
    """Tokens (B, N, D) become (B, h, N, D / h): head 0 gets the first D / h numbers of each token."""
    return draw(B, N, h * d), h


@examined(
    points=3,
    right=wrong.others,
    axes={"B images": 2, "N tokens": 5},
    name="your weights",
    mistakes=wrong.OTHERS,
    least={"N": 2},
    gradients=("scores",),
)
def check_others_only(draw, B, N):
    """Scores (B, N, N) become weights (B, N, N) with nothing on the diagonal; each row sums to 1."""
    scores = 2 * draw(B, N, N)
    yield scores
    yield special(1, "where a token resembles itself by far the most", scores + 200 * torch.eye(N))
