"""Checks for the exercises on generation.

Chapter: notebooks/applications/generation.ipynb
"""

import torch

from visual_attention.chapters.generation import mistakes
from visual_attention.exercises.report import Check, exercise


@exercise(points=3)
def check_noisy_point(student, check: Check):
    """Noise, pictures (B, C, H, W) and times (B,) become points on the lines between them."""
    cases = []
    for seed, size in enumerate([(5, 2, 3, 5), (3, 1, 7, 3)]):  # a batch as wide as its pictures
        noise, pictures = check.random(*size, seed=seed), check.random(*size, seed=seed + 7)
        cases.append((noise, pictures, check.random(size[0], seed=seed + 3).sigmoid()))
    got = [_like(check, case[0], check.call(student, *case), "your point") for case in cases]
    want = [mistakes.line(*case) for case in cases]
    check.equal(got, want, points=3, name="your point", mistakes=mistakes.in_point(cases))


@exercise(points=3)
def check_one_step(student, check: Check):
    """A half-made picture, what is foreseen and the number of the step become the next half-made picture."""
    cases = [
        (check.random(2, 3, 5, 7, seed=number), check.random(2, 3, 5, 7, seed=number + 9), number, steps)
        for number, steps in ((0, 4), (2, 5), (3, 11))
    ]
    got = [_like(check, case[0], check.call(student, *case), "your step") for case in cases]
    want = [mistakes.step(*case) for case in cases]
    if not check.equal(got, want, points=2, name="your step", mistakes=mistakes.in_step(cases)):
        return
    x, foreseen = check.random(1, 2, 3, 5), check.random(1, 2, 3, 5, seed=1)
    last = _like(check, x, check.call(student, x, foreseen, 6, 7), "your last step")
    good = "The last step ends where it was foreseen."
    check.equal(last, foreseen, points=1, name="your last step", good=good)


@exercise(points=3)
def check_counterpart_weight(student, check: Check):
    """Weights (B, h, N, N) become the mean weight of a patch on its mirror image in its row, (B, h)."""
    cases = []
    for seed, (b, h, rows, columns) in enumerate([(2, 3, 2, 4), (1, 2, 3, 5)]):
        n = rows * columns
        cases.append((check.random(b, h, n, n, seed=seed).softmax(-1), rows, columns))
    got = []
    for weights, rows, columns in cases:
        b, h, n, _ = weights.shape
        shapes = {
            (): "One number for all: each head of each picture has its own.",
            (b,): "The heads are averaged: each has its own number.",
            (h,): "The pictures are averaged: each has its own number.",
            (b, h, n): "That is a number for each patch: take their mean.",
            (b, h, 1): "An axis of size 1 remains.",
            (b, h, rows, columns): "That is a number for each patch: take their mean.",
            (b, h, n, n): "That is still a weight for each pair of patches.",
        }
        result = check.call(student, weights, rows, columns)
        got.append(check.tensor(result, shape=(b, h), shapes=shapes, name="your mean weight"))
    want = [mistakes.taken(w, mistakes.mirrored(r, c)).mean(2) for w, r, c in cases]
    wrong = mistakes.in_counterpart(cases)
    check.equal(got, want, points=3, name="your mean weight", atol=1e-6, mistakes=wrong)


@exercise(points=4)
def check_best_guess(student, check: Check):
    """Half-made pictures, times and all pictures there are become the pictures that one should expect."""
    cases = []
    for seed, (b, m, size) in enumerate([(4, 5, (2, 3, 3)), (3, 7, (1, 2, 5))]):
        pictures = 0.7 * check.random(m, *size, seed=seed)
        times = torch.linspace(0.2, 0.6, b)
        x = mistakes.line(check.random(b, *size, seed=seed + 5), pictures[:b], times)
        cases.append((x, times, pictures))
    got = []
    for x, times, pictures in cases:
        shapes = {
            (len(x), len(pictures)): "Those are weights: mix the pictures with them.",
            tuple(pictures.shape): "That is one for each picture of the set: one for each x is wanted.",
            tuple(x.shape[1:]): "The batch axis is lost.",
            (len(x), *pictures.shape): "The weighted pictures are not summed yet.",
        }
        result = check.call(student, x, times, pictures)
        got.append(check.tensor(result, shape=x.shape, shapes=shapes, name="your guess"))
    want = [mistakes.guess(*case) for case in cases]
    if not check.equal(got, want, points=3, name="your guess", mistakes=mistakes.in_guess(cases)):
        return
    pictures = cases[0][2]
    x, late = 0.99 * pictures[:3] + 0.3, torch.full((3,), 0.99)
    result = check.call(student, x, late, pictures)
    result = check.tensor(result, shape=x.shape, finite=False, name="your guess late")
    bad = (
        "Late, your guess is NaN: all likelihoods are too small for a float, and their sum is 0. Let torch's "
        "`softmax` do it, or subtract the largest score first."
    )
    if result.isfinite().all():
        bad = "Late, at time 0.99, your guess is not right."
    good = "Late, when every likelihood is tiny, the guess still holds."
    right = torch.allclose(result, mistakes.guess(x, late, pictures), atol=1e-4)
    check.that(right, points=1, good=good, bad=bad)


def _like(check: Check, x: torch.Tensor, got: torch.Tensor, name: str) -> torch.Tensor:
    shapes = {(len(x), *x.shape): "Each picture met the times of all others: that is a batch of batches."}
    return check.tensor(got, shape=x.shape, shapes=shapes, name=name)
