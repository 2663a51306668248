"""Checks for the exercises on detection.

Chapter: notebooks/applications/detection.ipynb
"""

import torch

from visual_attention import boxes as reference
from visual_attention.chapters.detection import mistakes
from visual_attention.exercises.report import Check, exercise


@exercise(points=2)
def check_to_corners(student, check: Check):
    """Boxes (N, 4) by centre and size become boxes by left, top, right and bottom."""
    inputs = [mistakes.random_boxes(7, seed=0), mistakes.random_boxes(1, seed=1)]
    got = []
    for boxes in inputs:
        got.append(check.call(student, boxes))
        shapes = {
            (4, len(boxes)): "The axes are swapped: one row for each box.",
            (len(boxes), 2): "Only one corner is left: return both, four numbers for each box.",
            (len(boxes), 2, 2): "The values may be right, but a box is one row of four numbers.",
        }
        check.tensor(got[-1], shape=boxes.shape, shapes=shapes, name="your corners")
    want = [reference.to_corners(boxes) for boxes in inputs]
    if not check.equal(got, want, points=1, name="your corners", mistakes=mistakes.in_corners(inputs)):
        return
    boxes = inputs[0].clone().requires_grad_()
    check.gradients(check.call(student, boxes), points=1, boxes=boxes)


@exercise(points=5)
def check_generalised_iou(student, check: Check):
    """Pairs of boxes (N, 4) by corners become their generalised intersection over union (N,)."""
    first, second = (mistakes.random_corners(11, seed=seed) for seed in (0, 1))
    near = first + 0.03 * check.random(11, 4, seed=2).abs() * torch.tensor([-1.0, -1.0, 1.0, 1.0])
    apart = second + torch.tensor([1.0, 0.0, 1.0, 0.0])  # to the right, clear of all others
    corner = second + torch.tensor([1.0, 1.0, 1.0, 1.0])  # to the right and below: two overlaps below 0
    one = mistakes.random_corners(1, seed=3)
    for pairs, name, points in (
        ([(first, near), (one, one + 0.01)], "your number for boxes that overlap", 2),
        ([(first, apart)], "your number for boxes that do not touch", 1),
        ([(first, corner)], "your number for boxes apart in both directions", 1),
    ):
        got = []
        for a, b in pairs:
            got.append(check.call(student, a, b))
            shapes = {
                (len(a), len(a)): "That is a table of all pairs: compare row with row.",
                (len(a), 1): "An axis of size 1 remains: `keepdim`?",
                (len(a), 2): "Width and height are still apart: an area is their product.",
                (): "One number for all pairs: each pair has its own.",
            }
            check.tensor(got[-1], shape=(len(a),), shapes=shapes, name=name)
        want = [mistakes.generalised(a, b) for a, b in pairs]
        if not check.equal(got, want, points=points, name=name, mistakes=mistakes.in_overlap(pairs)):
            return
    first = first.clone().requires_grad_()
    check.gradients(check.call(student, first, apart), points=1, first=first)


@exercise(points=4)
def check_match(student, check: Check):
    """Costs (Q, O) become the query of each object (O,), such that the sum is least."""
    for number, (cost, name, points) in enumerate(mistakes.costs()):
        got = check.call(student, cost)
        shapes = {
            (cost.shape[0],): "That is an answer for each query. Wanted: the query of each object.",
            (
                2,
                cost.shape[1],
            ): "That is scipy's pair of rows and columns: bring them into the objects' order.",
            cost.shape: "That is a table: wanted is one whole number for each object.",
            (): "That is one number, the total cost perhaps: wanted is the query of each object.",
        }
        dtype = getattr(got, "dtype", None)
        check.tensor(
            got, shape=cost.shape[1:], shapes=shapes, dtype=torch.int64 if number else dtype or torch.int64
        )
        wrong = {text: result for text, result in mistakes.in_match(cost).items()}
        want = mistakes.best(cost)
        name = f"your matching for {name}"
        if not check.equal(got.double(), want.double(), points=points, name=name, mistakes=wrong):
            return


@exercise(points=4)
def check_suppress(student, check: Check):
    """Overlaps (N, N) and scores (N,) become the places of the kept boxes, best first."""
    for overlaps, scores, threshold, name in mistakes.crowds():
        options = {} if threshold == 0.5 else {"threshold": threshold}
        got = check.call(student, overlaps, scores, **options)
        check.tensor(got, dtype=torch.bool if getattr(got, "dtype", 0) is torch.bool else torch.int64)
        if got.dtype is torch.bool:
            check.stop("That is a mask of true and false: return the places, best first, as whole numbers.")
        if got.ndim != 1:
            check.stop(f"Wanted one row of places, got the shape {tuple(got.shape)}.")
        want = mistakes.suppressed(overlaps, scores, threshold)
        wrong = mistakes.in_suppression(overlaps, scores, threshold)
        name = f"your choice {name}"
        if not check.equal(got.double(), want.double(), points=1, name=name, mistakes=wrong):
            return
