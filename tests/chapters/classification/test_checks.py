"""The checks on classification against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.classification import checks as classification

solved = solutions("classification")
SUM = (1, 2, 3)


def sizes(w, m):
    return m.shape[2] // w.shape[2], m.shape[3] // w.shape[3]


def cover(w, m):
    return F.avg_pool2d(m.float(), sizes(w, m))


def score(w, c):
    return (w * c).sum(SUM) / w.sum(SUM)


def fine(w, m):
    return F.interpolate(w, m.shape[2:], mode="bilinear", align_corners=False)


POINTING = {
    "counts whole: only the covered": lambda w, m: score(w, F.adaptive_max_pool2d(m.float(), w.shape[2:])),
    "does not count at all": lambda w, m: score(w, 1 - F.adaptive_max_pool2d(1 - m.float(), w.shape[2:])),
    "by whether half of it": lambda w, m: score(w, (cover(w, m) >= 0.5).float()),
    "one corner pixel": lambda w, m: score(w, m[:, :, :: sizes(w, m)[0], :: sizes(w, m)[1]].float()),
    "not its share: divide": lambda w, m: (w * cover(w, m)).sum(SUM),
    "share *off* the object": lambda w, m: 1 - score(w, cover(w, m)),
    "share of the area": lambda w, m: m.float().mean(SUM),
    "divide by the area": lambda w, m: (w * cover(w, m)).sum(SUM) / cover(w, m).sum(SUM),
    "divide by the number of places": lambda w, m: (w * cover(w, m)).mean(SUM),
    "share one sum": lambda w, m: (w * cover(w, m)).sum(SUM) / w.sum(),
    "smooths the map": lambda w, m: score(fine(w, m), m.float()),
    "largest weight only": lambda w, m: cover(w, m).flatten(1)[torch.arange(len(w)), w.flatten(1).argmax(1)],
    "divide by the largest weight": lambda w, m: (w * cover(w, m)).sum(SUM) / w.amax(SUM),
    "a softmax first": lambda w, m: score(w.flatten(1).softmax(1).view_as(w), cover(w, m)),
    "got ()": lambda w, m: score(w, cover(w, m)).mean(),
    "`keepdim`": lambda w, m: score(w, cover(w, m))[:, None, None, None],
    "got (B, 1, h, w)": lambda w, m: w * cover(w, m),
}


def count(width):
    return 9 * width * width + 158 * width + 186


def best(wanted, parameters=count):
    return min(range(1, 1000), key=lambda width: abs(parameters(width) - wanted))


WIDTH = {
    "not larger: the nearest": lambda n: max([w for w in range(1, 1000) if count(w) <= n], default=1),
    "not smaller: the nearest": lambda n: next(w for w in range(1, 1000) if count(w) >= n),
    "return the width": lambda n: count(best(n)),
    "gains and shifts": lambda n: best(n, lambda w: count(w) - 4 * w - 32),
    "biases of the convolutions": lambda n: best(n, lambda w: count(w) + 2 * w + 16),
    "The linear layer is not counted": lambda n: best(n, lambda w: count(w) - 10 * w - 10),
    "running statistics": lambda n: best(n, lambda w: count(w) + 4 * w + 32),
    "The third convolution is not": lambda n: best(n, lambda w: count(w) - 9 * w * w - 2 * w),
    "has 9 weights, not 3": lambda n: best(n, lambda w: 3 * w * w + 62 * w + 90),
    "whatever is wanted": lambda n: 32,
    "one too large": lambda n: best(n) + 1,
    "one too small": lambda n: best(n) - 1,
    "got float": lambda n: float(best(n)),
    "got a list": lambda n: [best(n)],
    "returned `None`": lambda n: print(best(n)),
}


def normed(w):
    return w / w.flatten(1).sum(1)[:, None, None, None]


def everywhere(w, m):
    return (cover(w, m) > 0).float()


def added(w, m):
    kept, places = w * cover(w, m), everywhere(w, m)
    rest = (1 - kept.sum(SUM)) / places.sum(SUM)
    return kept + places * rest[:, None, None, None]


HELD = {
    "if you divided it by its sum over axes 2, 3": lambda w, m: w * cover(w, m),
    "The images share one sum": lambda w, m: w * cover(w, m) / (w * cover(w, m)).sum(),
    "divide by the covered area": lambda w, m: w * cover(w, m) / cover(w, m).sum(SUM)[:, None, None, None],
    "keeps its whole weight": lambda w, m: normed(w * everywhere(w, m)),
    "All places of the object weigh alike": lambda w, m: normed(cover(w, m)),
    "one corner pixel": lambda w, m: normed(w * m[:, :, :: sizes(w, m)[0], :: sizes(w, m)[1]].float() + 1e-9),
    "what lies *off* the object": lambda w, m: normed(w * (1 - cover(w, m)) + 1e-9),
    "The map is as it was": lambda w, m: w,
    "You take a softmax again": lambda w, m: (
        w.masked_fill(cover(w, m) == 0, -1e30).flatten(1).softmax(1).view_as(w)
    ),
    "a softmax of the product": lambda w, m: torch.softmax((w * cover(w, m)).flatten(1), 1).view_as(w),
    "Everything lies on one place": lambda w, m: (
        F.one_hot((w * cover(w, m)).flatten(1).argmax(1), w.shape[2] * w.shape[3]).view_as(w).float()
    ),
    "the same to each: multiply": added,
    "got (B,)": lambda w, m: (w * cover(w, m)).sum(SUM),
}


def root(x):
    return x.shape[-1] ** 0.5


def take(x, weights):
    return torch.einsum("bn,bnd->bd", weights, x)


ATTENTIVE = {
    "are not divided by the square root": lambda x, q: take(x, (x @ q).softmax(1)),
    "You divide by D: by": lambda x, q: take(x, (x @ q / root(x) ** 2).softmax(1)),
    "the root of N": lambda x, q: take(x, (x @ q / x.shape[1] ** 0.5).softmax(1)),
    "You multiply by the root": lambda x, q: take(x, (x @ q * root(x)).softmax(1)),
    "over the images of the batch": lambda x, q: take(x, (x @ q / root(x)).softmax(0)),
    "That is a sigmoid": lambda x, q: take(x, (x @ q / root(x)).sigmoid()),
    "the mean of the patches": lambda x, q: x.mean(1) + 0 * q,
    "by N once more": lambda x, q: solved.attentive_pool(x, q) / x.shape[1],
    "There is no softmax": lambda x, q: take(x, x @ q / root(x)),
    "Only the best patch counts": lambda x, q: x[torch.arange(len(x)), (x @ q).argmax(1)] + 0 * q,
    "have the wrong sign": lambda x, q: solved.attentive_pool(x, -q),
    "the weights of the first": lambda x, q: take(x, (x[:1] @ q / root(x)).softmax(1).expand(len(x), -1)),
    "a softmax of its own": lambda x, q: ((x * q / root(x)).softmax(1) * x).sum(1),
    "do not divide by the sum": lambda x, q: take(x, (x @ q / root(x)).exp()),
    "they weigh the patches themselves": lambda x, q: take(x * q, (x @ q / root(x)).softmax(1)),
    "No gradient reaches query": lambda x, q: solved.attentive_pool(x, q.detach()),
    "got (B, N)": lambda x, q: (x @ q / root(x)).softmax(1),
}


def kinds_of(h, r, k):
    pairs = [(r[(k == one) & h].float(), r[(k == one) & ~h].float()) for one in k.unique()]
    return [(a, b) for a, b in pairs if len(a) and len(b)]


def mix(weigh):
    def answer(h, r, k):
        pairs = kinds_of(h, r, k)
        weights = torch.tensor([float(weigh(len(a), len(b))) for a, b in pairs])
        return (weights * torch.stack([a.mean() - b.mean() for a, b in pairs])).sum() / weights.sum()

    return answer


proper = mix(lambda n, m: n * m / (n + m))


def unguarded(h, r, k):
    total = weight = torch.tensor(0.0)
    for one in k.unique():
        a, b = r[(k == one) & h].float(), r[(k == one) & ~h].float()
        share = len(a) * len(b) / (len(a) + len(b))
        total, weight = total + share * (a.mean() - b.mean()), weight + share
    return total / weight


def not_divided(h, r, k):
    return sum(len(a) * len(b) / (len(a) + len(b)) * (a.mean() - b.mean()) for a, b in kinds_of(h, r, k))


GAP = {
    "The kinds are not used": lambda h, r, k: r[h].float().mean() - r[~h].float().mean(),
    "All kinds count alike": mix(lambda n, m: 1),
    "the pictures of a kind": mix(lambda n, m: n + m),
    "the hits alone": mix(lambda n, m: n),
    "the misses alone": mix(lambda n, m: m),
    "The weights are n1 n0: divide": mix(lambda n, m: n * m),
    "You do not divide by the sum": not_divided,
    "hits minus misses": lambda h, r, k: -proper(h, r, k),
    "That is NaN": unguarded,
    "have changed places": lambda h, r, k: proper(r, h, k),
    "subtract that where it misses": lambda h, r, k: r[h].float().mean(),
    "a number of pictures": lambda h, r, k: sum(a.sum() - b.sum() for a, b in kinds_of(h, r, k)),
    "a number for each kind": lambda h, r, k: torch.stack(
        [a.mean() - b.mean() for a, b in kinds_of(h, r, k)]
    ),
    "got (2,)": lambda h, r, k: torch.stack([r[h].float().mean(), r[~h].float().mean()]),
}


WRONG = {
    "check_pointing_score": POINTING,
    "check_matched_width": WIDTH,
    "check_held_map": HELD,
    "check_pointing_gap": GAP,
    "check_attentive_pool": ATTENTIVE,
}


@pytest.mark.slow
def test_checks():
    contract(classification, solved, WRONG)


def test_the_width_is_that_of_the_chapter():
    from visual_attention.chapters.classification.classifier import Classifier
    from visual_attention.training import parameters

    for width in (1, 22, 35):
        assert parameters(Classifier(width=width)) == count(width)
    assert solved.matched_width(16_779) == 35


def test_the_held_map_is_the_chapter_s_cut():
    from visual_attention.chapters.classification import cuts

    class Pool(torch.nn.Module):
        def weights(self, x):
            return x

    torch.manual_seed(0)
    weights, masks = (
        torch.rand(3, 1, 4, 6).flatten(1).softmax(1).view(3, 1, 4, 6),
        torch.rand(3, 1, 8, 12) > 0.6,
    )
    torch.testing.assert_close(
        solved.held_map(weights, masks), cuts.held(Pool(), weights, cover(weights, masks))
    )
