"""Checks for the exercises on soft attention.

Chapter: notebooks/mechanisms/soft.ipynb
"""

from visual_attention.chapters.soft import asked
from visual_attention.chapters.soft import mistakes as wrong
from visual_attention.exercises.means import LOOP
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

MAP = {"B images": 2, "H rows": 3, "W columns": 5}


@examined(
    points=4,
    right=wrong.softmax,
    axes=MAP,
    name="your weights",
    mistakes=wrong.SOFTMAX,
    without=(LOOP,),
    gradients=("scores",),
    about=About("Can you turn scores into shares?", "a softmax over places", 8, "warm-up"),
)
def check_spatial_softmax(draw, B, H, W):
    """Scores (B, 1, H, W) become weights that sum to 1 over the places of each image."""
    scores = draw(B, 1, H, W)
    yield scores
    yield special(0.5, "at another temperature", scores, draw.one_of(0.5, 3.0))
    yield special(0.5, "for scores of 1000", scores + 1000)


@examined(
    points=3,
    right=wrong.pool,
    axes={"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7},
    name="your weighted sum",
    mistakes=wrong.POOL,
    gradients=("features", "weights"),
    about=About("Can you look with them?", "attention pooling", 6),
)
def check_attention_pool(draw, B, C, H, W):
    """Features (B, C, H, W) and weights (B, 1, H, W) become their weighted sum (B, C)."""
    features = draw(B, C, H, W)
    yield features, draw.shares(B, 1, H, W, axes=3)
    yield special(1, "for weights that do not sum to 1", features, draw.unit(B, 1, H, W))


@examined(
    points=3,
    right=wrong.effective,
    axes=MAP,
    name="your number of places",
    mistakes=wrong.COUNT,
    about=About("At how many places does it look?", "entropy of a map", 10),
)
def check_effective_places(draw, B, H, W):
    """Weights (B, 1, H, W) become the exponential of their entropy, (B,)."""
    uneven = draw.shares(B, 1, H, W, axes=3)
    yield uneven
    zeros = (uneven * draw.mask(B, 1, H, W, share=0.6)).clone()
    yield special(1, "where some weights are exactly 0", zeros / zeros.sum((1, 2, 3), keepdim=True))


@examined(
    points=4,
    right=wrong.masked,
    axes=MAP,
    name="your weights",
    mistakes=wrong.MASKED,
    gradients=("scores",),
    about=About(
        "Can you refuse to look somewhere?", "a masked softmax that never breaks", 20, "takes thought"
    ),
)
def check_masked_spatial_softmax(draw, B, H, W):
    """A softmax over the places where the mask is True, and exactly 0 elsewhere."""
    scores, mask = draw(B, 1, H, W), draw.mask(B, 1, H, W)
    yield scores, mask
    yield special(0.5, "where forbidden places hold scores of 1000", scores.masked_fill(~mask, 1000.0), mask)
    yield special(0.5, "where allowed scores are near -1000", scores - 1000, mask)
    some = mask.clone()
    some[-1:] = False
    yield special(1, "where nothing is allowed", scores, some)


def learns(student, check: Check) -> None:
    """Whether a network around the pool learns to answer."""
    model, _ = asked.learn(check.part_of_network(student), steps=120)
    share = asked.accuracy(model, count=300)
    told = f"{share:.0%} of 300 new pictures after 120 steps."
    check.that(
        share > 0.6,
        points=2,
        good=f"A network around your pool learns to answer: {told}",
        bad=f"A network around your pool does not learn to answer: {told}",
    )


@examined(
    points=5,
    right=asked.query_pool,
    axes={
        "B images": 2,
        "C channels": 5,
        "H rows": 3,
        "W columns": 7,
        "Q numbers": 4,
        "d numbers": 11,
        "v numbers": 13,
    },
    name="your answer",
    mistakes=wrong.QUERY,
    gradients=("features", "query", "to_query", "to_key", "to_value"),
    after=(2, learns),
    about=About(
        "Can you make a pool that hears a query, and make it learn?",
        "query, key and value; training a pool",
        25,
    ),
)
def check_query_pool(draw, B, C, H, W, Q, d, v):
    """Features (B, C, H, W), a query (B, Q) and three matrices become the query's answer, (B, v)."""
    return draw(B, C, H, W), draw.fixed(B, Q), draw.fixed(Q, d), draw.fixed(C, d), draw.fixed(C, v)
