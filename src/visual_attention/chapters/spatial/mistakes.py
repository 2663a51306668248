"""What is right in the exercises on spatial attention, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F


def pair(first, second):
    """Two maps made by two functions."""
    return lambda x: torch.stack([first(x), second(x)], dim=1)


def mean(x: Tensor) -> Tensor:
    return x.mean(1)


def top(x: Tensor) -> Tensor:
    return x.amax(1)


def pooled(x: Tensor) -> Tensor:
    """The average and the maximum over the channels."""
    return pair(mean, top)(x)


POOL = {
    "The maximum comes first: the average is asked for first.": pair(top, mean),
    "Both maps are the average.": pair(mean, mean),
    "Both maps are the maximum.": pair(top, top),
    "The second map is the minimum: the maximum is asked for.": pair(mean, lambda x: x.amin(1)),
    "The first map is the sum: the average is asked for.": pair(lambda x: x.sum(1), top),
    "The second map says *which* channel is largest: its value is asked for.": pair(
        mean, lambda x: x.argmax(1).to(x.dtype)
    ),
    "The second map is the largest absolute value: a strong negative value is no maximum.": pair(
        mean, lambda x: x.abs().amax(1)
    ),
    "Those are the first two channels: pool all of them.": lambda x: x[:, :2].clone(),
    "The first map is the median: the average is asked for.": pair(lambda x: x.median(1).values, top),
    "The second map is the standard deviation: the maximum is asked for.": pair(mean, lambda x: x.std(1)),
    "You pooled the places: pool the channels, dim=1.": lambda x: torch.stack(
        [x.mean((2, 3)), x.amax((2, 3))], dim=1
    ),
    "The maps are joined along the batch: join them along dim=1.": lambda x: torch.cat([mean(x), top(x)])[
        :, None
    ],
    "The new axis comes first: it must come second.": lambda x: torch.stack([mean(x), top(x)]),
}


def scores(x: Tensor, kernel: Tensor, only: int | None = None) -> Tensor:
    """The scores of the places, or those from one of the two pooled maps alone."""
    maps = pooled(x)
    if only is not None:
        maps, kernel = maps[:, only : only + 1], kernel[:, only : only + 1]
    return F.conv2d(maps, kernel, padding=kernel.shape[-1] // 2)


def gated(x: Tensor, kernel: Tensor) -> Tensor:
    """Spatial attention."""
    return x * scores(x, kernel).sigmoid()


GATE = {
    "Average and maximum have changed places: the average comes first.": lambda x, k: gated(x, k.flip(1)),
    "The sigmoid is lost: a gate must lie between 0 and 1.": lambda x, k: x * scores(x, k),
    "That is a softmax: places share a budget of 1. A sigmoid asks each place alone.": lambda x, k: (
        x * scores(x, k).flatten(1).softmax(1).view(len(x), 1, *x.shape[2:])
    ),
    "You add the input to the gated input: there is no residual here.": lambda x, k: x + gated(x, k),
    "You add the gates to the input: multiply.": lambda x, k: x + scores(x, k).sigmoid(),
    "The window is turned round: `conv2d` does not flip its kernel, so leave it as it is.": lambda x, k: (
        gated(x, k.flip(2, 3))
    ),
    "Rows and columns of the window are exchanged.": lambda x, k: gated(x, k.mT),
    "Those are the gates alone, spread over the channels: multiply the input by them.": lambda x, k: (
        scores(x, k).sigmoid().expand_as(x)
    ),
    "Those are the gates alone: multiply the input by them.": lambda x, k: scores(x, k).sigmoid(),
    "The result is the input: the gates are not applied.": lambda x, k: x.clone(),
    "A ReLU stands before the sigmoid: no gate can fall below 0.5.": lambda x, k: (
        x * scores(x, k).relu().sigmoid()
    ),
    "All images are gated by the first one's gates: pool dim=1, not the batch.": lambda x, k: (
        x * scores(x[:1], k).sigmoid()
    ),
    "The maximum is not used.": lambda x, k: x * scores(x, k, only=0).sigmoid(),
    "The average is not used.": lambda x, k: x * scores(x, k, only=1).sigmoid(),
    "Around the map there should be zeros, not a repetition of its border.": lambda x, k: (
        x * F.conv2d(F.pad(pooled(x), [k.shape[-1] // 2] * 4, mode="replicate"), k).sigmoid()
    ),
}


def which_channels(x: Tensor) -> Tensor:
    """Gates for the channels, (B, C, 1, 1)."""
    return (2 * x.mean((2, 3), keepdim=True)).sigmoid()


def which_places(x: Tensor) -> Tensor:
    """Gates for the places, (B, 1, H, W)."""
    return (x.mean(1, keepdim=True) + x.amax(1, keepdim=True)).sigmoid()


def which_where(x: Tensor, which, where) -> Tensor:
    """CBAM's order."""
    middle = x * which(x)
    return middle * where(middle)


def last_gate(x: Tensor, which, where) -> Tensor:
    return where(x * which(x))


ORDER = {
    "The order is swapped: channels first, then places.": lambda x, which, where: which_where(
        x, where, which
    ),
    "Both gates look at x: the second must look at what the first has left.": lambda x, which, where: (
        x * which(x) * where(x)
    ),
    "The places are not gated.": lambda x, which, where: x * which(x),
    "The channels are not gated.": lambda x, which, where: x * where(x),
    "The result is the input: the gates are not applied.": lambda x, which, where: x.clone(),
    "A residual is added: CBAM leaves that to the network around it.": lambda x, which, where: (
        x + which_where(x, which, where)
    ),
    "The second gate multiplies x: it must multiply what the first has left.": lambda x, which, where: (
        x * last_gate(x, which, where)
    ),
    "The gates are added: multiply by both.": lambda x, which, where: (
        x * (which(x) + last_gate(x, which, where))
    ),
    "The gates are averaged: multiply by both.": lambda x, which, where: (
        x * (which(x) + last_gate(x, which, where)) / 2
    ),
    "The two gated inputs are added: gate one after the other.": lambda x, which, where: (
        x * which(x) + x * where(x)
    ),
    "Those are the two gates multiplied: apply them to the input.": lambda x, which, where: (
        which(x) * last_gate(x, which, where)
    ),
    "The gate of the channels is applied twice.": lambda x, which, where: (
        which_where(x, which, which) * last_gate(x, which, where)
    ),
    "The gate of the places is applied twice.": lambda x, which, where: (
        (out := which_where(x, which, where)) * where(out)
    ),
    "Those are the gates of the channels alone.": lambda x, which, where: which(x),
    "Those are the gates of the places alone.": lambda x, which, where: where(x),
}


def halves(rows, columns):
    """What two functions make of the rows and of the columns, side by side."""
    return lambda x: torch.cat([rows(x), columns(x)], dim=2)


def of_rows(x: Tensor) -> Tensor:
    return x.mean(3)


def of_columns(x: Tensor) -> Tensor:
    return x.mean(2)


def sides(x: Tensor) -> Tensor:
    """The average of each row, then of each column."""
    return halves(of_rows, of_columns)(x)


SIDES = {
    "The columns come first: rows are asked for first.": halves(of_columns, of_rows),
    "Those are sums: averages are asked for.": halves(lambda x: x.sum(3), lambda x: x.sum(2)),
    "Those are maxima: averages are asked for.": halves(lambda x: x.amax(3), lambda x: x.amax(2)),
    "The columns are maxima: averages are asked for.": halves(of_rows, lambda x: x.amax(2)),
    "The rows are maxima: averages are asked for.": halves(lambda x: x.amax(3), of_columns),
    "The columns run from right to left.": halves(of_rows, lambda x: x.mean(2).flip(2)),
    "The rows run from bottom to top.": halves(lambda x: x.mean(3).flip(2), of_columns),
    "All channels show the same: each channel keeps its own rows and columns.": lambda x: (
        sides(x).mean(1, keepdim=True).expand(-1, x.shape[1], -1)
    ),
    "Those are the first column and the first row, not averages.": halves(
        lambda x: x[..., 0], lambda x: x[:, :, 0]
    ),
    "All images show the same: the batch is averaged too.": lambda x: (
        sides(x).mean(0, keepdim=True).expand(len(x), -1, -1)
    ),
    "Those are medians: averages are asked for.": halves(
        lambda x: x.median(3).values, lambda x: x.median(2).values
    ),
    "The columns are missing.": of_rows,
    "The rows are missing.": of_columns,
}
