"""Checks for the exercises on classification.

Chapter: notebooks/applications/classification.ipynb
"""

import torch

from visual_attention.chapters.classification import mistakes
from visual_attention.exercises.report import Check, exercise

WANTED = (
    16_779,
    2_240,
    15_830,
    24_966,
    11_019,
    28_068,
)  # parameters of the network to be matched, and others


@exercise(points=3)
def check_pointing_score(student, check: Check):
    """Weights (B, 1, h, w) and masks (B, 1, H, W) become the share of the weight on the object, (B,)."""
    pairs = []
    for seed, (b, h, w, high, wide) in enumerate([(3, 2, 5, 3, 2), (1, 7, 3, 2, 5)], start=4):
        weights = check.random(b, 1, h, w, seed=seed).exp()
        masks = torch.zeros(b, 1, h * high, w * wide, dtype=torch.bool)
        masks[..., 1 : 2 * high, 1 : 2 * wide + 1] = True  # cuts through cells
        pairs.append((weights, masks))
    got = []
    for weights, masks in pairs:
        b, _, h, w = weights.shape
        shapes = {
            (): "One number for the whole batch: each image has its own.",
            (b, 1): "The axis of size 1 remains: sum over it too.",
            (b, 1, 1, 1): "The summed axes remain: `keepdim`?",
            (b, 1, h, w): "You did not sum over the places.",
        }
        name = "your pointing score"
        got.append(check.tensor(check.call(student, weights, masks), shape=(b,), shapes=shapes, name=name))
    want = [mistakes.score(weights, mistakes.covered(weights, masks)) for weights, masks in pairs]
    wrong = mistakes.in_score(pairs)
    if not check.equal(got, want, points=2, name="your pointing score", mistakes=wrong):
        return
    weights = pairs[0][0].clone().requires_grad_()
    check.gradients(check.call(student, weights, pairs[0][1]), points=1, weights=weights)


@exercise(points=3)
def check_matched_width(student, check: Check):
    """A number of parameters becomes the width of the plain network that has the nearest number."""
    got = []
    for wanted in WANTED:
        width = check.call(student, wanted)
        if isinstance(width, torch.Tensor) and width.numel() == 1 and not width.is_complex():
            width = width.item() if width.layout == torch.strided else width
        if isinstance(width, bool) or not isinstance(width, int):
            check.stop(f"A width is a whole number of channels: wanted an `int`, got {type(width).__name__}.")
        if abs(width) > 10**9:
            check.stop("That many channels fit no computer.")
        got.append(float(width))
    want = torch.tensor([float(mistakes.nearest(wanted)) for wanted in WANTED])
    wrong = mistakes.in_width(WANTED)
    check.equal(torch.tensor(got), want, points=3, name="your width", mistakes=wrong)


@exercise(points=4)
def check_paired_interval(student, check: Check):
    """Two rows of accuracies and draws of seeds become the mean difference and its 95 % interval, (3,)."""
    cases = []
    for seed, (seeds, draws) in enumerate([(5, 400), (7, 251)]):
        generator = torch.Generator().manual_seed(seed)
        baseline = 40 + 10 * check.random(seeds, seed=seed)
        treatment = baseline + 12 + 6 * check.random(seeds, seed=seed + 9) ** 2
        cases.append((treatment, baseline, torch.randint(seeds, (draws, seeds), generator=generator)))
    got = []
    for treatment, baseline, draws in cases:
        shapes = {
            (2,): "Three numbers are wanted: the mean difference, then the two ends.",
            (1,): "Three numbers are wanted: the mean difference, then the two ends.",
            (): "Three numbers are wanted: the mean difference, then the two ends.",
            (len(draws),): "Those are the means of all draws: take two quantiles of them.",
            (len(baseline),): "Those are the differences, seed by seed: their mean and interval are wanted.",
            (3, 1): "An axis of size 1 remains.",
        }
        result = check.call(student, treatment, baseline, draws)
        got.append(check.tensor(result, shape=(3,), shapes=shapes, name="your interval"))
    want = [mistakes.interval(t - b, d) for t, b, d in cases]
    wrong = mistakes.in_interval(cases)
    middles = [result[0] for result in got]
    right = [result[0] for result in want]
    first = {text: [r[0] for r in results] for text, results in wrong.items()}
    first = {
        text: r for text, r in first.items() if any(abs(a - b) > 1e-3 for a, b in zip(r, right, strict=True))
    }
    whole = check.equal(got, want, points=3, name="your interval", atol=1e-4, mistakes=wrong)
    if whole:
        check.that(True, points=1, good="The mean difference is right.", bad="")
    else:
        check.equal(middles, right, points=1, name="your mean difference", atol=1e-4, mistakes=first)


@exercise(points=4)
def check_pointing_gap(student, check: Check):
    """Hits, right answers and kinds (B,) become the gap in accuracy between hits and misses within a kind."""
    cases = [case(seed, count, kinds) for seed, (count, kinds) in enumerate([(90, 3), (161, 5)])]
    alone = [lonely(*one) for one in cases]  # as before, and a kind that has hits only
    name = "your gap"
    got = [gap_of(check, student, one, name) for one in cases]
    want = [mistakes.gap(*one) for one in cases]
    if not check.equal(got, want, points=3, name=name, mistakes=mistakes.in_gap(cases)):
        return
    name = "your gap where one kind has hits only"
    got = [gap_of(check, student, one, name, finite=False) for one in alone]
    want = [mistakes.gap(*one) for one in alone]
    check.equal(got, want, points=1, name=name, mistakes=mistakes.in_gap(alone))


def gap_of(check: Check, student, one: tuple, name: str, *, finite: bool = True) -> torch.Tensor:
    """One answer, as a scalar."""
    result = check.call(student, *one)
    if isinstance(result, float) and not isinstance(result, bool):
        result = torch.tensor(result)
    shapes = {
        (1,): "An axis of size 1 remains: one number is wanted.",
        (len(one[2].unique()),): "That is a number for each kind: average them.",
        (2,): "Those are two numbers: one gap is wanted.",
    }
    return check.tensor(result, shape=(), shapes=shapes, finite=finite, name=name)


def case(seed: int, count: int, kinds: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hits, right answers and kinds: the higher the kind, the more of both."""
    generator = torch.Generator().manual_seed(seed)
    kind = torch.randint(kinds, (count,), generator=generator)
    ease = 0.2 + 0.6 * kind / kinds
    hits = torch.rand(count, generator=generator) < ease
    right = torch.rand(count, generator=generator) < ease + 0.15 * hits
    return hits, right, kind


def lonely(
    hits: torch.Tensor, right: torch.Tensor, kinds: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same with four pictures of a kind that the map never misses."""
    four = torch.ones(4, dtype=torch.bool)
    return torch.cat([hits, four]), torch.cat([right, four]), torch.cat([kinds, 11 * four])
