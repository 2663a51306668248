"""What is right in the exercises on generation, and plausible mistakes: feedback -> the function."""

from collections.abc import Callable

import torch
from torch import Tensor


def line(noise: Tensor, pictures: Tensor, times: Tensor) -> Tensor:
    """The point on the line, each picture at its time."""
    share = times[:, None, None, None]
    return (1 - share) * noise + share * pictures


def timed(function: Callable) -> Callable:
    """A mistake of noise, pictures and times (B, 1, 1, 1)."""
    return lambda noise, pictures, times: function(noise, pictures, times[:, None, None, None])


POINT = {
    text: timed(function)
    for text, function in {
        "The ends are swapped: at time 0 all is noise, at time 1 all is picture.": lambda n, p, t: (
            (1 - t) * p + t * n
        ),
        "The times run along the width, not along the batch: each picture has one time. Give `times` three more axes.": lambda n, p, t: (
            (1 - t.flatten()) * n + t.flatten() * p
        ),
        "All pictures get the time of the first one.": lambda n, p, t: (1 - t[0]) * n + t[0] * p,
        "All pictures get the mean of the times: each has its own.": lambda n, p, t: (
            (1 - t.mean()) * n + t.mean() * p
        ),
        "The noise does not fade: it counts by 1 minus the time.": lambda n, p, t: n + t * p,
        "The picture is there from the start: it counts by the time.": lambda n, p, t: p + (1 - t) * n,
        "You mix by square roots. That keeps the variance, as diffusion models do, but it is an arc, not a straight line.": lambda n, p, t: (
            (1 - t).sqrt() * n + t.sqrt() * p
        ),
        "That is the direction of the line: a point on it is wanted.": lambda n, p, t: p - n,
        "You walk away from the picture: the direction is picture minus noise.": lambda n, p, t: (
            n - t * (p - n)
        ),
        "That is half of each, whatever the time.": lambda n, p, t: (n + p) / 2,
        "That is where the line ends, whatever the time.": lambda n, p, t: p,
        "That is where the line begins, whatever the time.": lambda n, p, t: n,
    }.items()
}


def one_step(x: Tensor, foreseen: Tensor, step: int, steps: int) -> Tensor:
    """Where a step leads: so much of the way as the step has of the time that is left."""
    return x + (foreseen - x) / (steps - step)


STEP = {
    "You jump to what is foreseen: one step goes only a part of the way.": lambda x, f, n, s: f,
    "The time that has passed is ignored: what is missing has to be covered in the time that is *left*, so the velocity grows.": lambda x, f, n, s: (
        x + (f - x) / s
    ),
    "You multiply by the time that is left: divide by it.": lambda x, f, n, s: x + (f - x) * (1 - n / s) / s,
    "You walk away from what is foreseen: the sign is turned round.": lambda x, f, n, s: (
        x - (f - x) / (s - n)
    ),
    "You take the time at the end of the step: a step looks at the time at which it starts.": lambda x, f, n, s: (
        x + (f - x) / (s - n - 1)
    ),
    "You count steps from 1: the first step has the number 0.": lambda x, f, n, s: x + (f - x) / (s - n + 1),
    "That is the velocity: go along it for one step, from where you are.": lambda x, f, n, s: (
        (f - x) / (1 - n / s)
    ),
    "That is how far the step goes: add it to where you are.": lambda x, f, n, s: (f - x) / (s - n),
    "A whole velocity is added: a step lasts 1 / steps.": lambda x, f, n, s: x + (f - x) / (1 - n / s),
    "You start from what is foreseen: start from where you are.": lambda x, f, n, s: f + (f - x) / (s - n),
    "You mix the two as if x were the noise of the beginning: it has come part of the way already.": lambda x, f, n, s: (
        x + (f - x) * (n + 1) / s
    ),
    "What is foreseen is taken for the velocity: subtract where you are, divide by the time left.": lambda x, f, n, s: (
        x + f / s
    ),
    "Where you are is not subtracted from what is foreseen.": lambda x, f, n, s: x + f / (s - n),
}


def taken(weights: Tensor, places: Tensor) -> Tensor:
    """The weight that each patch gives to another, (B, h, N)."""
    return weights[:, :, torch.arange(len(places)), places]


def mirrored(rows: int, columns: int, axes: tuple[int, ...] = (1,)) -> Tensor:
    """The patch that mirrors each patch, (N,)."""
    return torch.arange(rows * columns).view(rows, columns).flip(axes).flatten()


def counterpart(weights: Tensor, rows: int, columns: int) -> Tensor:
    """The mean weight of a patch on its mirror image."""
    return to(mirrored)(weights, rows, columns)


def to(places: Callable) -> Callable:
    """The mean weight on the patches that a function of rows and columns names."""
    return lambda w, r, c: taken(w, places(r, c)).mean(2)


def half(w: Tensor, r: int, c: int) -> Tensor:
    return taken(w, mirrored(r, c)).unflatten(2, (r, c))[..., : c // 2].mean((2, 3))


def across(w: Tensor, r: int, c: int) -> Tensor:
    left = torch.arange(r * c) % c < c // 2
    return (w * (left[:, None] != left)).sum(3).mean(2)


COUNTERPART = {
    "That mirrors up and down: a counterpart lies in the same row.": to(lambda r, c: mirrored(r, c, (0,))),
    "That turns the picture by half a turn: patch N - 1 - i is in another row.": to(
        lambda r, c: mirrored(r, c, (0, 1))
    ),
    "Rows and columns are swapped: patches are numbered row by row, so view(rows, columns).": to(
        lambda r, c: mirrored(c, r)
    ),
    "That is the weight that each patch gives to itself.": to(lambda r, c: torch.arange(r * c)),
    "That is the weight on the neighbour to the right.": to(lambda r, c: torch.arange(r * c).roll(-1)),
    "You sum over the patches: take the mean.": lambda w, r, c: taken(w, mirrored(r, c)).sum(2),
    "That is the largest: take the mean over the patches.": lambda w, r, c: taken(w, mirrored(r, c)).amax(2),
    "You divide by N twice: there are N patches, and each has one counterpart.": lambda w, r, c: (
        taken(w, mirrored(r, c)).mean(2) / (r * c)
    ),
    "Only the patches of the left half are asked: all of them count, in an odd grid those of the middle too.": half,
    "That is the weight on the whole other half: only the mirrored patch counts.": across,
    "That is the mean of all weights, which is always 1 / N.": lambda w, r, c: w.mean((2, 3)),
}


def guess(x: Tensor, times: Tensor, pictures: Tensor) -> Tensor:
    """Bayes' rule: the mean of the pictures, each by how likely it is behind x."""
    return mean(scores(x, times, pictures), pictures)


def scores(x: Tensor, times: Tensor, pictures: Tensor) -> Tensor:
    """Minus the squared distance over twice the variance of what is left of the noise, (B, M)."""
    return -distance(x, times, pictures) / (2 * (1 - times[:, None]) ** 2)


def distance(x: Tensor, times: Tensor, pictures: Tensor) -> Tensor:
    """Squared distance of each half-made picture from each picture in its present strength, (B, M)."""
    return (x[:, None] - times.view(-1, 1, 1, 1, 1) * pictures).square().sum((2, 3, 4))


def mean(scores: Tensor, pictures: Tensor, dim: int = 1) -> Tensor:
    """The pictures, weighted by a softmax of scores."""
    return torch.einsum("bm,mchw->bchw", scores.softmax(dim), pictures)


def left(t: Tensor) -> Tensor:
    return (1 - t)[:, None]


def pixelwise(x: Tensor, t: Tensor, p: Tensor) -> Tensor:
    gaps = (x[:, None] - t.view(-1, 1, 1, 1, 1) * p).square()
    return ((-gaps / (2 * left(t)[..., None, None, None] ** 2)).softmax(1) * p).sum(1)


def dots(x: Tensor, t: Tensor, p: Tensor) -> Tensor:
    return torch.einsum("bchw,mchw->bm", x, p) * t[:, None] / left(t) ** 2


def by_hand(scores: Tensor, p: Tensor) -> Tensor:
    odds = scores.exp()
    return torch.einsum("bm,mchw->bchw", odds / odds.sum(1, keepdim=True), p)


GUESS = {
    "You compare x with the whole pictures: at time t a picture is there with strength t only.": lambda x, t, p: (
        mean(-distance(x, torch.ones_like(t), p) / (2 * left(t) ** 2), p)
    ),
    "The 2 is missing below the squared distance.": lambda x, t, p: mean(2 * scores(x, t, p), p),
    "The noise that is left has the standard deviation 1 - t: square it to get the variance.": lambda x, t, p: (
        mean(-distance(x, t, p) / (2 * left(t)), p)
    ),
    "The time is not in the variance: the later, the less noise is left, the sharper the choice.": lambda x, t, p: (
        mean(-distance(x, t, p) / 2, p)
    ),
    "The sign is turned round: near pictures are the likely ones.": lambda x, t, p: mean(-scores(x, t, p), p),
    "Your softmax runs over the batch: the weights of one x over all pictures sum to 1.": lambda x, t, p: (
        mean(scores(x, t, p), p, dim=0)
    ),
    "That is the nearest picture: the best guess is a mean of all, by their weights.": lambda x, t, p: p[
        scores(x, t, p).argmax(1)
    ],
    "All pictures count alike: x has no say.": lambda x, t, p: p.mean(0, keepdim=True).expand_as(x).clone(),
    "The values are the pictures in full strength: the guess is of the finished picture.": lambda x, t, p: (
        guess(x, t, p) * t.view(-1, 1, 1, 1)
    ),
    "You take the mean of the squared differences: odds of independent pixels multiply, so sum.": lambda x, t, p: (
        mean(scores(x, t, p) / x[0].numel(), p)
    ),
    "The distance is not squared.": lambda x, t, p: mean(-distance(x, t, p).sqrt() / (2 * left(t) ** 2), p),
    "All use the time of the first one.": lambda x, t, p: guess(x, t[:1].expand_as(t), p),
    "That is the velocity: what is foreseen was asked for.": lambda x, t, p: (
        (guess(x, t, p) - x) / (1 - t).view(-1, 1, 1, 1)
    ),
    "Each pixel is compared alone, and so the parts need not agree: sum the squared differences over the whole picture before the softmax.": pixelwise,
    "A dot product alone favours bright pictures: the squared length of `t * picture` belongs to the distance.": lambda x, t, p: (
        mean(dots(x, t, p), p)
    ),
    "Late, all likelihoods are too small for a float, and their sum is 0. Let torch's `softmax` do it, or take the "
    "largest score off first.": lambda x, t, p: by_hand(scores(x, t, p), p),
    "You take the largest score of the whole batch off: each picture's own, or nothing is left of the others.": (
        lambda x, t, p: by_hand(scores(x, t, p) - scores(x, t, p).max(), p)
    ),
    "Those are weights: mix the pictures with them.": lambda x, t, p: scores(x, t, p).softmax(1),
    "The weighted pictures are not summed yet.": lambda x, t, p: (
        scores(x, t, p).softmax(1)[..., None, None, None] * p
    ),
    "The likelihoods do not sum to 1 yet: divide by their sum.": lambda x, t, p: torch.einsum(
        "bm,mchw->bchw", scores(x, t, p).exp(), p
    ),
}
