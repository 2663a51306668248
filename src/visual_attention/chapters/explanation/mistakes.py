"""What plausible wrong answers to the exercises on explanation give: feedback -> result."""

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


def rolled(weights: Tensor) -> Tensor:
    """The class token's row of the rollout over the patches: (L, B, h, T, T) -> (B, T - 1)."""
    return _product(weights.mean(2))[:, 0, 1:]


def _product(layers: Tensor, *, keep: float = 0.5, first_left: bool = False) -> Tensor:
    """The product of (1 - keep) A + keep I over the blocks: (L, B, T, T) -> (B, T, T)."""
    eye = torch.eye(layers.shape[-1])
    result = eye.expand(layers.shape[1:])
    for layer in layers:
        step = (1 - keep) * layer + keep * eye
        result = result @ step if first_left else step @ result
    return result


def in_rollout(inputs: list[Tensor]) -> dict:
    """Wrong rollouts for each stack of weights."""

    def each(function):
        return [function(weights) for weights in inputs]

    mean = [weights.mean(2) for weights in inputs]
    return {
        "That is the last block's weights alone: raw attention, with nothing rolled out.": each(
            lambda w: w[-1].mean(1)[:, 0, 1:]
        ),
        "That is the first block's weights alone.": each(lambda w: w[0].mean(1)[:, 0, 1:]),
        "Tokens are not only mixed, they also stay: add the identity to each matrix and halve the sum.": [
            _product(m, keep=0.0)[:, 0, 1:] for m in mean
        ],
        "You add the identity and do not halve: rows must go on summing to 1.": [
            (2 ** len(m)) * _product(m)[:, 0, 1:] for m in mean
        ],
        "The blocks are in the wrong order: the last one stands leftmost in the product.": [
            _product(m, first_left=True)[:, 0, 1:] for m in mean
        ],
        "You give a column: what the patches take from the class token. Its own row is what it takes.": [
            _product(m)[:, 1:, 0] for m in mean
        ],
        "You give the row of the first patch: the class token stands at index 0.": [
            _product(m)[:, 1, 1:] for m in mean
        ],
        "You multiply entry by entry: the path through two blocks needs the matrix product, `@`.": [
            ((m + torch.eye(m.shape[-1])) / 2).prod(0)[:, 0, 1:] for m in mean
        ],
        "That is the mean over the blocks: a path goes through all of them, so multiply.": [
            m.mean(0)[:, 0, 1:] for m in mean
        ],
        "You keep the largest head: take the mean of the heads.": each(
            lambda w: _product(w.amax(2))[:, 0, 1:]
        ),
        "You add the heads up: take their mean.": each(lambda w: _product(w.sum(2))[:, 0, 1:]),
        "You normalise again without the class token: give the shares as they are.": [
            _product(m)[:, 0, 1:] / _product(m)[:, 0, 1:].sum(1, keepdim=True) for m in mean
        ],
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


def in_integral(cases: list[tuple[Score, Tensor, Tensor, int]]) -> dict:
    """Wrong attributions for each function, input, start and number of steps."""

    def each(change):
        return [change(*case) for case in cases]

    def mean_slope(f, x, s, n):
        points = [s + (step + 0.5) / n * (x - s) for step in range(n)]
        return torch.stack([slopes(f, point) for point in points]).mean(0)

    return {
        "That is the gradient at the picture: the way from the start is not walked.": each(
            lambda f, x, s, n: slopes(f, x)
        ),
        "That is gradient times input, with the gradient at the end of the way only.": each(
            lambda f, x, s, n: x * slopes(f, x)
        ),
        "That uses the gradient at the end of the way only, times the way.": each(
            lambda f, x, s, n: (x - s) * slopes(f, x)
        ),
        "That is the mean gradient: multiply it by the way, x - start.": each(mean_slope),
        "You multiply by x: multiply by the way, x - start.": each(
            lambda f, x, s, n: x * mean_slope(f, x, s, n)
        ),
        "The sign is turned: the way leads from the start to x, so it is x - start.": each(
            lambda f, x, s, n: -integrated(f, x, s, n)
        ),
        "You begin at 0 instead of at `start`.": each(
            lambda f, x, s, n: integrated(f, x, torch.zeros_like(x), n)
        ),
        "Your points lie at the left ends of the pieces: take their middles.": each(
            lambda f, x, s, n: integrated(f, x, s, n, shift=0.0)
        ),
        "Your points lie at the right ends of the pieces: take their middles.": each(
            lambda f, x, s, n: integrated(f, x, s, n, shift=1.0)
        ),
        "You add the gradients up: take their mean.": each(lambda f, x, s, n: n * integrated(f, x, s, n)),
        "The signs are gone: a negative share speaks against the score and must stay negative.": each(
            lambda f, x, s, n: integrated(f, x, s, n).abs()
        ),
        "You square the gradients: that is a size, and the sum no longer is what was gained.": each(
            lambda f, x, s, n: (
                (x - s) * torch.stack([slopes(f, s + (k + 0.5) / n * (x - s)) ** 2 for k in range(n)]).mean(0)
            )
        ),
    }


def removed(images: Tensor, filling: Tensor, found: Tensor, count: int, *, lowest: bool = False) -> Tensor:
    """The pictures with the `count` highest cells taken from the filling."""
    order = found.flatten(1).argsort(1, descending=not lowest)[:, :count]
    gone = torch.zeros_like(found).flatten(1).scatter_(1, order, 1.0).view_as(found)
    ratio = images.shape[2] // found.shape[2], images.shape[3] // found.shape[3]
    mask = gone.repeat_interleave(ratio[0], 2).repeat_interleave(ratio[1], 3)
    return torch.where(mask > 0.5, filling, images)


def in_deletion(cases: list[tuple[Tensor, Tensor, Tensor, int]]) -> dict:
    """Wrong pictures with cells removed, for each batch, filling, map and count."""

    def each(change):
        return [change(*case) for case in cases]

    def over_threshold(images, filling, found, count):
        batch = found.flatten().sort(descending=True).values[count * len(found) - 1]
        masked = torch.where(found >= batch, found - found.min() + 1, torch.zeros_like(found))
        ratio = images.shape[2] // found.shape[2], images.shape[3] // found.shape[3]
        mask = masked.repeat_interleave(ratio[0], 2).repeat_interleave(ratio[1], 3)
        return torch.where(mask > 0, filling, images)

    return {
        "Nothing is taken away: the pictures come back as they were.": each(lambda x, f, m, k: x),
        "Everything is taken away: that is the filling.": each(lambda x, f, m, k: f),
        "You take the lowest cells: the highest go first.": each(
            lambda x, f, m, k: removed(x, f, m, k, lowest=True)
        ),
        "Turned round: you keep the highest cells and take all others away. That is insertion.": each(
            lambda x, f, m, k: removed(f, x, m, k)
        ),
        "The filling is not used: the cells become 0.": each(
            lambda x, f, m, k: removed(x, torch.zeros_like(f), m, k)
        ),
        "One cell too few is gone.": each(lambda x, f, m, k: removed(x, f, m, k - 1)),
        "One cell too many is gone.": each(lambda x, f, m, k: removed(x, f, m, k + 1)),
        "All pictures lose the cells of the first one's map.": each(
            lambda x, f, m, k: removed(x, f, m[:1].expand_as(m).contiguous(), k)
        ),
        "Only one cell is gone, that with rank `count`: all before it go as well.": each(
            lambda x, f, m, k: torch.where(
                (removed(x, f + 9, m, k) != x) & (removed(x, f + 9, m, k - 1) == x), f, x
            )
        ),
        "The highest cells of the whole batch are gone: each picture loses `count` of its own.": each(
            over_threshold
        ),
        "You go by the size of the numbers: a very negative cell is a low one.": each(
            lambda x, f, m, k: removed(x, f, m.abs(), k)
        ),
    }
