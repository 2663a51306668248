"""Checks for the exercises on classification.

Chapter: notebooks/applications/classification.ipynb
"""

from collections.abc import Callable

import torch

from visual_attention.chapters.classification import mistakes as wrong
from visual_attention.chapters.classification import written
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

NAMED, ON_GARMENT = 0.45, 0.5  # what a head must reach; see `written.main`
WANTED = (16_779, 2_240, 15_830, 24_966, 11_019, 28_068, 400)  # parameters to be matched


@examined(
    points=3,
    right=wrong.width,
    axes={},
    name="your width",
    mistakes=wrong.WIDTH,
    draws=1,
    about=About("How wide may the rival be?", "counting parameters for a fair rival", 12, "warm-up"),
)
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
    about=About("How much of the weight lies on the object?", "a score for where weight lies", 12),
)
def check_pointing_score(draw, B, h, w, P, Q):
    """Weights (B, 1, h, w) and masks (B, 1, H, W) become the share of the weight on the object, (B,)."""
    return draw(B, 1, h, w).abs() + 0.01, draw.mask(B, 1, h * P, w * Q, share=0.4)


@examined(
    points=4,
    right=wrong.held,
    axes={"B images": 3, "h rows": 2, "w columns": 5, "P rows of pixels": 4, "Q columns of pixels": 7},
    name="your map",
    mistakes=wrong.HELD,
    about=About("Can you hold a map on the object?", "an intervention on attention", 15),
)
def check_held_map(draw, B, h, w, P, Q):
    """Weights (B, 1, h, w) that sum to 1 and masks (B, 1, H, W) become weights on the object alone."""
    weights = draw(B, 1, h, w).abs() + 0.01
    return weights / weights.sum((1, 2, 3), keepdim=True), draw.mask(B, 1, h * P, w * Q, share=0.4)


@examined(
    points=4,
    right=wrong.gap,
    axes={"n pictures of a kind": 29, "K kinds": 3},
    name="your gap",
    mistakes=wrong.GAP,
    least={"n": 4},
    about=About(
        "Is it the looking, or the size?", "confounding, and comparing within strata", 25, "takes thought"
    ),
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


def learns(student: Callable, check: Check) -> None:
    """Whether a head with such a pool learns to find and to name a garment in a scene."""
    model = written.learn(check.part_of_network(student))
    share, weight = written.accuracy(model), written.on_garment(model)
    told = f"it names {share:.0%} of the unseen garments (guessing names 10 %)"
    check.that(
        share > NAMED,
        points=1,
        good=f"A head with your pool learns to name a garment in a scene: {told}.",
        bad=f"A head with your pool hardly learns to name a garment in a scene: {told}.",
    )
    told = f"{weight:.0%} of the weight lies on the garment's square, which is a quarter of the picture"
    check.that(
        ON_GARMENT < weight < 1.01,
        points=1,
        good=f"And nobody told it where to look: {told}.",
        bad=f"It does not look at the garment: {told}.",
    )


@examined(
    points=6,
    right=wrong.attentive,
    axes={"B images": 3, "N patches": 7, "D numbers": 5},
    name="your pool",
    mistakes=wrong.ATTENTIVE,
    gradients=("patches", "query"),
    without=(ATTENTION,),
    after=(2, learns),
    about=About(
        "Make it learn: can you pool frozen features by attention?",
        "attentive pooling, trained on frozen features",
        25,
        "takes thought",
    ),
)
def check_attentive_pool(draw, B, N, D):
    """Patches (B, N, D) and a query (D,) become one vector for each image, (B, D)."""
    return draw(B, N, D), draw.fixed(D)
