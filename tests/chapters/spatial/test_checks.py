"""The checks on spatial attention against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.spatial import checks as spatial

solved = solutions("spatial")


def pair(first, second):
    return lambda x: torch.stack([first(x), second(x)], dim=1)


def mean(x):
    return x.mean(1)


def top(x):
    return x.amax(1)


POOL = [
    (pair(top, mean), "The maximum comes first"),
    (pair(mean, mean), "Both maps are the average"),
    (pair(top, top), "Both maps are the maximum"),
    (pair(mean, lambda x: x.amin(1)), "The second map is the minimum"),
    (pair(lambda x: x.sum(1), top), "The first map is the sum"),
    (pair(mean, lambda x: x.argmax(1).float()), "*which* channel is largest"),
    (pair(mean, lambda x: x.abs().amax(1)), "largest absolute value"),
    (lambda x: x[:, :2], "Those are the first two channels"),
    (pair(lambda x: x.median(1).values, top), "The first map is the median"),
    (pair(mean, lambda x: x.std(1)), "standard deviation"),
    (lambda x: x.mean(1, keepdim=True), "got (B, 1, H, W)"),
    (lambda x: torch.stack([x.mean((2, 3)), x.amax((2, 3))], 1), "You pooled the places"),
    (lambda x: torch.cat([mean(x)[:, None], top(x)[:, None]], 0), "joined along the batch"),
    (lambda x: torch.stack([mean(x), top(x)], 0), "The new axis comes first"),
    (lambda x: solved.pool_channels(x).detach(), "No gradient reaches x"),
]


def scores(x, kernel):
    return F.conv2d(solved.pool_channels(x), kernel, padding=kernel.shape[-1] // 2)


def one_map(x, kernel, which):
    pooled = solved.pool_channels(x)[:, which : which + 1]
    return x * F.conv2d(pooled, kernel[:, which : which + 1], padding=kernel.shape[-1] // 2).sigmoid()


GATE = [
    (lambda x, k: x * scores(x, k.flip(1)).sigmoid(), "Average and maximum have changed places"),
    (lambda x, k: x * scores(x, k), "The sigmoid is lost"),
    (lambda x, k: x * scores(x, k).flatten(2).softmax(2).view(len(x), 1, *x.shape[2:]), "That is a softmax"),
    (lambda x, k: x + x * scores(x, k).sigmoid(), "there is no residual here"),
    (lambda x, k: x + scores(x, k).sigmoid(), "You add the gates"),
    (lambda x, k: x * scores(x, k.flip(2, 3)).sigmoid(), "The window is turned round"),
    (lambda x, k: x * scores(x, k.mT).sigmoid(), "Rows and columns of the window"),
    (lambda x, k: scores(x, k).sigmoid().expand_as(x), "spread over the channels"),
    (lambda x, k: scores(x, k).sigmoid(), "Those are the gates alone: multiply"),
    (lambda x, k: x.clone(), "The result is the input"),
    (lambda x, k: x * scores(x, k).relu().sigmoid(), "A ReLU stands before"),
    (lambda x, k: x * scores(x[:1], k).sigmoid(), "gated by the first one's gates"),
    (lambda x, k: one_map(x, k, 0), "The maximum is not used"),
    (lambda x, k: one_map(x, k, 1), "The average is not used"),
    (
        lambda x, k: (
            x[..., : 1 - k.shape[-1], : 1 - k.shape[-1]] * F.conv2d(solved.pool_channels(x), k).sigmoid()
        ),
        "can't be greater than actual input size",
    ),
    (lambda x, k: solved.spatial_gate(x, k).detach(), "No gradient reaches"),
]


def swapped(x, which, where):
    middle = x * where(x)
    return middle * which(middle)


def last_gate(x, which, where):
    return where(x * which(x))


ORDER = [
    (swapped, "The order is swapped"),
    (lambda x, which, where: x * which(x) * where(x), "Both gates look at x"),
    (lambda x, which, where: x * which(x), "The places are not gated"),
    (lambda x, which, where: x * where(x), "The channels are not gated"),
    (lambda x, which, where: x.clone(), "The result is the input"),
    (lambda x, which, where: x + solved.which_then_where(x, which, where), "A residual is added"),
    (lambda x, which, where: x * last_gate(x, which, where), "The second gate multiplies x"),
    (lambda x, which, where: x * (which(x) + last_gate(x, which, where)), "The gates are added"),
    (lambda x, which, where: x * (which(x) + last_gate(x, which, where)) / 2, "The gates are averaged"),
    (lambda x, which, where: x * which(x) + x * where(x), "The two gated inputs are added"),
    (lambda x, which, where: which(x) * last_gate(x, which, where), "Those are the two gates multiplied"),
    (
        lambda x, which, where: x * which(x) * which(x * which(x)) * last_gate(x, which, where),
        "gate of the channels is applied twice",
    ),
    (
        lambda x, which, where: (
            solved.which_then_where(x, which, where) * where(solved.which_then_where(x, which, where))
        ),
        "gate of the places is applied twice",
    ),
    (lambda x, which, where: which(x), "gates of the channels alone"),
    (lambda x, which, where: where(x), "gates of the places alone"),
]


def halves(rows, columns):
    return lambda x: torch.cat([rows(x), columns(x)], dim=2)


def rows(x):
    return x.mean(3)


def columns(x):
    return x.mean(2)


def same_channels(x):
    return x.mean(1, keepdim=True).expand_as(x)


COORDINATES = [
    (halves(columns, rows), "The columns come first"),
    (halves(lambda x: x.sum(3), lambda x: x.sum(2)), "Those are sums"),
    (halves(lambda x: x.amax(3), lambda x: x.amax(2)), "Those are maxima"),
    (halves(rows, lambda x: x.amax(2)), "The columns are maxima"),
    (halves(lambda x: x.amax(3), columns), "The rows are maxima"),
    (halves(rows, lambda x: x.mean(2).flip(2)), "The columns run from right to left"),
    (halves(lambda x: x.mean(3).flip(2), columns), "The rows run from bottom to top"),
    (lambda x: solved.rows_and_columns(same_channels(x)), "All channels show the same"),
    (halves(lambda x: x[..., 0], lambda x: x[:, :, 0]), "the first column and the first row"),
    (lambda x: solved.rows_and_columns(x.mean(0, keepdim=True).expand_as(x)), "All images show the same"),
    (halves(lambda x: x.median(3).values, lambda x: x.median(2).values), "Those are medians"),
    (rows, "The columns are missing"),
    (columns, "The rows are missing"),
    (lambda x: solved.rows_and_columns(x).mean(1), "got (B, H+W)"),
    (lambda x: solved.rows_and_columns(x)[..., None], "got (B, C, H+W, 1)"),
    (lambda x: solved.rows_and_columns(x).detach(), "No gradient reaches x"),
]


WRONG = {
    "check_pool_channels": POOL,
    "check_spatial_gate": GATE,
    "check_which_then_where": ORDER,
    "check_rows_and_columns": COORDINATES,
}


@pytest.mark.slow
def test_checks():
    contract(spatial, solved, WRONG)
