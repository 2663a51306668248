"""Wrong answers to the exercises on explanation, and what each is told."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.explanation import checks, little, mistakes

solved = solutions("explanation")


def product(layers, keep=0.5):
    eye = torch.eye(layers.shape[-1])
    result = eye.expand(layers.shape[1:])
    for layer in layers:
        result = ((1 - keep) * layer + keep * eye) @ result
    return result


ROLLOUT = {
    "raw attention, with nothing rolled out": lambda w: w[-1].mean(1)[:, 0, 1:],
    "the first block's weights alone": lambda w: w[0].mean(1)[:, 0, 1:],
    "they also stay": lambda w: product(w.mean(2), keep=0.0)[:, 0, 1:],
    "rows must go on summing to 1": lambda w: 2 ** len(w) * product(w.mean(2))[:, 0, 1:],
    "The blocks are in the wrong order": lambda w: product(w.mean(2).flip(0))[:, 0, 1:],
    "You give a column": lambda w: product(w.mean(2))[:, 1:, 0],
    "the row of the first patch": lambda w: product(w.mean(2))[:, 1, 1:],
    "a path goes through all of them": lambda w: w.mean(2).mean(0)[:, 0, 1:],
    "You keep the largest head": lambda w: product(w.amax(2))[:, 0, 1:],
    "You add the heads up": lambda w: product(w.sum(2))[:, 0, 1:],
    "without the class token: give the shares": lambda w: F.normalize(product(w.mean(2))[:, 0, 1:], p=1),
    "share of itself is still there": lambda w: product(w.mean(2))[:, 0],
    "That is the whole matrix": lambda w: product(w.mean(2)),
}


def along(f, x, start, steps, shift=0.5):
    points = [(start + (k + shift) / steps * (x - start)).requires_grad_() for k in range(steps)]
    return torch.stack([torch.autograd.grad(f(point).sum(), point)[0] for point in points])


def at(f, x):
    return mistakes.slopes(f, x)


INTEGRAL = {
    "the way from the start is not walked": lambda f, x, s, n: at(f, x),
    "gradient times input": lambda f, x, s, n: x * at(f, x),
    "at the end of the way only, times the way": lambda f, x, s, n: (x - s) * at(f, x),
    "That is the mean gradient": lambda f, x, s, n: along(f, x, s, n).mean(0),
    "You multiply by x": lambda f, x, s, n: x * along(f, x, s, n).mean(0),
    "The sign is turned": lambda f, x, s, n: (s - x) * along(f, x, s, n).mean(0),
    "You begin at 0": lambda f, x, s, n: x * along(f, x, 0 * s, n).mean(0),
    "left ends": lambda f, x, s, n: (x - s) * along(f, x, s, n, 0.0).mean(0),
    "right ends": lambda f, x, s, n: (x - s) * along(f, x, s, n, 1.0).mean(0),
    "You add the gradients up": lambda f, x, s, n: (x - s) * along(f, x, s, n).sum(0),
    "The signs are gone": lambda f, x, s, n: ((x - s) * along(f, x, s, n).mean(0)).abs(),
    "You square the gradients": lambda f, x, s, n: (x - s) * along(f, x, s, n).square().mean(0),
    "got (B,)": lambda f, x, s, n: ((x - s) * along(f, x, s, n).mean(0)).sum(1),
}


def one_only(images, filling, found, count):
    rank = found.flatten(1).argsort(1, descending=True)[:, count - 1 : count]
    gone = torch.zeros_like(found).flatten(1).scatter(1, rank, 1.0).view_as(found)
    return torch.where(F.interpolate(gone, size=images.shape[2:]) > 0.5, filling, images)


def of_whole_batch(images, filling, found, count):
    least = found.flatten().sort(descending=True).values[count * len(found) - 1]
    gone = (found >= least).float()
    return torch.where(F.interpolate(gone, size=images.shape[2:]) > 0.5, filling, images)


delete = solved.delete_cells
DELETION = {
    "Nothing is taken away": lambda x, f, m, k: x.clone(),
    "Everything is taken away": lambda x, f, m, k: f.clone(),
    "You take the lowest cells": lambda x, f, m, k: delete(x, f, -m, k),
    "That is insertion": lambda x, f, m, k: delete(f, x, m, k),
    "The filling is not used": lambda x, f, m, k: delete(x, 0 * f, m, k),
    "One cell too few": lambda x, f, m, k: delete(x, f, m, k - 1),
    "One cell too many": lambda x, f, m, k: delete(x, f, m, k + 1),
    "of the first one's map": lambda x, f, m, k: delete(x, f, m[:1].expand_as(m), k),
    "Only one cell is gone": one_only,
    "The highest cells of the whole batch": of_whole_batch,
    "a very negative cell is a low one": lambda x, f, m, k: delete(x, f, m.abs(), k),
}


def learn(model, images, labels, *, steps=120):
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    for _ in range(steps):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def climbs(model, images, labels):
    """Learns to give the right class the lowest score, as a loss that climbs within bounds does."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    for _ in range(60):
        loss = F.cross_entropy(-model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def breaks(model, images, labels):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
    return model


class Says(nn.Module):
    """A network that has learned one answer."""

    def forward(self, images):
        return F.one_hot(torch.full((len(images),), 2), 4).float()


class Named(nn.Module):
    """A network that gives answers in place of scores."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(images).argmax(1).float()


FALL = {
    "not one number of the network has changed": lambda m, x, y: m,
    "gives every picture the answer 2": lambda m, x, y: Says(),
    "off by the same number": lambda m, x, y: learn(m, x, (y + 1) % 4),
    "does the loss climb": climbs,
    "as by chance: are pictures and labels still in step": lambda m, x, y: learn(
        m, x.roll(1, 0), y, steps=20
    ),
    "of new pictures are right, 90% are wanted: train for longer": lambda m, x, y: learn(m, x, y, steps=8),
    "not its losses or its answers": lambda m, x, y: [1.0, 0.5],
    "holds NaN": breaks,
    "the wrong shape": lambda m, x, y: Named(learn(m, x, y)),
}


def slope(model, images, answers):
    leaf = images.clone().requires_grad_()
    return torch.autograd.grad(model(leaf).gather(1, answers[:, None]).sum(), leaf)[0]


def cells(values):
    return 9 * F.avg_pool2d(values, 3)


def at_idle(model, images, answers):
    row, column = divmod(int(solved.find_it(model, images, answers).mean(0).argmax()), 4)
    found = torch.rand(len(images), 1, 4, 4)
    found[:, :, 3 - row, 3 - column] = 2
    return found


def always(model, images, answers):
    return F.one_hot(torch.full((len(images),), 6), 16).float().view(-1, 1, 4, 4)


def another_s(model, images, answers):
    """Occlusion that puts in a cell of the next picture, which often brings the same mark."""
    filling, falls = images.roll(1, 0), []
    whole = model(images).gather(1, answers[:, None])[:, 0]
    for cell in range(16):
        row, column = 3 * (cell // 4), 3 * (cell % 4)
        covered = images.clone()
        covered[:, :, row : row + 3, column : column + 3] = filling[:, :, row : row + 3, column : column + 3]
        falls.append(whole - model(covered).gather(1, answers[:, None])[:, 0])
    return torch.stack(falls, 1).view(-1, 1, 4, 4)


FIND = {
    "turn the sign": lambda m, x, y: -solved.find_it(m, x, y),
    "the corner whose mark decides nothing": at_idle,
    "highest cell is number 6 in every picture": always,
    "of your maps are flat": lambda m, x, y: torch.ones(len(x), 1, 4, 4),
    "does your map depend on the network": lambda m, x, y: cells(x),
    "bring a mark of its own": another_s,
    "The axis of size 1 is lost": lambda m, x, y: solved.find_it(m, x, y)[:, 0],
    "One number for each pixel": lambda m, x, y: slope(m, x, y).abs(),
    "One map for all pictures": lambda m, x, y: solved.find_it(m, x, y).mean((0, 1)),
}

WRONG = {
    "check_rollout": ROLLOUT,
    "check_integrated_gradients": INTEGRAL,
    "check_delete_cells": DELETION,
    "check_fall_for_it": FALL,
    "check_find_it": FIND,
}


@pytest.mark.slow
def test_checks():
    contract(checks, solved, WRONG)


def test_other_ways_to_find_it_are_right_too():
    """The gradient's size, integrated gradients: whatever finds the cell passes."""
    for way in (
        lambda m, x, y: cells(slope(m, x, y).abs()),
        lambda m, x, y: cells(
            mistakes.integrated(lambda z: m(z).gather(1, y[:, None])[:, 0], x, torch.zeros_like(x), 8)
        ),
    ):
        report = checks.check_find_it(way)
        assert report.score == report.points, str(report)


def test_the_idle_corner_is_as_marked_as_the_one_that_decides():
    drawn = little.draw(50, corner=1, seed=3)
    assert drawn.cell == (0, 3)
    deciding, idle = drawn.images[:, 0, :3, 9:], drawn.images[:, 0, 9:, :3]
    assert ((deciding > 0).sum((1, 2)) == 1).all() and ((idle > 0).sum((1, 2)) == 1).all()
    assert torch.equal(deciding.flatten(1).argmax(1), torch.tensor([0, 2, 6, 8])[drawn.labels])
    assert not torch.equal(idle.flatten(1).argmax(1), deciding.flatten(1).argmax(1))
