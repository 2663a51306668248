"""What is right in the exercises on choices, and plausible mistakes: feedback -> the function."""

import torch
from torch import Tensor
from torch.nn import functional as F


def reinforce(log_probabilities: Tensor, rewards: Tensor, baselines: Tensor) -> Tensor:
    """The number whose gradient is REINFORCE's."""
    return pushing(lambda r, b: r - b)(log_probabilities, rewards, baselines)


def pushing(push):
    """The number that pushes each choice by what a function of rewards and baselines says."""
    return lambda p, r, b: -(p * push(r.detach(), b.detach())).mean()


REINFORCE = {
    "The sign is flipped: training lowers your number, and with it the chance of what paid.": pushing(
        lambda r, b: b - r
    ),
    "You sum over the batch: take the mean, or the step grows with the batch.": pushing(
        lambda r, b: len(r) * (r - b)
    ),
    "The baselines are not used: take them off the rewards.": pushing(lambda r, b: r),
    "You add the baselines: take them off the rewards.": pushing(lambda r, b: r + b),
    "Only the baselines count: where are the rewards?": pushing(lambda r, b: -b),
    "You weigh the chances, not their logarithms: REINFORCE needs the logarithm.": lambda p, r, b: reinforce(
        p.exp(), r, b
    ),
    "You square the surprise: whether it was better or worse than expected is lost.": pushing(
        lambda r, b: (r - b).square()
    ),
    "You take the surprise's size: whether it was better or worse is lost.": pushing(
        lambda r, b: (r - b).abs()
    ),
    "All choices are pushed alike: multiply each with its own surprise, not the means.": pushing(
        lambda r, b: (r - b).mean().expand(len(r))
    ),
    "You shift the rewards to mean 0 instead of taking off the baselines.": pushing(
        lambda r, b: r - r.mean()
    ),
    "You divide by the spread of the surprise: a good trick, but not asked for.": pushing(
        lambda r, b: (r - b) / (r - b).std()
    ),
    "A gradient flows into the rewards: detach them, only the choices learn.": lambda p, r, b: (
        -(p * (r - b.detach())).mean()
    ),
    "A gradient flows into the baselines: detach them, only the choices learn.": lambda p, r, b: (
        -(p * (r.detach() - b)).mean()
    ),
    "A gradient flows into the rewards and the baselines: detach them, only the choices learn.": lambda p, r, b: (
        -(p * (r - b)).mean()
    ),
}


def exact(scores: Tensor, losses: Tensor) -> Tensor:
    """The gradient of the expected loss with regard to the scores."""
    return centred(scores.softmax(dim=1), losses)


def centred(chances: Tensor, losses: Tensor) -> Tensor:
    return chances * (losses - (chances * losses).sum(dim=1, keepdim=True))


def by_hand(largest):
    """Chances from exponentials."""

    def answer(scores, losses):
        e = (scores - largest(scores)).exp()
        return centred(e / e.sum(1, keepdim=True), losses)

    return answer


EXACT = {
    "The expected loss is missing: take it off the losses before you weigh them.": lambda s, v: (
        s.softmax(1) * v
    ),
    "The sign is flipped: that is the gradient of the reward.": lambda s, v: -exact(s, v),
    "You take off the plain mean of the losses: weigh them with the chances.": lambda s, v: (
        s.softmax(1) * (v - v.mean(1, keepdim=True))
    ),
    "You forget to multiply with the chance of each choice.": lambda s, v: (
        v - (s.softmax(1) * v).sum(1, keepdim=True)
    ),
    "The softmax runs over the batch: the choices of one image share its chances.": lambda s, v: centred(
        s.softmax(0), v
    ),
    "You take the softmax of the losses: they come as they are, the scores need it.": lambda s, v: exact(
        v, s
    ),
    "You divide by the number of images: here each image keeps its own gradient.": lambda s, v: (
        exact(s, v) / len(s)
    ),
    "You divide by the number of choices: the chances already share out the whole.": lambda s, v: (
        exact(s, v) / s.shape[1]
    ),
    "The expected loss is taken over the whole batch: each image has its own.": lambda s, v: (
        s.softmax(1) * (v - (s.softmax(1) * v).sum(1).mean())
    ),
    "That is the gradient for sigmoids: chances p (1 - p) times the loss, without competition.": lambda s, v: (
        s.sigmoid() * (1 - s.sigmoid()) * v
    ),
    "`exp` overflows where scores are large. Let torch's `softmax` do it.": by_hand(lambda s: 0.0),
    "You take the largest score of the whole batch off: each image's own, or nothing is left of the others.": by_hand(
        torch.max
    ),
}


def one_hot(values: Tensor) -> Tensor:
    """1 at the largest of each row, 0 elsewhere."""
    return F.one_hot(values.argmax(dim=1), values.shape[1]).to(values.dtype)


def straight(scores: Tensor, noise: Tensor, temperature: float = 1.0) -> Tensor:
    """The winner forward, the softmax backward."""
    return draw_of(scores + noise, temperature)


def draw_of(noisy: Tensor, temperature: float, hard: Tensor | None = None) -> Tensor:
    blend = (noisy / temperature).softmax(1)
    return (one_hot(noisy) if hard is None else hard) + blend - blend.detach()


DRAW = {
    "That is the soft blend: forward, the winner gets all.": lambda s, n, t=1.0: ((s + n) / t).softmax(1),
    "The noise is not used: the best score wins each time, nothing is drawn.": lambda s, n, t=1.0: draw_of(
        s, t
    ),
    "Only the noise decides: add it to the scores.": lambda s, n, t=1.0: draw_of(s + n, t, one_hot(n)),
    "You take the noise off: add it, or the draws do not follow the softmax.": lambda s, n, t=1.0: draw_of(
        s - n, t
    ),
    "You multiply scores and noise: add the noise.": lambda s, n, t=1.0: draw_of(s * n, t),
    "The smallest wins in your code: take the largest of scores plus noise.": lambda s, n, t=1.0: draw_of(
        -s - n, t
    ),
    "The winner is sought over the batch: each image draws one of its own choices.": lambda s, n, t=1.0: (
        draw_of(s + n, t, one_hot((s + n).T).T)
    ),
    "The winner keeps its share of the blend: it should be 1.": lambda s, n, t=1.0: (
        one_hot(s + n) * (s + n).softmax(1)
    ),
    "The noise is added to the softmax of the scores: add it to the scores themselves.": lambda s, n, t=1.0: (
        draw_of(s.softmax(1) + n, t)
    ),
    "That is the number of the winner: return a row of zeros with a 1 in it.": lambda s, n, t=1.0: (
        s + n
    ).argmax(1),
    "The gradient is that of a softmax without the noise: blend the noisy scores.": lambda s, n, t=1.0: (
        draw_of(s, t, one_hot(s + n))
    ),
    "The gradient passes straight to the scores: the softmax is missing on the way back.": lambda s, n, t=1.0: (
        one_hot(s + n) + s - s.detach()
    ),
    "The gradient comes with the opposite sign: add the blend, take off its detached copy.": lambda s, n, t=1.0: (
        2 * one_hot(s + n) - draw_of(s + n, t)
    ),
    "The gradient is twice as large as it should be: the blend is added twice.": lambda s, n, t=1.0: (
        2 * draw_of(s + n, t) - one_hot(s + n)
    ),
    "The temperature changes nothing on the way back: divide the noisy scores by it.": lambda s, n, t=1.0: (
        draw_of(s + n, 1.0)
    ),
    "You multiply by the temperature: divide.": lambda s, n, t=1.0: draw_of(s + n, 1 / t),
    "The temperature divides the scores, but not the noise.": lambda s, n, t=1.0: draw_of(
        s / t + n, 1.0, one_hot(s + n)
    ),
}


def choice(
    scores: Tensor,
    drawn: Tensor,
    losses: Tensor,
    expected: Tensor,
    bonus: float,
    *,
    push: Tensor | None = None,
    surprise: Tensor | None = None,
    baseline: Tensor | None = None,
    spread: Tensor | None = None,
    read: Tensor | None = None,
) -> Tensor:
    """What trains a reader, a choice, a baseline and its curiosity; a mistake replaces one of the parts."""
    rewards = -losses.detach()
    push = log_chance(scores, drawn) if push is None else push
    surprise = rewards - expected.detach() if surprise is None else surprise
    baseline = (expected - rewards).square() if baseline is None else baseline
    spread = undecided(scores) if spread is None else spread
    return ((losses if read is None else read) - push * surprise + baseline - bonus * spread).mean()


def log_chance(scores: Tensor, drawn: Tensor) -> Tensor:
    return scores.log_softmax(1).gather(1, drawn[:, None])[:, 0]


def undecided(scores: Tensor, dim: int = 1) -> Tensor:
    """The entropy of each row's softmax."""
    chances, log_chances = scores.softmax(dim), scores.log_softmax(dim)
    return -(chances * log_chances).sum(1)


def with_part(**parts):
    """The right answer with some parts replaced, each a function of all arguments."""
    return lambda *given: choice(*given, **{name: part(*given) for name, part in parts.items()})


CHOICE = {
    "The sign of the surprise is flipped: choices that paid more than expected become rarer.": with_part(
        surprise=lambda s, d, v, e, b: v.detach() + e.detach()
    ),
    "The loss counts as a reward: a reward is minus the loss.": with_part(
        surprise=lambda s, d, v, e, b: v.detach() - e.detach(),
        baseline=lambda s, d, v, e, b: (e - v.detach()).square(),
    ),
    "The baseline is not taken off the reward.": with_part(surprise=lambda s, d, v, e, b: -v.detach()),
    "The baseline never learns: add the square of how far it was off.": with_part(
        baseline=lambda s, d, v, e, b: 0 * e
    ),
    "The baseline is taught through the surprise: detach it there, and teach it by its own square.": with_part(
        surprise=lambda s, d, v, e, b: -v.detach() - e
    ),
    "A gradient of the choice's term flows into the losses: detach the rewards.": with_part(
        surprise=lambda s, d, v, e, b: -v - e.detach()
    ),
    "The baseline's square is detached in the wrong place: the rewards stay, the baseline moves.": with_part(
        baseline=lambda s, d, v, e, b: (e.detach() + v).square()
    ),
    "The reader learns nothing: the losses themselves are missing.": with_part(
        read=lambda s, d, v, e, b: 0 * v
    ),
    "The likeliest choice is pushed, not the one that was drawn.": with_part(
        push=lambda s, d, v, e, b: log_chance(s, s.argmax(1))
    ),
    "You push the chance of the choice, not its logarithm.": with_part(
        push=lambda s, d, v, e, b: log_chance(s, d).exp()
    ),
    "You push the score itself: without the softmax the others do not lose what it gains.": with_part(
        push=lambda s, d, v, e, b: s.gather(1, d[:, None])[:, 0]
    ),
    "The softmax of the push runs over the batch: the choices of one example share its chances.": with_part(
        push=lambda s, d, v, e, b: s.log_softmax(0).gather(1, d[:, None])[:, 0]
    ),
    "The bonus is not there: add the entropy, weighted.": with_part(
        spread=lambda s, d, v, e, b: 0 * s.sum(1)
    ),
    "The bonus punishes curiosity: entropy should rise, so it is taken off what is lowered.": with_part(
        spread=lambda s, d, v, e, b: -undecided(s)
    ),
    "The entropy counts the drawn choice only: it is a sum over all choices.": with_part(
        spread=lambda s, d, v, e, b: -log_chance(s, d)
    ),
    "The entropy is a mean over the choices: it is their sum.": with_part(
        spread=lambda s, d, v, e, b: undecided(s) / s.shape[1]
    ),
    "The weight of the bonus changes nothing: multiply the entropy by it.": with_part(
        spread=lambda s, d, v, e, b: undecided(s) / b if b else 0 * s.sum(1)
    ),
    "You sum over the batch: take the mean, or the step grows with the batch.": lambda *given: (
        choice(*given) * len(given[0])
    ),
}
