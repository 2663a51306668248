"""What is right in the exercises on explanation, and plausible mistakes: feedback -> the function."""

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


def rolled(weights: Tensor) -> Tensor:
    """The class token's row of the rollout over the patches: (L, B, h, T, T) -> (B, T - 1)."""
    return _product(weights.mean(2))[:, 0, 1:]


def _product(layers: Tensor, *, keep: float = 0.5, first_left: bool = False) -> Tensor:
    """The product of (1 - keep) A + keep I over the blocks: (L, B, T, T) -> (B, T, T)."""
    eye = torch.eye(layers.shape[-1], dtype=layers.dtype)
    result = eye.expand(layers.shape[1:])
    for layer in layers:
        step = (1 - keep) * layer + keep * eye
        result = result @ step if first_left else step @ result
    return result


def of_mean(function: Callable) -> Callable:
    """A mistake made after the mean of the heads was taken, (L, B, T, T)."""
    return lambda weights: function(weights.mean(2))


ROLLOUT = {
    "The class token's share of itself is still there: leave it out.": of_mean(lambda m: _product(m)[:, 0]),
    "That is the whole matrix: give the class token's row.": of_mean(lambda m: _product(m)),
    "That is the last block's weights alone: raw attention, with nothing rolled out.": lambda w: w[-1].mean(
        1
    )[:, 0, 1:],
    "That is the first block's weights alone.": lambda w: w[0].mean(1)[:, 0, 1:],
    "Tokens are not only mixed, they also stay: add the identity to each matrix and halve the sum.": of_mean(
        lambda m: _product(m, keep=0.0)[:, 0, 1:]
    ),
    "You add the identity and do not halve: rows must go on summing to 1.": of_mean(
        lambda m: 2 ** len(m) * _product(m)[:, 0, 1:]
    ),
    "The blocks are in the wrong order: the last one stands leftmost in the product.": of_mean(
        lambda m: _product(m, first_left=True)[:, 0, 1:]
    ),
    "You give a column: what the patches take from the class token. Its own row is what it takes.": of_mean(
        lambda m: _product(m)[:, 1:, 0]
    ),
    "You give the row of the first patch: the class token stands at index 0.": of_mean(
        lambda m: _product(m)[:, 1, 1:]
    ),
    "You multiply entry by entry: the path through two blocks needs the matrix product, `@`.": of_mean(
        lambda m: ((m + torch.eye(m.shape[-1], dtype=m.dtype)) / 2).prod(0)[:, 0, 1:]
    ),
    "That is the mean over the blocks: a path goes through all of them, so multiply.": of_mean(
        lambda m: m.mean(0)[:, 0, 1:]
    ),
    "You keep the largest head: take the mean of the heads.": lambda w: _product(w.amax(2))[:, 0, 1:],
    "You add the heads up: take their mean.": lambda w: _product(w.sum(2))[:, 0, 1:],
    "You normalise again without the class token: give the shares as they are.": of_mean(
        lambda m: _product(m)[:, 0, 1:] / _product(m)[:, 0, 1:].sum(1, keepdim=True)
    ),
}


def slopes(function: Score, x: Tensor) -> Tensor:
    """The gradient of each example's score: (B, D) -> (B, D)."""
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


def integrated(function: Score, x: Tensor, start: Tensor, steps: int, *, shift: float = 0.5) -> Tensor:
    """Integrated gradients by `steps` points, each `shift` of a piece beyond the last: (B, D)."""
    way = x - start
    points = [start + (step + shift) / steps * way for step in range(steps)]
    return way * torch.stack([slopes(function, point) for point in points]).mean(0)


def integrated_gradients(function: Score, x: Tensor, start: Tensor, steps: int) -> Tensor:
    """What is right: (B, D)."""
    return integrated(function, x, start, steps)


def mean_slope(f, x, s, n):
    points = [s + (step + 0.5) / n * (x - s) for step in range(n)]
    return torch.stack([slopes(f, point) for point in points]).mean(0)


INTEGRAL = {
    "That is the gradient at the picture: the way from the start is not walked.": lambda f, x, s, n: slopes(
        f, x
    ),
    "That is gradient times input, with the gradient at the end of the way only.": lambda f, x, s, n: (
        x * slopes(f, x)
    ),
    "That uses the gradient at the end of the way only, times the way.": lambda f, x, s, n: (
        (x - s) * slopes(f, x)
    ),
    "That is the mean gradient: multiply it by the way, x - start.": mean_slope,
    "You multiply by x: multiply by the way, x - start.": lambda f, x, s, n: x * mean_slope(f, x, s, n),
    "The sign is turned: the way leads from the start to x, so it is x - start.": lambda f, x, s, n: (
        -integrated(f, x, s, n)
    ),
    "You begin at 0 instead of at `start`.": lambda f, x, s, n: integrated(f, x, torch.zeros_like(x), n),
    "Your points lie at the left ends of the pieces: take their middles.": lambda f, x, s, n: integrated(
        f, x, s, n, shift=0.0
    ),
    "Your points lie at the right ends of the pieces: take their middles.": lambda f, x, s, n: integrated(
        f, x, s, n, shift=1.0
    ),
    "You add the gradients up: take their mean.": lambda f, x, s, n: n * integrated(f, x, s, n),
    "The signs are gone: a negative share speaks against the score and must stay negative.": lambda f, x, s, n: (
        integrated(f, x, s, n).abs()
    ),
    "You square the gradients: that is a size, and the sum no longer is what was gained.": lambda f, x, s, n: (
        (x - s) * torch.stack([slopes(f, s + (k + 0.5) / n * (x - s)) ** 2 for k in range(n)]).mean(0)
    ),
}


def removed(images: Tensor, filling: Tensor, found: Tensor, count: int, *, lowest: bool = False) -> Tensor:
    """The pictures with the `count` highest cells taken from the filling."""
    order = found.flatten(1).argsort(1, descending=not lowest)[:, :count]
    gone = torch.zeros_like(found).flatten(1).scatter_(1, order, 1.0).view_as(found)
    ratio = images.shape[2] // found.shape[2], images.shape[3] // found.shape[3]
    mask = gone.repeat_interleave(ratio[0], 2).repeat_interleave(ratio[1], 3)
    return torch.where(mask > 0.5, filling, images)


def deleted(images: Tensor, filling: Tensor, found: Tensor, count: int) -> Tensor:
    """What is right: (B, C, H, W)."""
    return removed(images, filling, found, count)


def over_threshold(images, filling, found, count):
    batch = found.flatten().sort(descending=True).values[count * len(found) - 1]
    masked = torch.where(found >= batch, found - found.min() + 1, torch.zeros_like(found))
    ratio = images.shape[2] // found.shape[2], images.shape[3] // found.shape[3]
    mask = masked.repeat_interleave(ratio[0], 2).repeat_interleave(ratio[1], 3)
    return torch.where(mask > 0, filling, images)


DELETION = {
    "Nothing is taken away: the pictures come back as they were.": lambda x, f, m, k: x,
    "Everything is taken away: that is the filling.": lambda x, f, m, k: f,
    "You take the lowest cells: the highest go first.": lambda x, f, m, k: removed(x, f, m, k, lowest=True),
    "Turned round: you keep the highest cells and take all others away. That is insertion.": lambda x, f, m, k: (
        removed(f, x, m, k)
    ),
    "The filling is not used: the cells become 0.": lambda x, f, m, k: removed(x, torch.zeros_like(f), m, k),
    "One cell too few is gone.": lambda x, f, m, k: removed(x, f, m, k - 1),
    "One cell too many is gone.": lambda x, f, m, k: removed(x, f, m, k + 1),
    "All pictures lose the cells of the first one's map.": lambda x, f, m, k: removed(
        x, f, m[:1].expand_as(m).contiguous(), k
    ),
    "Only one cell is gone, that with rank `count`: all before it go as well.": lambda x, f, m, k: (
        torch.where((removed(x, f + 9, m, k) != x) & (removed(x, f + 9, m, k - 1) == x), f, x)
    ),
    "The highest cells of the whole batch are gone: each picture loses `count` of its own.": over_threshold,
    "You go by the size of the numbers: a very negative cell is a low one.": lambda x, f, m, k: removed(
        x, f, m.abs(), k
    ),
}
