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


def held(weights: Tensor, masks: Tensor) -> Tensor:
    """The weights on the object alone, brought back to a sum of 1."""
    return shared(weights * covered(weights, masks))


def shared(weights: Tensor) -> Tensor:
    """Each image's weights divided by their sum."""
    return weights / weights.sum(SUM, keepdim=True)


def only(weights: Tensor, allowed: Tensor) -> Tensor:
    """A softmax over the allowed places, taken of the weights as if they were scores."""
    fill = torch.finfo(weights.dtype).min
    return weights.masked_fill(~allowed, fill).flatten(1).softmax(1).view_as(weights)


def touched(w, m):
    return F.max_pool2d(m.to(w.dtype), cells(w, m))


HELD = {
    "The images share one sum: divide each map by its own.": lambda w, m: (
        w * covered(w, m) / (w * covered(w, m)).sum()
    ),
    "You divide by the covered area: divide by what is left of the weight.": lambda w, m: (
        w * covered(w, m) / covered(w, m).sum(SUM, keepdim=True)
    ),
    "A cell that the mask touches keeps its whole weight: it keeps the covered part.": lambda w, m: shared(
        w * touched(w, m)
    ),
    "All places of the object weigh alike: the map's own weights are to be kept.": lambda w, m: shared(
        covered(w, m)
    ),
    "You look at one corner pixel of each cell: average the mask over the cell.": lambda w, m: shared(
        w * m[..., :: cells(w, m)[0], :: cells(w, m)[1]].to(w.dtype) + 1e-9
    ),
    "You keep what lies *off* the object.": lambda w, m: shared(w * (1 - covered(w, m)) + 1e-9),
    "The map is as it was: nothing is taken from the places off the object.": lambda w, m: shared(w),
    "You take a softmax again: the weights come ready, divide them by their sum.": lambda w, m: only(
        w, covered(w, m) > 0
    ),
    "You take a softmax of the product: places off the object then have exp(0), not 0.": lambda w, m: (
        (w * covered(w, m)).flatten(1).softmax(1).view_as(w)
    ),
    "Everything lies on one place: the others on the object keep theirs.": lambda w, m: (
        torch.zeros_like(w)
        .flatten(1)
        .scatter(1, (w * covered(w, m)).flatten(1).argmax(1, keepdim=True), 1.0)
        .view_as(w)
    ),
    "You add to the places on the object what lay off them, the same to each: multiply.": lambda w, m: (
        w * covered(w, m)
        + (covered(w, m) > 0)
        * (1 - (w * covered(w, m)).sum(SUM, keepdim=True))
        / (covered(w, m) > 0).sum(SUM, keepdim=True)
    ),
}


def attentive(patches: Tensor, query: Tensor) -> Tensor:
    """A query asks all patches; their sum by the weights."""
    return summed(patches, asked(patches, query).softmax(1))


def asked(patches: Tensor, query: Tensor) -> Tensor:
    """The score of each patch, (B, N)."""
    return patches @ query / patches.shape[-1] ** 0.5


def summed(patches: Tensor, weights: Tensor) -> Tensor:
    """Patches (B, N, D) by weights (B, N)."""
    return (weights[:, None] @ patches)[:, 0]


ATTENTIVE = {
    "The scores are not divided by the square root of D.": lambda x, q: summed(x, (x @ q).softmax(1)),
    "You divide by D: by its square root.": lambda x, q: summed(x, (x @ q / x.shape[-1]).softmax(1)),
    "You divide by the root of N, the patches: by that of D, the numbers.": lambda x, q: summed(
        x, (x @ q / x.shape[1] ** 0.5).softmax(1)
    ),
    "You multiply by the root of D: divide.": lambda x, q: summed(x, (x @ q * x.shape[-1] ** 0.5).softmax(1)),
    "The softmax runs over the images of the batch: over the patches, dim=1.": lambda x, q: summed(
        x, asked(x, q).softmax(0)
    ),
    "That is a sigmoid: the weights of an image do not sum to 1.": lambda x, q: summed(
        x, asked(x, q).sigmoid()
    ),
    "That is the mean of the patches: the query is not asked.": lambda x, q: x.mean(1),
    "You divide the weighted sum by N once more: the weights sum to 1.": lambda x, q: (
        attentive(x, q) / x.shape[1]
    ),
    "There is no softmax: the scores themselves weigh.": lambda x, q: summed(x, asked(x, q)),
    "Only the best patch counts: take the sum by all weights.": lambda x, q: x[
        torch.arange(len(x)), asked(x, q).argmax(1)
    ],
    "The least asked for counts most: the scores have the wrong sign.": lambda x, q: summed(
        x, (-asked(x, q)).softmax(1)
    ),
    "All images have the weights of the first.": lambda x, q: summed(
        x, asked(x, q).softmax(1)[:1].expand(len(x), -1)
    ),
    "Each number has a softmax of its own: one score for a patch, the sum of its products.": lambda x, q: (
        (x * q / x.shape[-1] ** 0.5).softmax(1) * x
    ).sum(1),
    "You exponentiate but do not divide by the sum.": lambda x, q: summed(x, asked(x, q).exp()),
    "The weights multiply the query's products: they weigh the patches themselves.": lambda x, q: summed(
        x * q, asked(x, q).softmax(1)
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
