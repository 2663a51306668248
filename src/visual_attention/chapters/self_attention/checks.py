"""Checks for the exercises on self-attention.

Chapter: notebooks/mechanisms/self_attention.ipynb
"""

import torch

from visual_attention.chapters.self_attention import mistakes as wrong
from visual_attention.chapters.self_attention import written
from visual_attention.exercises.means import ATTENTION, LOOP
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check


@examined(
    points=3,
    right=wrong.attention,
    axes={"B images": 2, "N queries": 3, "M keys": 5, "d numbers": 7, "e numbers": 11},
    mistakes=wrong.ATTEND,
    gradients=("queries", "keys", "values"),
    without=(LOOP, ATTENTION),
    about=About("Can you let tokens mix?", "scaled dot-product attention", 12),
)
def check_attend(draw, B, N, M, d, e):
    """Queries (B, N, d), keys (B, M, d) and values (B, M, e) become what each query takes, (B, N, e)."""
    return 2 * draw(B, N, d), 2 * draw.fixed(B, M, d), draw(B, M, e)


@examined(
    points=2,
    right=wrong.split,
    axes={"B images": 2, "N tokens": 5, "h heads": 3, "d numbers": 4},
    mistakes=wrong.SPLIT,
    about=About("Can you split the heads?", "heads: axes and views", 8),
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
    about=About("Can you stop them from looking at themselves?", "masking before the softmax", 10),
)
def check_others_only(draw, B, N):
    """Scores (B, N, N) become weights (B, N, N) with nothing on the diagonal; each row sums to 1."""
    scores = 2 * draw(B, N, N)
    yield scores
    yield special(1, "where a token resembles itself by far the most", scores + 200 * torch.eye(N))


def learns(student, check: Check) -> None:
    """Whether a network around the answer learns to find twins."""
    share = written.accuracy(written.learn(check.part_of_network(student)))
    told = f"it names {share:.0%} of the twins after 200 steps; without a choice it would be 31 %."
    check.that(
        share > 0.8,
        points=2,
        good=f"A network around your heads finds twins: {told}",
        bad=f"A network around your heads does not find twins: {told}",
    )


@examined(
    points=6,
    right=wrong.multi_head,
    axes={"B images": 2, "N tokens": 7, "h heads": 3, "d numbers": 5},
    mistakes=wrong.HEADS,
    gradients=("tokens", "in_weight", "in_bias", "out_weight", "out_bias"),
    without=(ATTENTION,),
    after=(2, learns),
    about=About(
        "Make it learn: can you write the module?",
        "attention with several heads, trained in a network",
        30,
        "takes thought",
    ),
)
def check_multi_head_attention(draw, B, N, h, d):
    """Tokens (B, N, D) and the numbers of two linear layers become what h heads take, joined, (B, N, D)."""
    D = h * d
    return draw(B, N, D), draw.fixed(3 * D, D), draw.fixed(3 * D), draw.fixed(D, D), draw.fixed(D), h
