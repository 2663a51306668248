"""Checks for the exercises on segmentation.

Chapter: notebooks/applications/segmentation.ipynb
"""

import torch
from torch import Tensor

from visual_attention.chapters.segmentation import mistakes
from visual_attention.exercises.report import Check, exercise


@exercise(points=3)
def check_dice_score(student, check: Check):
    """Two batches of masks (B, 1, H, W) become their Dice scores, (B,)."""
    pairs = [_masks(check, *sizes, seed=seed) for seed, sizes in enumerate([(3, 5, 7), (2, 11, 3)])]
    empty = [torch.cat([one, torch.zeros_like(one[:1])]) for one in pairs[0]]
    got = [_scores(check, check.call(student, *pair), len(pair[0]), "your scores") for pair in pairs]
    want = [mistakes.dice(*pair) for pair in pairs]
    wrong = {text: [f(*pair) for pair in pairs] for text, f in mistakes.in_dice().items()}
    wrong = {text: results for text, results in wrong.items() if "empty masks" not in text}
    if not check.equal(got, want, points=2, name="your scores", mistakes=wrong):
        return
    name = "your scores where both masks are empty"
    got = _scores(check, check.call(student, *empty), len(empty[0]), name, finite=False)
    wrong = {text: f(*empty) for text, f in mistakes.in_dice().items()}
    check.equal(got, mistakes.dice(*empty), points=1, name=name, mistakes=wrong)


@exercise(points=4)
def check_attention_gate(student, check: Check):
    """A fine map gated by what it and a coarser map say together, by Oktay et al.'s formula."""
    cases = []
    for seed, (b, c, d, m, h, w) in enumerate([(2, 5, 3, 4, 3, 2), (1, 2, 7, 3, 2, 5)]):
        sizes = [(b, c, 2 * h, 2 * w), (b, d, h, w), (m, c, 2, 2), (m, d, 1, 1), (1, m, 1, 1)]
        cases.append([check.random(*size, seed=10 * seed + i) for i, size in enumerate(sizes)])
    got = []
    for case in cases:
        (b, c, height, width), (_, _, h, w) = case[0].shape, case[1].shape
        shapes = {
            (b, 1, height, width): "Those are the gates alone: multiply x by them.",
            (b, 1, h, w): "Those are the gates on the coarse grid: stretch them, and multiply x by them.",
        }
        result = check.call(student, *case)
        got.append(check.tensor(result, shape=case[0].shape, shapes=shapes, name="your gated map"))

    def each(function):
        return [function(*case) for case in cases]

    wrong = {text: each(function) for text, function in mistakes.in_gate().items()}
    want = each(lambda x, *rest: x * mistakes.stretched(mistakes.gates(x, *rest)))
    if not check.equal(got, want, points=3, name="your gated map", mistakes=wrong):
        return
    x, coarse, *rest = cases[0]
    x, coarse = x.clone().requires_grad_(), coarse.clone().requires_grad_()
    check.gradients(check.call(student, x, coarse, *rest), points=1, x=x, coarse=coarse)


@exercise(points=4)
def check_channel_attention(student, check: Check):
    """Features plus, times a gain, each channel's weighted mean of all channels, (B, C, H, W)."""
    cases = [
        (check.random(3, 5, 7, 2), torch.tensor(0.7)),
        (check.random(2, 3, 2, 5, seed=1), torch.tensor(-0.4)),
    ]
    got = []
    for x, gain in cases:
        b, c, h, w = x.shape
        shapes = {
            (b, c, h * w): "The map is still flat: bring H and W back.",
            (b, c, c): "Those are the weights alone: mix the channels by them.",
        }
        result = check.call(student, x, gain)
        got.append(check.tensor(result, shape=x.shape, shapes=shapes, name="your mixture"))
    wrong = {text: [f(*case) for case in cases] for text, f in mistakes.in_channels().items()}
    want = [mistakes.mixed(*case) for case in cases]
    if not check.equal(got, want, points=3, name="your mixture", mistakes=wrong):
        return
    x, gain = (tensor.clone().requires_grad_() for tensor in cases[0])
    check.gradients(check.call(student, x, gain), points=1, x=x, gain=gain)


@exercise(points=4)
def check_outline_score(student, check: Check):
    """Two batches of outlines (B, 1, H, W) and a tolerance in pixels become F-scores, (B,)."""
    cases = []
    for seed, (sizes, tolerance) in enumerate([((3, 11, 7), 1.0), ((2, 7, 13), 2.0), ((2, 9, 11), 1.5)]):
        cases.append((*_masks(check, *sizes, seed=seed + 5, above=1.5), tolerance))
    got = [_scores(check, check.call(student, *case), len(case[0]), "your F-scores") for case in cases]
    want = [mistakes.harmonic(*case) for case in cases]
    wrong = {text: [f(*case) for case in cases] for text, f in mistakes.in_outline().items()}
    if not check.equal(got, want, points=3, name="your F-scores", mistakes=wrong):
        return
    found, wanted, tolerance = cases[0]
    nothing = torch.zeros_like(found[:1])
    empty = (torch.cat([found[:2], nothing, nothing]), torch.cat([wanted[:1], nothing, wanted[:1], nothing]))
    name = "your F-scores where outlines are empty"
    got = _scores(check, check.call(student, *empty, tolerance), 4, name, finite=False)
    wrong = {text: f(*empty, tolerance) for text, f in mistakes.in_outline().items()}
    check.equal(got, mistakes.harmonic(*empty, tolerance), points=1, name=name, mistakes=wrong)


def _masks(check: Check, b: int, h: int, w: int, *, seed: int, above: float = 0.3) -> tuple[Tensor, Tensor]:
    """Two random batches of masks, none empty."""
    made = [check.random(b, 1, h, w, seed=2 * seed + i) > above for i in range(2)]
    made[0][:, :, 1, 2] = made[1][:, :, 2, 2] = True
    return made[0], made[1]


def _scores(check: Check, got, count: int, name: str, *, finite: bool = True) -> Tensor:
    shapes = {
        (): "One number for the whole batch: each image has its own.",
        (count, 1): "An axis of size 1 remains: sum over it too.",
        (count, 1, 1, 1): "The summed axes remain: `keepdim`?",
    }
    return check.tensor(got, shape=(count,), shapes=shapes, name=name, finite=finite)
