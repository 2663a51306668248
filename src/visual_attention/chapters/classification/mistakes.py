"""What is right in the exercises on classification, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F

SUM = (1, 2, 3)


def cells(weights: Tensor, masks: Tensor) -> tuple[int, int]:
    """Rows and columns of pixels beneath one weight."""
    return masks.shape[2] // weights.shape[2], masks.shape[3] // weights.shape[3]


def covered(weights: Tensor, masks: Tensor) -> Tensor:
    """How much of each weight's cell the mask covers, (B, 1, h, w)."""
    return F.avg_pool2d(masks.to(weights.dtype), cells(weights, masks))


def score(weights: Tensor, cover: Tensor) -> Tensor:
    """The share of the weight that counts."""
    return (weights * cover).sum(SUM) / weights.sum(SUM)


def pointing(weights: Tensor, masks: Tensor) -> Tensor:
    """The share of each map's weight that lies on the object."""
    return score(weights, covered(weights, masks))


def blurred(w, m):
    fine = F.interpolate(w, m.shape[2:], mode="bilinear", align_corners=False)
    return score(fine, m.float())


def peaks(w, m):
    flat = w.flatten(1)
    return covered(w, m).flatten(1).gather(1, flat.argmax(1, keepdim=True))[:, 0]


SCORE = {
    "A cell that the mask touches counts whole: only the covered part of it should.": lambda w, m: score(
        w, F.max_pool2d(m.float(), cells(w, m))
    ),
    "A cell that is covered in part does not count at all: its covered part should.": lambda w, m: score(
        w, 1 - F.max_pool2d(1 - m.float(), cells(w, m))
    ),
    "A cell counts whole or not at all, by whether half of it is covered: count the covered part.": lambda w, m: (
        score(w, (covered(w, m) >= 0.5).float())
    ),
    "You look at one corner pixel of each cell: average the mask over the cell.": lambda w, m: score(
        w, m[..., :: cells(w, m)[0], :: cells(w, m)[1]].float()
    ),
    "That is the weight on the object, not its share: divide by the sum of the map.": lambda w, m: (
        w * covered(w, m)
    ).sum(SUM),
    "That is the share *off* the object.": lambda w, m: score(w, 1 - covered(w, m)),
    "That is the object's share of the area: the weights are not used.": lambda w, m: m.float().mean(SUM),
    "You divide by the area of the object: divide by the sum of the map.": lambda w, m: (
        (w * covered(w, m)).sum(SUM) / covered(w, m).sum(SUM)
    ),
    "You divide by the number of places: divide by the sum of the map.": lambda w, m: (
        w * covered(w, m)
    ).mean(SUM),
    "The maps of the batch share one sum: each map has its own.": lambda w, m: (
        (w * covered(w, m)).sum(SUM) / w.sum()
    ),
    "That smooths the map between places: a weight stands for the whole cell beneath it.": blurred,
    "That looks at the largest weight only: the pointing score counts all of them.": peaks,
    "You divide by the largest weight: divide by the sum of the map.": lambda w, m: (
        (w * covered(w, m)).sum(SUM) / w.amax(SUM)
    ),
    "You take a softmax first: the weights come ready.": lambda w, m: score(
        w.flatten(1).softmax(1).view_as(w), covered(w, m)
    ),
}


def nearest(wanted: int, *, square: int = 9, linear: int = 158, constant: int = 186) -> int:
    """The width whose count is nearest, for a count of so many squares, widths and ones."""
    return min(range(1, 1000), key=lambda w: abs(square * w * w + linear * w + constant - wanted))


def width(wanted: int) -> int:
    """The width of the network with the nearest number of parameters."""
    return nearest(wanted)


def count(width: int) -> int:
    """The parameters of a network of that width."""
    return 9 * width * width + 158 * width + 186


WIDTH = {
    "You take the widest network that is not larger: the nearest may be larger.": lambda n: max(
        (w for w in range(1, 1000) if count(w) <= n), default=1
    ),
    "You take the narrowest network that is not smaller: the nearest may be smaller.": lambda n: min(
        w for w in range(1, 1000) if count(w) >= n
    ),
    "That is the number of parameters: return the width.": lambda n: count(nearest(n)),
    "The gains and shifts of the normalisation are not counted: two for each channel.": lambda n: nearest(
        n, linear=154, constant=154
    ),
    "You count biases of the convolutions: they have none, the normalisation has a shift.": lambda n: nearest(
        n, linear=160, constant=202
    ),
    "The linear layer is not counted: 10 weights for each channel, and 10 biases.": lambda n: nearest(
        n, linear=148, constant=176
    ),
    "You count the running statistics of the normalisation: nobody trains them.": lambda n: nearest(
        n, linear=162, constant=218
    ),
    "The third convolution is not counted: it has 9 weights for each pair of channels.": lambda n: nearest(
        n, square=0, linear=156
    ),
    "A 3 x 3 kernel has 9 weights, not 3.": lambda n: nearest(n, square=3, linear=62, constant=90),
    "The same width whatever is wanted.": lambda n: 32,
    "The width is one too large.": lambda n: nearest(n) + 1,
    "The width is one too small.": lambda n: nearest(n) - 1,
}


def paired(treatment: Tensor, baseline: Tensor, draws: Tensor) -> Tensor:
    """The mean difference and its interval."""
    return interval(treatment - baseline, draws)


def interval(differences: Tensor, draws: Tensor, ends: tuple[float, float] = (0.025, 0.975)) -> Tensor:
    """Mean difference, and quantiles of the means of the draws."""
    return with_ends(differences, differences[draws].mean(1), ends)


def with_ends(differences: Tensor, means: Tensor, ends: tuple[float, float] = (0.025, 0.975)) -> Tensor:
    return torch.cat([differences.mean()[None], torch.quantile(means, means.new_tensor(ends))])


def of_means(function):
    """A mistake made of the differences and of the means of their draws."""
    return lambda t, b, d: function(t - b, (t - b)[d].mean(1))


def joined(middle, low, high):
    return torch.stack([middle, low, high])


def normal(x, means):
    spread = 1.96 * x.std() / len(x) ** 0.5
    return joined(x.mean(), x.mean() - spread, x.mean() + spread)


def unpaired(t, b, d):
    means = t[d].mean(1) - b[d.flip(0)].mean(1)
    return joined((t - b).mean(), torch.quantile(means, 0.025), torch.quantile(means, 0.975))


INTERVAL = {
    "The sign is turned round: treatment minus baseline.": lambda t, b, d: interval(b - t, d),
    "The draws of treatment and baseline differ: the same seeds must be drawn for both.": unpaired,
    "The baseline is not subtracted.": lambda t, b, d: interval(t, d),
    "Those are quantiles for 90 %: 95 % leave 2.5 % on either side.": lambda t, b, d: interval(
        t - b, d, (0.05, 0.95)
    ),
    "5 % lie outside on one side: leave 2.5 % on either side.": lambda t, b, d: interval(
        t - b, d, (0.0, 0.95)
    ),
    "The ends are swapped: the lower one first.": of_means(
        lambda x, m: joined(x.mean(), torch.quantile(m, 0.975), torch.quantile(m, 0.025))
    ),
    "Those are quantiles of the differences: draw them again, and take quantiles of the means.": of_means(
        lambda x, m: joined(x.mean(), torch.quantile(x, 0.025), torch.quantile(x, 0.975))
    ),
    "The first number is the mean over all draws: the mean difference itself is asked for.": of_means(
        lambda x, m: joined(m.mean(), torch.quantile(m, 0.025), torch.quantile(m, 0.975))
    ),
    "The first number is a median: the mean difference is asked for.": of_means(
        lambda x, m: joined(x.median(), torch.quantile(m, 0.025), torch.quantile(m, 0.975))
    ),
    "Those are the smallest and the largest of all draws.": of_means(
        lambda x, m: joined(x.mean(), m.min(), m.max())
    ),
    "That is the mean plus and minus 1.96 standard errors: take quantiles of the draws.": of_means(normal),
    "You sum over a draw: take its mean.": lambda t, b, d: with_ends(t - b, (t - b)[d].sum(1)),
    "You average over the draws of one seed: average over the seeds of one draw.": lambda t, b, d: with_ends(
        t - b, (t - b)[d].mean(0)
    ),
    "The ends are told as distances from the mean.": lambda t, b, d: (
        interval(t - b, d) - torch.tensor([0.0, 1.0, 1.0]) * (t - b).mean()
    ),
}


def strata(hits: Tensor, right: Tensor, kinds: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Right answers of hits and of misses, kind by kind, where there are both."""
    right = right.float()
    pairs = [(right[(kinds == k) & hits], right[(kinds == k) & ~hits]) for k in kinds.unique()]
    return [(hit, missed) for hit, missed in pairs if len(hit) and len(missed)]


def weighted(pairs: list[tuple[Tensor, Tensor]], weigh) -> Tensor:
    """The gaps of all kinds, averaged with weights that follow from the numbers of hits and misses."""
    gaps = torch.stack([hit.mean() - missed.mean() for hit, missed in pairs])
    weights = torch.tensor([float(weigh(len(hit), len(missed))) for hit, missed in pairs])
    return (gaps * weights).sum() / weights.sum()


def gap(hits: Tensor, right: Tensor, kinds: Tensor) -> Tensor:
    """What is right."""
    return weighted(strata(hits, right, kinds), lambda n, m: n * m / (n + m))


def by(weigh):
    return lambda h, r, k: weighted(strata(h, r, k), weigh)


def divided_by_all(h, r, k):
    gaps = [hit.mean() - missed.mean() for hit, missed in strata(h, r, k)]
    return torch.stack(gaps).sum() / len(k.unique())


GAP = {
    "The kinds are not used: large digits are easier to find *and* to read, and that counts too.": lambda h, r, k: (
        gap(h, r, torch.zeros_like(k))
    ),
    "All kinds count alike: weigh them by n1 n0 / (n1 + n0).": by(lambda n, m: 1),
    "The weights are n1 + n0, the pictures of a kind: n1 n0 / (n1 + n0) is asked for.": by(
        lambda n, m: n + m
    ),
    "The weights are n1, the hits alone.": by(lambda n, m: n),
    "The weights are n0, the misses alone.": by(lambda n, m: m),
    "The weights are n1 n0: divide by n1 + n0.": by(lambda n, m: n * m),
    "You do not divide by the sum of the weights.": lambda h, r, k: sum(
        (len(a) * len(b) / (len(a) + len(b)) * (a.mean() - b.mean()) for a, b in strata(h, r, k))
    ),
    "The sign is turned round: hits minus misses.": lambda h, r, k: gap(~h, r, k),
    "A kind without hits or without misses counts as a gap of 0: it tells nothing, leave it out.": divided_by_all,
    "That is NaN: a kind without hits, or without misses, has no mean. Leave it out.": lambda h, r, k: (
        gap(h, r, k) if len(strata(h, r, k)) == len(k.unique()) else torch.tensor(torch.nan)
    ),
    "That is a number for each kind: average them.": lambda h, r, k: torch.stack(
        [hit.mean() - missed.mean() for hit, missed in strata(h, r, k)]
    ),
    "Hits and right answers have changed places.": lambda h, r, k: gap(r, h, k),
    "That is the accuracy where the map hits: subtract that where it misses.": lambda h, r, k: (
        r[h].float().mean()
    ),
    "That is a number of pictures: take the share that is right.": lambda h, r, k: sum(
        (a.sum() - b.sum() for a, b in strata(h, r, k))
    ),
}
