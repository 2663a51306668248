"""Checks for the exercises on tracking.

Chapter: notebooks/applications/tracking.ipynb
"""

import torch

from visual_attention.chapters.tracking import mistakes
from visual_attention.exercises.report import Check, exercise

THRESHOLDS = torch.tensor([0.0, 0.2, 0.25, 0.5, 0.8])


@exercise(points=3)
def check_success_curve(student, check: Check):
    """Overlaps (F,), presence (F,) and thresholds (K,) become the share of frames above each, (K,)."""
    plain = (torch.linspace(0.03, 0.97, 7), torch.ones(7, dtype=torch.bool), THRESHOLDS)
    present = torch.arange(11) % 3 != 1
    gone = (0.1 + 0.8 * check.random(11).sigmoid(), present, THRESHOLDS)
    exact = (torch.tensor([0.25, 0.5, 0.5, 0.9]), torch.ones(4, dtype=torch.bool), THRESHOLDS)
    for given, name in (
        (plain, "your curve"),
        (gone, "your curve where the target is gone in some frames"),
        (exact, "your curve where overlaps lie exactly at a threshold"),
    ):
        frames, steps = len(given[0]), len(given[2])
        shapes = {
            (): "One number for all thresholds: each has its own.",
            (frames,): "That is a value for each frame: wanted is one for each threshold.",
            (frames, steps): "That is a table of frames and thresholds: take the share over the frames.",
            (steps, frames): "That is a table of thresholds and frames: take the share over the frames.",
            (1, steps): "An axis of size 1 remains: `keepdim`?",
        }
        got = check.call(student, *given)
        check.tensor(got, shape=(steps,), shapes=shapes, name=name)
        want = mistakes.success_curve(*given)
        if not check.equal(got, want, points=1, name=name, mistakes=mistakes.in_success(*given)):
            return


@exercise(points=4)
def check_correlate(student, check: Check):
    """Search features (B, d, H, W) and templates (B, d, h, w) become a map (B, H - h + 1, W - w + 1)."""
    pairs = [(check.random(3, 2, 7, 11), check.random(3, 2, 3, 3, seed=1))]
    pairs += [(check.random(2, 5, 6, 9, seed=2), check.random(2, 5, 3, 3, seed=3))]
    oblong = [(check.random(2, 3, 8, 7, seed=4), check.random(2, 3, 5, 2, seed=5))]
    for given, name, points in (
        (pairs, "your map", 2),
        (oblong, "your map for a template that is higher than wide", 1),
    ):
        got = []
        for search, template in given:
            made = mistakes.correlate(search, template)
            got.append(check.call(student, search, template))
            shapes = mistakes.in_map_shape(search, template)
            check.tensor(got[-1], shape=made.shape, shapes=shapes, name=name)
        want = [mistakes.correlate(*pair) for pair in given]
        if not check.equal(got, want, points=points, name=name, atol=1e-4, mistakes=mistakes.in_map(given)):
            return
    search, template = (tensor.clone().requires_grad_() for tensor in pairs[0])
    check.gradients(check.call(student, search, template), points=1, search=search, template=template)


@exercise(points=5)
def check_cross_attend(student, check: Check):
    """Queries (B, N, d), keys (B, M, d) and a mask (B, M) become how well each place fits, (B, N)."""
    all_parts = torch.ones(3, 5, dtype=torch.bool)
    some = check.random(3, 5, seed=9) > -0.2
    some[:, 0] = True
    queries, keys = check.random(3, 7, 4), check.random(3, 5, 4, seed=1)
    for given, name, points in (
        ((queries, keys, all_parts, 1.0), "your fit", 1),
        ((queries, keys, all_parts, 0.2), "your fit at a temperature of 0.2", 1),
        ((queries, keys, some, 0.5), "your fit where the mask leaves parts out", 1),
        ((queries, 100 * keys, some, 0.001), "your fit at a temperature of 0.001", 1),
    ):
        got = check.call(student, *given)
        shapes = {
            (3, 5): "That is a number for each part: wanted is one for each place. Who asks whom?",
            (3, 7, 5): "That is a table of places and parts: sum over the parts, weighted.",
            (3, 7, 4): "That is a mixture of keys: wanted is one number for each place.",
            (3, 7, 1): "An axis of size 1 remains: `keepdim`?",
            (3,): "One number for each image: each place has its own.",
            (): "One number for everything: each place has its own.",
        }
        check.tensor(got, shape=(3, 7), shapes=shapes, name=name)
        want, wrong = mistakes.attend(*given), mistakes.in_fit(*given)
        if not check.equal(got, want, points=points, name=name, mistakes=wrong):
            return
    queries, keys = queries.clone().requires_grad_(), keys.clone().requires_grad_()
    got = check.call(student, queries, keys, some, 0.5)
    check.gradients(got, points=1, queries=queries, keys=keys)
