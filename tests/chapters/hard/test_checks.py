"""The checks on hard attention against plausible wrong answers."""

import pytest
import torch
from torch.nn import functional as F

from tests.exercises.contract import contract, solutions
from visual_attention.chapters.hard import checks as hard
from visual_attention.chapters.hard.glimpse_mistakes import at

solved = solutions("hard")


def corner_of(image, location, size):
    height, width = image.shape
    x, y = location.tolist()
    return round((y + 1) * height / 2 - size / 2), round((x + 1) * width / 2 - size / 2)


def indices(image, location, size):
    top, left = corner_of(image, location, size)
    return torch.arange(size) + top, torch.arange(size) + left


def sliced(image, location, size):
    top, left = corner_of(image, location, size)
    return image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)]


def repeated(image, location, size):
    rows, columns = indices(image, location, size)
    return image[rows.clamp(0, image.shape[0] - 1)][:, columns.clamp(0, image.shape[1] - 1)]


def wrapped(image, location, size):
    rows, columns = indices(image, location, size)
    return image[rows % image.shape[0]][:, columns % image.shape[1]]


def pushed(image, location, size):
    top, left = corner_of(image, location, size)
    return at(image, min(max(top, 0), image.shape[0] - size), min(max(left, 0), image.shape[1] - size), size)


def pushed_from_far(image, location, size):
    return (
        solved.cut_glimpse(image, location, size)
        if location.abs().max() < 1.01
        else pushed(image, location, size)
    )


def ones_around(image, location, size):
    padded = F.pad(image, (400, 400, 400, 400), value=1.0)
    top, left = corner_of(image, location, size)
    return padded[top + 400 : top + 400 + size, left + 400 : left + 400 + size]


def all_dark_at_the_edge(image, location, size):
    top, left = corner_of(image, location, size)
    inside = top >= 0 and left >= 0 and top + size <= image.shape[0] and left + size <= image.shape[1]
    return solved.cut_glimpse(image, location, size) if inside else torch.zeros(size, size)


def scaled(image, location, size):
    height, width = image.shape
    x, y = location.tolist()
    return at(image, (y + 1) * (height - 1) / 2 - size / 2, (x + 1) * (width - 1) / 2 - size / 2, size)


def cut(image, x, y, size):
    return solved.cut_glimpse(image, torch.tensor([x, y]), size)


GLIMPSE = {
    "x and y are swapped": lambda i, p, s: cut(i, p[1].item(), p[0].item(), s),
    "y points up in your code": lambda i, p, s: cut(i, p[0].item(), -p[1].item(), s),
    "but transposed": lambda i, p, s: solved.cut_glimpse(i, p, s).T,
    "is the corner of your patch": lambda i, p, s: at(
        i, (p[1].item() + 1) * i.shape[0] / 2, (p[0].item() + 1) * i.shape[1] / 2, s
    ),
    "as a share from 0 to 1": lambda i, p, s: at(
        i, p[1].item() * i.shape[0] - s / 2, p[0].item() * i.shape[1] - s / 2, s
    ),
    "by the side minus 1": scaled,
    "scale x by the height": lambda i, p, s: at(
        i, (p[1].item() + 1) * i.shape[0] / 2 - s / 2, (p[0].item() + 1) * i.shape[0] / 2 - s / 2, s
    ),
    "always cut at the centre": lambda i, p, s: cut(i, 0.0, 0.0, s),
    "is shifted by a pixel": lambda i, p, s: cut(
        i, p[0].item() + 2 / i.shape[1], p[1].item() + 2 / i.shape[0], s
    ),
    "A slice ends where": sliced,
    "repeat the last pixel": repeated,
    "go on at the other side": wrapped,
    "keep it where it is": pushed,
    "Far outside you push": pushed_from_far,
    "you fill in ones": ones_around,
    "all of your patch is 0": all_dark_at_the_edge,
    "got (1, 1, 2*half, 2*half)": lambda i, p, s: solved.cut_glimpse(i, p, s)[None, None],
    "NumPy": lambda i, p, s: solved.cut_glimpse(i, p, s).numpy(),
}


def right(log_p, r, b):
    return solved.reinforce(log_p, r, b)


REINFORCE = {
    "The sign is flipped": lambda p, r, b: -right(p, r, b),
    "You sum over the batch": lambda p, r, b: -(p * (r - b).detach()).sum(),
    "baselines are not used": lambda p, r, b: -(p * r.detach()).mean(),
    "You add the baselines": lambda p, r, b: -(p * (r + b).detach()).mean(),
    "Only the baselines count": lambda p, r, b: (p * b.detach()).mean(),
    "not their logarithms": lambda p, r, b: -(p.exp() * (r - b).detach()).mean(),
    "You square the surprise": lambda p, r, b: -(p * (r - b).detach().square()).mean(),
    "You take the surprise's size": lambda p, r, b: -(p * (r - b).detach().abs()).mean(),
    "All choices are pushed alike": lambda p, r, b: -p.mean() * (r - b).mean().detach(),
    "You shift the rewards": lambda p, r, b: -(p * (r - r.mean()).detach()).mean(),
    "by the spread of the surprise": lambda p, r, b: -(p * ((r - b) / (r - b).std()).detach()).mean(),
    "into the baselines: detach": lambda p, r, b: -(p * (r.detach() - b)).mean(),
    "into the rewards: detach": lambda p, r, b: -(p * (r - b.detach())).mean(),
    "into the rewards and the baselines": lambda p, r, b: -(p * (r - b)).mean(),
    "One number in a tensor is wanted": lambda p, r, b: -p * (r - b).detach(),
    "No gradient comes back": lambda p, r, b: right(p.detach(), r, b),
}


def exact(s, losses):
    return solved.exact_gradient(s, losses)


def overflowing(s, losses):
    chances = s.exp() / s.exp().sum(1, keepdim=True)
    return chances * (losses - (chances * losses).sum(1, keepdim=True))


EXACT = {
    "The expected loss is missing": lambda s, v: s.softmax(1) * v,
    "the gradient of the reward": lambda s, v: -exact(s, v),
    "the plain mean of the losses": lambda s, v: s.softmax(1) * (v - v.mean(1, keepdim=True)),
    "forget to multiply with the chance": lambda s, v: v - (s.softmax(1) * v).sum(1, keepdim=True),
    "The softmax runs over the batch": lambda s, v: (
        s.softmax(0) * (v - (s.softmax(0) * v).sum(1, keepdim=True))
    ),
    "the softmax of the losses": lambda s, v: exact(v, s),
    "by the number of images": lambda s, v: exact(s, v) / len(s),
    "by the number of choices": lambda s, v: exact(s, v) / s.shape[1],
    "over the whole batch: each": lambda s, v: s.softmax(1) * (v - (s.softmax(1) * v).sum(1).mean()),
    "the gradient for sigmoids": lambda s, v: s.sigmoid() * (1 - s.sigmoid()) * v,
    "got ()": lambda s, v: (s.softmax(1) * v).sum(),
    "got (B,)": lambda s, v: (s.softmax(1) * v).sum(1),
    "`exp` overflows": overflowing,
}


def gumbel(noisy, temperature, hard=None):
    blend = (noisy / temperature).softmax(1)
    winner = F.one_hot(noisy.argmax(1), noisy.shape[1]).float() if hard is None else hard
    return winner + blend - blend.detach()


def winner(noisy):
    return F.one_hot(noisy.argmax(1), noisy.shape[1]).float()


DRAWS = {
    "the soft blend: forward": lambda s, n, t=1.0: ((s + n) / t).softmax(1),
    "The noise is not used": lambda s, n, t=1.0: gumbel(s, t),
    "Only the noise decides": lambda s, n, t=1.0: gumbel(s + n, t, winner(n)),
    "You take the noise off": lambda s, n, t=1.0: gumbel(s - n, t),
    "You multiply scores and noise": lambda s, n, t=1.0: gumbel(s * n, t),
    "The smallest wins": lambda s, n, t=1.0: gumbel(-s - n, t),
    "sought over the batch": lambda s, n, t=1.0: gumbel(s + n, t, winner((s + n).T).T),
    "keeps its share of the blend": lambda s, n, t=1.0: winner(s + n) * (s + n).softmax(1),
    "added to the softmax of the scores": lambda s, n, t=1.0: gumbel(s.softmax(1) + n, t),
    "That is the number of the winner": lambda s, n, t=1.0: (s + n).argmax(1).float(),
    "On the way back: No gradient comes back": lambda s, n, t=1.0: winner(s + n),
    "without the noise: blend": lambda s, n, t=1.0: gumbel(s, t, winner(s + n)),
    "the softmax is missing on the way back": lambda s, n, t=1.0: winner(s + n) + s - s.detach(),
    "with the opposite sign": lambda s, n, t=1.0: 2 * winner(s + n) - gumbel(s + n, t),
    "twice as large": lambda s, n, t=1.0: 2 * gumbel(s + n, t) - winner(s + n),
    "The temperature changes nothing": lambda s, n, t=1.0: gumbel(s + n, 1.0),
    "You multiply by the temperature": lambda s, n, t=1.0: gumbel(s + n, 1 / t),
    "but not the noise": lambda s, n, t=1.0: gumbel(s / t + n, 1.0, winner(s + n)),
}


def chosen_log(s, d):
    return s.log_softmax(1).gather(1, d[:, None])[:, 0]


def spread_of(s):
    return -(s.softmax(1) * s.log_softmax(1)).sum(1)


def number(s, d, v, e, b, *, sign=1.0):
    """As a learner might write it, in four lines."""
    reward = -v.detach()
    surprise = reward - e.detach()
    return (
        v.mean()
        - sign * (chosen_log(s, d) * surprise).mean()
        + ((e - reward) ** 2).mean()
        - b * spread_of(s).mean()
    )


CHOICE = {
    "The sign of the surprise is flipped": lambda *given: number(*given, sign=-1.0),
    "The baseline is not taken off": lambda s, d, v, e, b: (
        number(s, d, v, e, b) - (chosen_log(s, d) * e.detach()).mean()
    ),
    "The baseline never learns": lambda s, d, v, e, b: number(s, d, v, e.detach(), b) + 0 * e.sum(),
    "detach it there": lambda s, d, v, e, b: (
        v - chosen_log(s, d) * (-v.detach() - e) + (e + v.detach()) ** 2 - b * spread_of(s)
    ).mean(),
    "flows into the losses": lambda s, d, v, e, b: (
        v - chosen_log(s, d) * (-v - e.detach()) + (e + v.detach()) ** 2 - b * spread_of(s)
    ).mean(),
    "The reader learns nothing": lambda s, d, v, e, b: number(s, d, v, e, b) - v.mean(),
    "The likeliest choice is pushed": lambda s, d, v, e, b: number(s, s.argmax(1), v, e, b),
    "not its logarithm": lambda s, d, v, e, b: (
        v - chosen_log(s, d).exp() * (-v - e).detach() + (e + v.detach()) ** 2 - b * spread_of(s)
    ).mean(),
    "You push the score itself": lambda s, d, v, e, b: (
        v - s.gather(1, d[:, None])[:, 0] * (-v - e).detach() + (e + v.detach()) ** 2 - b * spread_of(s)
    ).mean(),
    "The bonus is not there": lambda s, d, v, e, b: number(s, d, v, e, 0.0),
    "The bonus punishes curiosity": lambda s, d, v, e, b: number(s, d, v, e, -b),
    "The entropy counts the drawn choice only": lambda s, d, v, e, b: (
        number(s, d, v, e, 0.0) + b * chosen_log(s, d).mean()
    ),
    "The entropy is a mean over the choices": lambda s, d, v, e, b: number(s, d, v, e, b / s.shape[1]),
    "The weight of the bonus changes nothing": lambda s, d, v, e, b: number(s, d, v, e, 1.0 if b else 0.0),
    "You sum over the batch: take the mean, or": lambda s, d, v, e, b: len(s) * number(s, d, v, e, b),
    "One number in a tensor is wanted": lambda s, d, v, e, b: (
        v - chosen_log(s, d) * (-v - e).detach() + (e + v.detach()) ** 2 - b * spread_of(s)
    ),
}


WRONG = {
    "check_cut_glimpse": GLIMPSE,
    "check_reinforce": REINFORCE,
    "check_exact_gradient": EXACT,
    "check_straight_through": DRAWS,
    "check_choice_loss": CHOICE,
}


@pytest.mark.slow
def test_checks():
    contract(hard, solved, WRONG)
