"""Checks for the exercises on explanation.

Chapter: notebooks/deeper/explanation.ipynb
"""

from functools import cache

import torch
from torch import nn

from visual_attention.chapters.explanation import little
from visual_attention.chapters.explanation import mistakes as wrong
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check, exercise
from visual_attention.exercises.values import is_module

ENOUGH = 0.9  # of right answers, and of maps that point at the cell that decides
TRAINING, TEST = 300, 200  # pictures


@examined(
    points=3,
    right=wrong.rolled,
    axes={"B pictures": 2, "L blocks": 3, "h heads": 5, "T tokens": 7},
    name="your map",
    mistakes=wrong.ROLLOUT,
    least={"T": 2},
    about=About("Can you follow the weights?", "attention rollout", 12, "warm-up"),
)
def check_rollout(draw, B, L, h, T):
    """Weights (L, B, h, T, T) become what the class token takes from each patch through all blocks."""
    return draw.shares(L, B, h, T, T)


def bent(x):
    return (x[:, 0] * x[:, -1]).sin() + x.square().sum(1) * x[:, -1]


def straight(x):
    return 3 * x[:, 0] - 2 * x[:, -1]


@examined(
    points=4,
    right=wrong.integrated_gradients,
    axes={"B examples": 3, "D numbers": 5},
    name="your shares",
    mistakes=wrong.INTEGRAL,
    about=About("Can you make the shares add up?", "integrated gradients", 20),
)
def check_integrated_gradients(draw, B, D):
    """A function, inputs (B, D), a start and a number of steps become shares (B, D) that sum to the gain."""
    x, start = draw.fixed(B, D), 0.3 * draw(B, D)
    yield bent, x, start, draw.one_of(4, 7, 1)
    yield special(1, "for a straight function, in one step", straight, x, start, 1)
    yield special(1, "in 60 steps", bent, x, start, 60)


@examined(
    points=3,
    right=wrong.deleted,
    axes={
        "B pictures": 3,
        "C channels": 2,
        "h rows": 4,
        "w columns": 5,
        "P rows of a cell": 7,
        "Q columns of a cell": 6,
    },
    name="your pictures",
    mistakes=wrong.DELETION,
    about=About("Can you take cells away?", "deleting what a map names", 15),
)
def check_delete_cells(draw, B, C, h, w, P, Q):
    """The `count` highest cells of each picture's map are taken from the filling."""
    images, filling, found = draw(B, C, h * P, w * Q), draw(B, C, h * P, w * Q), draw.fixed(B, 1, h, w)
    yield images, filling, found, 1 + int(draw.whole(max(1, h * w // 2)))
    yield special(0.5, "for a count of 0", images, filling, found, 0)


@exercise(
    points=4,
    about=About("Make it learn: can you make a network fall for a shortcut?", "training on a shortcut", 20),
)
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


@exercise(
    points=4,
    about=About("Now find it, with a method of your own", "finding out what decides", 30, "takes thought"),
)
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
