"""Checks for the exercises on spatial attention.

Chapter: notebooks/mechanisms/spatial.ipynb
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.exercises.report import Check, exercise

SIZES = ((2, 5, 3, 7), (3, 2, 5, 4))


@exercise(points=3)
def check_pool_channels(student, check: Check):
    """(B, C, H, W) becomes (B, 2, H, W): the average and the maximum over the channels."""
    inputs = [check.random(*size, seed=seed) for seed, size in enumerate(SIZES)]
    got = []
    for x in inputs:
        b, c, h, w = x.shape
        shapes = {
            (b, 1, h, w): "One map is missing: the average *and* the maximum.",
            (b, c, 2): "You pooled the places: pool the channels, dim=1.",
            (b, 2, c): "You pooled the places: pool the channels, dim=1.",
            (b, 2 * c): "You pooled the places: pool the channels, dim=1.",
            (b, 2 * c, 1, 1): "You pooled the places: pool the channels, dim=1.",
            (2 * b, 1, h, w): "The maps are joined along the batch: join them along dim=1.",
            (2 * b, h, w): "The maps are joined along the batch: join them along dim=1.",
            (b, 1, 2 * h, w): "The maps are joined along H: join them along dim=1.",
            (2, b, h, w): "The new axis comes first: it must come second.",
            (b, h, w): "One map is missing, and so is the axis of channels.",
        }
        got.append(check.tensor(check.call(student, x), shape=(b, 2, h, w), shapes=shapes, name="your maps"))

    def each(first, second):
        return [torch.stack([first(x), second(x)], dim=1) for x in inputs]

    def mean(x):
        return x.mean(1)

    def top(x):
        return x.amax(1)

    wrong = {
        "The maximum comes first: the average is asked for first.": each(top, mean),
        "Both maps are the average.": each(mean, mean),
        "Both maps are the maximum.": each(top, top),
        "The second map is the minimum: the maximum is asked for.": each(mean, lambda x: x.amin(1)),
        "The first map is the sum: the average is asked for.": each(lambda x: x.sum(1), top),
        "The second map says *which* channel is largest: its value is asked for.": each(
            mean, lambda x: x.argmax(1).float()
        ),
        "The second map is the largest absolute value: a strong negative value is no maximum.": each(
            mean, lambda x: x.abs().amax(1)
        ),
        "Those are the first two channels: pool all of them.": each(lambda x: x[:, 0], lambda x: x[:, 1]),
        "The first map is the median: the average is asked for.": each(lambda x: x.median(1).values, top),
        "The second map is the standard deviation: the maximum is asked for.": each(mean, lambda x: x.std(1)),
    }
    if not check.equal(got, each(mean, top), points=2, name="your maps", mistakes=wrong):
        return
    x = inputs[0].clone().requires_grad_()
    check.gradients(check.call(student, x), points=1, x=x)


@exercise(points=4)
def check_spatial_gate(student, check: Check):
    """The input gated by sigmoid(convolution) of its channels' average and maximum."""
    cases = [(check.random(2, 5, 7, 9), 0.2 * check.random(1, 2, 5, 5, seed=1))]
    cases += [(check.random(1, 3, 6, 5, seed=2), 0.5 * check.random(1, 2, 3, 3, seed=3))]
    got = []
    for x, kernel in cases:
        b, c, h, w = x.shape
        cut = kernel.shape[-1] - 1
        shapes = {
            (b, 1, h, w): "Those are the gates alone: multiply the input by them.",
            (b, c, h - cut, w - cut): "The map has shrunk: pad the convolution by half of the window.",
            (b, 1, h - cut, w - cut): "The map has shrunk: pad the convolution by half of the window.",
        }
        got.append(check.tensor(check.call(student, x, kernel), shape=x.shape, shapes=shapes))

    def each(function):
        return [function(x, kernel) for x, kernel in cases]

    wrong = {
        "Average and maximum have changed places: the average comes first.": each(
            lambda x, k: x * _scores(x, k.flip(1)).sigmoid()
        ),
        "The sigmoid is lost: a gate must lie between 0 and 1.": each(lambda x, k: x * _scores(x, k)),
        "That is a softmax: places share a budget of 1. A sigmoid asks each place alone.": each(
            lambda x, k: x * _scores(x, k).flatten(1).softmax(1).view(len(x), 1, *x.shape[2:])
        ),
        "You add the input to the gated input: there is no residual here.": each(
            lambda x, k: x + x * _scores(x, k).sigmoid()
        ),
        "You add the gates to the input: multiply.": each(lambda x, k: x + _scores(x, k).sigmoid()),
        "The window is turned round: `conv2d` does not flip its kernel, so leave it as it is.": each(
            lambda x, k: x * _scores(x, k.flip(2, 3)).sigmoid()
        ),
        "Rows and columns of the window are exchanged.": each(lambda x, k: x * _scores(x, k.mT).sigmoid()),
        "Those are the gates alone, spread over the channels: multiply the input by them.": each(
            lambda x, k: _scores(x, k).sigmoid().expand_as(x)
        ),
        "The result is the input: the gates are not applied.": each(lambda x, k: x),
        "A ReLU stands before the sigmoid: no gate can fall below 0.5.": each(
            lambda x, k: x * _scores(x, k).relu().sigmoid()
        ),
        "All images are gated by the first one's gates: pool dim=1, not the batch.": each(
            lambda x, k: x * _scores(x[:1], k).sigmoid()
        ),
        "The maximum is not used.": each(lambda x, k: x * _scores(x, k, only=0).sigmoid()),
        "The average is not used.": each(lambda x, k: x * _scores(x, k, only=1).sigmoid()),
    }
    want = each(lambda x, k: x * _scores(x, k).sigmoid())
    if not check.equal(got, want, points=3, mistakes=wrong):
        return
    x, kernel = (tensor.clone().requires_grad_() for tensor in cases[0])
    check.gradients(check.call(student, x, kernel), points=1, x=x, kernel=kernel)


@exercise(points=3)
def check_which_then_where(student, check: Check):
    """CBAM: gate by which(x), then gate the result by where of the result."""
    inputs = [check.random(*size, seed=seed) for seed, size in enumerate(SIZES)]

    def which(x: Tensor) -> Tensor:
        return (2 * x.mean((2, 3), keepdim=True)).sigmoid()

    def where(x: Tensor) -> Tensor:
        return (x.mean(1, keepdim=True) + x.amax(1, keepdim=True)).sigmoid()

    got = []
    for x in inputs:
        b, c, h, w = x.shape
        shapes = {
            (b, c, 1, 1): "Those are the gates of the channels alone.",
            (b, 1, h, w): "Those are the gates of the places alone.",
        }
        got.append(check.tensor(check.call(student, x, which, where), shape=x.shape, shapes=shapes))

    def each(function):
        return [function(x) for x in inputs]

    def first(x):
        return x * which(x)

    def swapped(x):
        middle = x * where(x)
        return middle * which(middle)

    wrong = {
        "The order is swapped: channels first, then places.": each(swapped),
        "Both gates look at x: the second must look at what the first has left.": each(
            lambda x: x * which(x) * where(x)
        ),
        "The places are not gated.": each(first),
        "The channels are not gated.": each(lambda x: x * where(x)),
        "The result is the input: the gates are not applied.": inputs,
        "A residual is added: CBAM leaves that to the network around it.": each(
            lambda x: x + first(x) * where(first(x))
        ),
        "The second gate multiplies x: it must multiply what the first has left.": each(
            lambda x: x * where(first(x))
        ),
        "The gates are added: multiply by both.": each(lambda x: x * (which(x) + where(first(x)))),
        "The gates are averaged: multiply by both.": each(lambda x: x * (which(x) + where(first(x))) / 2),
        "The two gated inputs are added: gate one after the other.": each(lambda x: first(x) + x * where(x)),
        "Those are the two gates multiplied: apply them to the input.": each(
            lambda x: which(x) * where(first(x))
        ),
        "The gate of the channels is applied twice.": each(lambda x: first(first(x)) * where(first(x))),
        "The gate of the places is applied twice.": each(
            lambda x: first(x) * where(first(x)) * where(first(x) * where(first(x)))
        ),
    }
    check.equal(got, each(lambda x: first(x) * where(first(x))), points=3, mistakes=wrong)


@exercise(points=3)
def check_rows_and_columns(student, check: Check):
    """(B, C, H, W) becomes (B, C, H + W): the average of each row, then of each column."""
    inputs = [check.random(*size, seed=seed) for seed, size in enumerate(SIZES)]
    name = "your averages"
    got = []
    for x in inputs:
        b, c, h, w = x.shape
        shapes = {
            (b, c, h): "The columns are missing.",
            (b, c, w): "The rows are missing.",
            (b, c, 2 * h): "Both halves have H numbers: there are W columns.",
            (b, c, 2 * w): "Both halves have W numbers: there are H rows.",
            (b, h + w): "The channels are lost: each channel keeps its own rows and columns.",
            (b, c, h + w, 1): "The values may be right, but an axis of size 1 remains: `keepdim`?",
            (b, c, h, w): "That is a value for each place: join H and W numbers along the last axis.",
            (b, 2 * c, h): "The halves are joined along the channels: join them along the last axis.",
            (c, h + w): "The batch axis is lost.",
        }
        got.append(check.tensor(check.call(student, x), shape=(b, c, h + w), shapes=shapes, name=name))

    def each(rows, columns):
        return [torch.cat([rows(x), columns(x)], dim=2) for x in inputs]

    def rows(x):
        return x.mean(3)

    def columns(x):
        return x.mean(2)

    wrong = {
        "The columns come first: rows are asked for first.": each(columns, rows),
        "Those are sums: averages are asked for.": each(lambda x: x.sum(3), lambda x: x.sum(2)),
        "Those are maxima: averages are asked for.": each(lambda x: x.amax(3), lambda x: x.amax(2)),
        "The columns are maxima: averages are asked for.": each(rows, lambda x: x.amax(2)),
        "The rows are maxima: averages are asked for.": each(lambda x: x.amax(3), columns),
        "The columns run from right to left.": each(rows, lambda x: columns(x).flip(2)),
        "The rows run from bottom to top.": each(lambda x: rows(x).flip(2), columns),
        "All channels show the same: each channel keeps its own rows and columns.": each(
            lambda x: rows(x).mean(1, keepdim=True).expand(-1, x.shape[1], -1),
            lambda x: columns(x).mean(1, keepdim=True).expand(-1, x.shape[1], -1),
        ),
        "Those are the first column and the first row, not averages.": each(
            lambda x: x[..., 0], lambda x: x[:, :, 0]
        ),
        "All images show the same: the batch is averaged too.": each(
            lambda x: rows(x).mean(0, keepdim=True).expand(len(x), -1, -1),
            lambda x: columns(x).mean(0, keepdim=True).expand(len(x), -1, -1),
        ),
        "Those are medians: averages are asked for.": each(
            lambda x: x.median(3).values, lambda x: x.median(2).values
        ),
    }
    if not check.equal(got, each(rows, columns), points=2, name=name, mistakes=wrong):
        return
    x = inputs[0].clone().requires_grad_()
    check.gradients(check.call(student, x), points=1, x=x)


def _scores(x: Tensor, kernel: Tensor, only: int | None = None) -> Tensor:
    """The right scores of the places, or those from one of the two pooled maps alone."""
    pooled = torch.stack([x.mean(1), x.amax(1)], dim=1)
    if only is not None:
        pooled, kernel = pooled[:, only : only + 1], kernel[:, only : only + 1]
    return F.conv2d(pooled, kernel, padding=kernel.shape[-1] // 2)
