"""Checks for the exercises on soft attention.

Chapter: notebooks/mechanisms/soft.ipynb
"""

import torch

from visual_attention.chapters.soft import asked, mistakes
from visual_attention.chapters.soft.mistakes import entropy, masked, softmax
from visual_attention.exercises.report import Check, exercise

SIZES = ((2, 1, 3, 5), (3, 1, 7, 2))


@exercise(points=4)
def check_spatial_softmax(student, check: Check):
    """Scores (B, 1, H, W) become weights that sum to 1 over the places of each image."""
    inputs = [check.random(*size, seed=seed) for seed, size in enumerate(SIZES)]
    got = [_map_like(scores, check, check.call(student, scores)) for scores in inputs]
    want = [softmax(scores) for scores in inputs]
    if not check.equal(got, want, points=1, name="your map of weights", mistakes=mistakes.in_softmax(inputs)):
        return

    hot = list(zip(inputs, (0.5, 3.0), strict=True))
    got = [_map_like(scores, check, check.call(student, scores, t)) for scores, t in hot]
    wrong = {
        "The temperature changes nothing: divide the scores by it. (What is added to all scores leaves a "
        "softmax as it is.)": want,
        "You multiply by the temperature: divide, so that heat spreads the weights.": [
            softmax(scores * t) for scores, t in hot
        ],
        "You divide the weights by the temperature: divide the scores, before the softmax.": [
            softmax(scores) / t for scores, t in hot
        ],
    }
    want = [softmax(scores / t) for scores, t in hot]
    wrong |= mistakes.in_softmax([scores / t for scores, t in hot])
    check.equal(got, want, points=1, name="your map at another temperature", mistakes=wrong)

    large = 1000 + 10 * inputs[0]
    got = check.call(student, large)
    check.that(
        isinstance(got, torch.Tensor) and got.isfinite().all(),
        points=1,
        good="Scores of 1000 do no harm.",
        bad="Scores of 1000 give NaN or infinity: `exp` overflows. Subtract the largest score first, or let "
        "torch's `softmax` do it.",
    )
    scores = inputs[0].clone().requires_grad_()
    check.gradients(check.call(student, scores), points=1, scores=scores)


@exercise(points=3)
def check_attention_pool(student, check: Check):
    """Features (B, C, H, W) and weights (B, 1, H, W) become their weighted sum (B, C)."""
    shares = [(check.random(2, 5, 3, 7), softmax(check.random(2, 1, 3, 7, seed=1)))]
    shares += [(check.random(1, 3, 5, 2, seed=2), softmax(check.random(1, 1, 5, 2, seed=3)))]
    gates = [(check.random(3, 2, 5, 7, seed=4), check.random(3, 1, 5, 7, seed=5).sigmoid())]
    right = []
    for pairs, name in ((shares, "your weighted sum"), (gates, "your sum with weights that do not sum to 1")):
        got = []
        for features, weights in pairs:
            shapes = mistakes.in_pool_shape(*features.shape)
            got.append(check.call(student, features, weights))
            check.tensor(got[-1], shape=features.shape[:2], shapes=shapes, name=name)
        want = [(features * weights).sum(dim=(2, 3)) for features, weights in pairs]
        right.append(check.equal(got, want, points=1, name=name, mistakes=mistakes.in_pool(pairs)))
    if not any(right):
        return
    features, weights = (tensor.clone().requires_grad_() for tensor in shares[0])
    got = check.call(student, features, weights)
    check.gradients(got, points=1, features=features, weights=weights)


@exercise(points=3)
def check_effective_places(student, check: Check):
    """Weights (B, 1, H, W) become the exponential of their entropy, (B,)."""
    equal = torch.full((2, 1, 3, 5), 1 / 15)
    uneven = softmax(torch.stack([check.random(1, 7, 3), 3 * check.random(1, 7, 3, seed=1)]))
    zeros = torch.zeros(3, 1, 5, 2)
    zeros[0, 0, 1, 1] = 1
    zeros[1, 0, :2] = 0.25
    zeros[2, 0, 3], zeros[2, 0, 4, 0] = 0.25, 0.5
    for weights, name in (
        (uneven, "your number for uneven weights"),
        (equal, "your number for equal weights on 15 places"),
        (zeros, "your number where some weights are exactly 0"),
    ):
        got = check.call(student, weights)
        batch, _, height, width = weights.shape
        shapes = mistakes.in_count_shape(batch, height, width)
        check.tensor(got, shape=(batch,), shapes=shapes, finite=False, name=name)
        check.equal(got, entropy(weights).exp(), points=1, name=name, mistakes=mistakes.in_count(weights))


@exercise(points=4)
def check_masked_spatial_softmax(student, check: Check):
    """A softmax over the places where the mask is True, and exactly 0 elsewhere."""
    inputs = [check.random(*size, seed=seed) for seed, size in enumerate(SIZES)]
    masks = [check.random(*size, seed=seed + 7) > 0 for seed, size in enumerate(SIZES)]
    got = [_map_like(s, check, check.call(student, s, m)) for s, m in zip(inputs, masks, strict=True)]
    want = [masked(s, m) for s, m in zip(inputs, masks, strict=True)]
    wrong = mistakes.in_mask(inputs, masks)
    if not check.equal(got, want, points=1, name="your map of weights", mistakes=wrong):
        return

    scores, mask = inputs[0], masks[0]
    tempting = scores.masked_fill(~mask, 1000.0)
    got = _map_like(scores, check, check.call(student, tempting, mask), finite=False)
    bad = "With a score of 1000 at forbidden places, the weights come out wrong: forbid before the softmax."
    check.that(_close(got, masked(tempting, mask)), points=0.5, good="Tempting scores are resisted.", bad=bad)

    low = scores - 1000
    got = _map_like(scores, check, check.call(student, low, mask), finite=False)
    bad = "With allowed scores near -1000, forbidden places win: the value you fill in is not low enough."
    if got.isnan().any() or not got.any():
        bad = "With allowed scores near -1000, nothing is left to share: exp(-1000) is 0."
    check.that(
        _close(got, masked(low, mask)), points=0.5, good="Very low scores still share the budget.", bad=bad
    )

    nothing = mask.clone()
    nothing[1] = False
    got = _map_like(scores, check, check.call(student, scores, nothing), finite=False)
    bad = "Where nothing is allowed, your weights are not 0."
    if got[1].isnan().any():
        bad = (
            "Where nothing is allowed, your weights are NaN (0 / 0, or a softmax of -inf alone): make them 0."
        )
    elif _close(got[1].sum(), torch.tensor(1.0)):
        bad = "Where nothing is allowed, your weights still sum to 1, on forbidden places: make them 0."
    check.that((got[1] == 0).all(), points=1, good="Where nothing is allowed, nothing gets weight.", bad=bad)

    scores = scores.clone().requires_grad_()
    check.gradients(check.call(student, scores, nothing), points=1, scores=scores)


@exercise(points=5)
def check_query_pool(student, check: Check):
    """Features (B, C, H, W), a query (B, Q) and three matrices become the query's answer, (B, v)."""
    inputs = [mistakes.asked_of(check, *sizes, seed=seed) for seed, sizes in enumerate(mistakes.ASKED_SIZES)]
    got = []
    for given in inputs:
        (b, c, h, w), d, v = given[0].shape, given[3].shape[1], given[4].shape[1]
        shapes = mistakes.in_query_shape(b, c, h, w, d, v)
        got.append(check.tensor(check.call(student, *given), shape=(b, v), shapes=shapes, name="your answer"))
    want = [asked.query_pool(*given) for given in inputs]
    if not check.equal(got, want, points=2, name="your answer", mistakes=mistakes.in_query(inputs)):
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


def _map_like(
    scores: torch.Tensor, check: Check, weights: torch.Tensor, *, finite: bool = True
) -> torch.Tensor:
    batch, _, height, width = scores.shape
    shapes = {
        (batch, height * width): "The weights may be right, but they are still flat: bring H and W back.",
        (batch, 1, height * width): "The weights may be right, but they are still flat: bring H and W back.",
        (batch, height, width): "The axis of size 1 is lost.",
        (batch, 1): "That is one number for each image: a sum?",
    }
    return check.tensor(weights, shape=scores.shape, shapes=shapes, finite=finite, name="your map of weights")


def _close(got: torch.Tensor, want: torch.Tensor) -> bool:
    return got.shape == want.shape and torch.allclose(got.detach(), want, atol=1e-5)
