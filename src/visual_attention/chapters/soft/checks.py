"""Checks for the exercises on soft attention.

Chapter: notebooks/mechanisms/soft.ipynb
"""

import torch

from visual_attention.chapters.soft import asked
from visual_attention.chapters.soft import mistakes as wrong
from visual_attention.exercises.means import LOOP
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import Check, exercise

MAP = {"B images": 2, "H rows": 3, "W columns": 5}


@examined(
    points=4,
    right=wrong.softmax,
    axes=MAP,
    name="your weights",
    mistakes=wrong.SOFTMAX,
    without=(LOOP,),
    gradients=("scores",),
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


@exercise(points=5)
def check_query_pool(student, check: Check):
    """Features (B, C, H, W), a query (B, Q) and three matrices become the query's answer, (B, v)."""
    inputs = [wrong.asked_of(check, *sizes, seed=seed) for seed, sizes in enumerate(wrong.ASKED_SIZES)]
    got = []
    for given in inputs:
        (b, c, h, w), d, v = given[0].shape, given[3].shape[1], given[4].shape[1]
        shapes = wrong.in_query_shape(b, c, h, w, d, v)
        got.append(check.tensor(check.call(student, *given), shape=(b, v), shapes=shapes, name="your answer"))
    want = [asked.query_pool(*given) for given in inputs]
    if not check.equal(got, want, points=2, name="your answer", mistakes=wrong.in_query(inputs)):
        return
    features, *rest = (tensor.clone() for tensor in inputs[0])
    features[1] *= 1000  # scores in the thousands for one picture, small ones for the other
    got = check.call(student, features, *rest)
    check.that(
        _close(got, asked.query_pool(features, *rest)),
        points=0.5,
        good="Scores in the thousands do no harm.",
        bad="With scores in the thousands for one picture of the batch, the weights come out wrong: `exp` "
        "overflows, or the largest score of the whole batch was subtracted.",
    )
    leaves = [tensor.clone().requires_grad_() for tensor in inputs[0]]
    names = ("features", "query", "to_query", "to_key", "to_value")
    got = check.call(student, *leaves)
    learns = check.gradients(got, points=0.5, **dict(zip(names, leaves, strict=True)))
    if not learns:
        return
    model, losses = asked.learn(lambda *given: check.call(student, *given), steps=120)
    share = asked.accuracy(model, count=300)
    check.that(
        share > 0.6,
        points=2,
        good=f"In 120 steps a network around your pool learns to answer: {share:.0%} of 300 new pictures.",
        bad=f"A network around your pool does not learn to answer: {share:.0%} of 300 new pictures after 120 "
        "steps.",
    )


def _close(got: torch.Tensor, want: torch.Tensor) -> bool:
    return got.shape == want.shape and torch.allclose(got.detach(), want, atol=1e-5)
