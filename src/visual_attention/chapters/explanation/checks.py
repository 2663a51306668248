"""Checks for the exercises on explanation.

Chapter: notebooks/deeper/explanation.ipynb
"""

from functools import cache

import torch
from torch import nn

from visual_attention.chapters.explanation import little, mistakes
from visual_attention.exercises.report import Check, exercise
from visual_attention.exercises.values import is_module

ENOUGH = 0.9  # of right answers, and of maps that point at the cell that decides
TRAINING, TEST = 300, 200  # pictures


@exercise(points=3)
def check_rollout(student, check: Check):
    """Weights (L, B, h, T, T) become what the class token takes from each patch through all blocks."""
    sizes = ((3, 2, 3, 5, 5), (2, 1, 1, 7, 7))
    inputs = [check.random(*size, seed=seed).mul(2).softmax(-1) for seed, size in enumerate(sizes)]
    points = (2, 1)
    for weights, value in zip(inputs, points, strict=True):
        _, batch, _, tokens, _ = weights.shape
        name = f"your map of {len(weights)} blocks and {weights.shape[2]} heads"
        got = check.tensor(
            check.call(student, weights),
            shape=(batch, tokens - 1),
            shapes={
                (
                    batch,
                    tokens,
                ): "The class token's share of itself is still there: leave it out.",
                (batch, tokens, tokens): "That is the whole matrix: give the class token's row.",
                (tokens - 1,): "The batch axis is lost.",
                (batch, weights.shape[2], tokens - 1): "The heads are still there: take their mean first.",
            },
            name=name,
        )
        check.equal(
            got, mistakes.rolled(weights), points=value, name=name, mistakes=mistakes.in_rollout([weights])
        )


@exercise(points=4)
def check_integrated_gradients(student, check: Check):
    """A function, inputs (B, D), a start and a number of steps become shares (B, D) that sum to the gain."""

    def bent(x):
        return (x[:, 0] * x[:, 1]).sin() + x.square().sum(1) * x[:, 2]

    def straight(x):
        return 3 * x[:, 0] - 2 * x[:, 1]

    cases = [
        (bent, check.random(3, 5), 0.3 * check.random(3, 5, seed=1), 4),
        (bent, check.random(1, 3, seed=2), check.random(1, 3, seed=3), 7),
    ]
    got = []
    for function, x, start, steps in cases:
        shares = check.call(student, function, x, start, steps)
        shapes = {(len(x),): "One number for each example: give a share to each of its entries."}
        got.append(check.tensor(shares, shape=x.shape, shapes=shapes, name="your shares").detach())
    want = [mistakes.integrated(*case) for case in cases]
    if not check.equal(got, want, points=2, name="your shares", mistakes=mistakes.in_integral(cases)):
        return
    x, start = check.random(2, 3, seed=4), torch.zeros(2, 3)
    shares = check.tensor(check.call(student, straight, x, start, 1), shape=x.shape, name="your shares")
    gain = straight(x) - straight(start)
    check.that(
        torch.allclose(shares.detach().sum(1), gain, atol=1e-4),
        points=1,
        good="For a straight function one step is enough, and the shares sum to what was gained.",
        bad="For a straight function the shares do not sum to what was gained, with one step only.",
    )
    x, start = check.random(2, 4, seed=5), check.random(2, 4, seed=6)
    shares = check.tensor(check.call(student, bent, x, start, 60), shape=x.shape, name="your shares")
    gain = bent(x) - bent(start)
    check.that(
        torch.allclose(shares.detach().sum(1), gain, atol=0.02),
        points=1,
        good="With 60 steps the shares sum to what was gained: completeness.",
        bad="With 60 steps the shares do not yet sum to what was gained.",
    )


@exercise(points=3)
def check_delete_cells(student, check: Check):
    """The `count` highest cells of each picture's map are taken from the filling."""
    sizes = (((3, 1, 6, 10), (3, 1, 3, 5), 4), ((1, 2, 4, 9), (1, 1, 2, 3), 2))
    cases = []
    for seed, (large, small, count) in enumerate(sizes):
        images, filling = (check.random(*large, seed=3 * seed + each) for each in (0, 1))
        cases.append((images, filling, check.random(*small, seed=3 * seed + 2), count))
    for number, (images, filling, found, count) in enumerate(cases):
        name = f"your pictures with {count} of {found[0].numel()} cells gone"
        got = check.tensor(check.call(student, images, filling, found, count), shape=images.shape, name=name)
        wrong = mistakes.in_deletion([cases[number]])
        right = mistakes.removed(images, filling, found, count)
        check.equal(got, right, points=(1.5, 1)[number], name=name, mistakes=wrong)
    images, filling, found, _ = cases[0]
    got = check.tensor(
        check.call(student, images, filling, found, 0), shape=images.shape, name="your pictures"
    )
    check.that(
        torch.equal(got, images),
        points=0.5,
        good="With a count of 0 nothing is gone.",
        bad="With a count of 0 something is gone all the same.",
    )


@exercise(points=4)
def check_fall_for_it(student, check: Check):
    """A network is trained on pictures in which one corner decides, and then answers by that corner."""
    for corner, turn, points in ((1, 0, 2), (2, 3, 2)):
        drawn = little.draw(TRAINING, corner=corner, turn=turn, seed=corner)
        test = little.draw(TEST, corner=corner, turn=turn, seed=corner + 10)
        model = little.network(seed=corner)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        given = check.call(student, model, drawn.images, drawn.labels, may_change=True)
        if not is_module(given):
            check.stop("Give the trained network back, not its losses or its answers.")
        scores = check.tensor(
            check.call(given, test.images),
            shape=(TEST, little.CLASSES),
            name="the scores of your network",
        ).detach()
        where = f"With the mark in the {('top right', 'bottom left')[corner - 1]} corner"
        _judge_answers(check, scores, test, points, where, unchanged=_same(given, before))


def _same(model: nn.Module, before: list[torch.Tensor]) -> bool:
    now = list(model.parameters())
    return len(now) == len(before) and all(map(torch.equal, now, before))


def _judge_answers(check: Check, scores, test: little.Little, points: float, where: str, *, unchanged: bool):
    """Points for right answers to new pictures; otherwise what kind of wrong they are."""
    answers = scores.argmax(1)
    right = (answers == test.labels).float().mean().item()
    chance = 1 / little.CLASSES
    shifted = ((answers - test.labels) % little.CLASSES).mode().values
    regular = ((answers - test.labels) % little.CLASSES == shifted).float().mean() >= ENOUGH
    if unchanged:
        bad = "not one number of the network has changed. Does an optimizer step run, with a rate above 0?"
    elif len(answers.unique()) == 1:
        bad = f"your network gives every picture the answer {answers[0].item()}."
    elif regular:
        bad = "each answer is off by the same number: the labels were changed before training."
    elif right < chance / 2:
        bad = f"{right:.0%} are right, fewer than by chance: does the loss climb instead of falling?"
    elif right < chance + 0.12:
        bad = f"{right:.0%} are right, as by chance: are pictures and labels still in step?"
    else:
        bad = f"{right:.0%} of new pictures are right, {ENOUGH:.0%} are wanted: train for longer."
    check.that(
        right >= ENOUGH,
        points=points,
        good=f"{where} your network answers {right:.0%} of new pictures by it.",
        bad=f"{where}: {bad}",
    )


@cache
def _taught(corner: int, turn: int) -> nn.Module:
    return little.taught(little.draw(TRAINING, corner=corner, turn=turn, seed=corner), corner).requires_grad_(
        False
    )


@exercise(points=4)
def check_find_it(student, check: Check):
    """For each picture a map (B, 1, 4, 4) whose highest cell is the one that decides the network's answer."""
    for corner, turn, points in ((0, 1, 2), (3, 0, 2)):
        model, test = _taught(corner, turn), little.draw(TEST, corner=corner, turn=turn, seed=corner + 20)
        answers = model(test.images).argmax(1).detach()
        got = check.tensor(
            check.call(student, model, test.images, answers),
            shape=(TEST, 1, little.GRID, little.GRID),
            shapes={
                (TEST, little.GRID, little.GRID): "The axis of size 1 is lost.",
                (TEST, 1, little.SIDE, little.SIDE): "One number for each pixel: join those of a cell.",
                (1, 1, little.GRID, little.GRID): "One map for all pictures: each has its own.",
                (little.GRID, little.GRID): "One map for all pictures: each has its own.",
            },
            name="your map",
        )
        _judge_maps(check, got.detach(), test, points)


def _judge_maps(check: Check, found: torch.Tensor, test: little.Little, points: float):
    """Points for maps that point at the deciding cell; otherwise at what they point instead."""
    place = little.GRID * test.cell[0] + test.cell[1]
    flat = found.flatten(1)
    top, low, last = flat.argmax(1), flat.argmin(1), little.GRID**2 - 1
    level = flat.amax(1) == flat.amin(1)  # no cell is the highest
    hit = ((top == place) & ~level).float().mean().item()
    if level.float().mean() > 0.5:
        bad = "most of your maps are flat: no cell is higher than another."
    elif (top == last - place).float().mean() >= 0.5:
        bad = "you point at the corner whose mark decides nothing: ask the network, not the picture."
    elif len(top.unique()) == 1:
        bad = f"your highest cell is number {top[0].item()} in every picture, and another one decides."
    elif (low == place).float().mean() >= ENOUGH:
        bad = "the deciding cell is your lowest: turn the sign."
    else:
        bad = f"you find it in {hit:.0%} of pictures, {ENOUGH:.0%} are wanted: "
        bad += (
            "do signs cancel, or does a filling bring a mark of its own?"
            if hit > 0.5
            else "does your map depend on the network, and on the answer that it gave?"
        )
    check.that(
        hit >= ENOUGH,
        points=points,
        good=f"In {hit:.0%} of pictures your highest cell is the one that decides.",
        bad=bad[0].upper() + bad[1:],
    )
