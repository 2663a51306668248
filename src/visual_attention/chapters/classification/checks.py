"""Checks for the exercises on classification.

Chapter: notebooks/applications/classification.ipynb
"""

import torch

from visual_attention.chapters.classification import mistakes as wrong
from visual_attention.exercises.properties import examined, special

WANTED = (16_779, 2_240, 15_830, 24_966, 11_019, 28_068, 400)  # parameters to be matched


@examined(points=3, right=wrong.width, axes={}, name="your width", mistakes=wrong.WIDTH, draws=1)
def check_matched_width(draw):
    """A number of parameters becomes the width of the plain network that has the nearest number."""
    yield from WANTED
    if draw.seed:  # not among the ordinary ones
        yield 3_000_000
    for width in (1, 13, 36, 50 + int(draw.whole(50))):
        middle = (
            wrong.count(width) + wrong.count(width + 1)
        ) // 2  # one parameter more, and the next width is nearer
        yield from (middle, middle + 1)


@examined(
    points=3,
    right=wrong.pointing,
    axes={"B images": 3, "h rows": 2, "w columns": 5, "P rows of pixels": 4, "Q columns of pixels": 7},
    name="your pointing score",
    mistakes=wrong.SCORE,
)
def check_pointing_score(draw, B, h, w, P, Q):
    """Weights (B, 1, h, w) and masks (B, 1, H, W) become the share of the weight on the object, (B,)."""
    return draw(B, 1, h, w).abs() + 0.01, draw.mask(B, 1, h * P, w * Q, share=0.4)


@examined(
    points=4,
    right=wrong.paired,
    axes={"S seeds": 5, "R draws": 41},
    name="your interval",
    mistakes=wrong.INTERVAL,
)
def check_paired_interval(draw, S, R):
    """Two rows of accuracies and draws of seeds become the mean difference and its 95 % interval, (3,)."""
    baseline = 40 + 10 * draw.fixed(S)
    return baseline + 4 * draw(S) + draw.one_of(6, -6), baseline, draw.whole(S, R, S) if S else baseline


@examined(
    points=4,
    right=wrong.gap,
    axes={"n pictures of a kind": 29, "K kinds": 3},
    name="your gap",
    mistakes=wrong.GAP,
    least={"n": 4},
)
def check_pointing_gap(draw, n, K):
    """Hits, right answers and kinds (B,) become the gap in accuracy between hits and misses within a kind."""
    kinds = torch.arange(K).repeat(n)[draw.order(K * n)]
    ease = 0.2 + 0.6 * kinds / K  # the higher the kind, the more of both
    hits = torch.rand(K * n, generator=draw.generator) < ease
    right = torch.rand(K * n, generator=draw.generator) < ease + 0.15 * hits
    for kind in range(K):
        hits[(kinds == kind).nonzero()[:2, 0]] = torch.tensor([True, False])
    yield hits, right, kinds
    four = torch.ones(4, dtype=torch.bool)
    alone = (
        torch.cat([hits, four, ~four]),
        torch.cat([right, four, four]),
        torch.cat([kinds, 11 * four, 12 * four]),
    )
    yield special(1, "where one kind has hits only, another misses only", *alone)
