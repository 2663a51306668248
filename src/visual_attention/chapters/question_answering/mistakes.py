"""What is right in the exercises on question answering, and plausible mistakes: feedback -> the function."""

from collections.abc import Callable

import torch
from torch import Tensor


def scores(question: Tensor, regions: Tensor) -> Tensor:
    """Dot products without a scale: (B, D), (B, N, D) -> (B, N)."""
    return torch.einsum("bd,bnd->bn", question, regions)


def shares(question: Tensor, regions: Tensor) -> Tensor:
    """What one look takes from each region."""
    return torch.softmax(scores(question, regions) / question.shape[1] ** 0.5, dim=1)


def found(weights: Tensor, regions: Tensor) -> Tensor:
    """The weighted sum of the regions."""
    return (weights[..., None] * regions).sum(dim=1)


def pair(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([first, second], dim=1)


def two_looks(question: Tensor, regions: Tensor) -> Tensor:
    """The weights of both looks."""
    return looks(lambda q, r, w: shares(q + found(w, r), r))(question, regions)


def looks(second: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A right first look, and a second one made of question, regions and the first."""
    return lambda q, r: pair(w := shares(q, r), second(q, r, w))


def masked(scores: Tensor, words: Tensor) -> Tensor:
    """The right shares of words."""
    return forbid(scores, words).softmax(1).nan_to_num(0.0)


def forbid(s: Tensor, w: Tensor, value: float = -torch.inf) -> Tensor:
    """Scores with another value at the padding."""
    return s.masked_fill(w == 0, value)


def cosine(q, r):
    return torch.cosine_similarity(q[:, None], r, dim=2).softmax(1)


LOOK = {
    "That is what was found: return the weights.": lambda q, r: found(shares(q, r), r),
    "Each question meets all pictures of the batch: it belongs to its own.": lambda q, r: (
        torch.einsum("bd,cnd->bcn", q, r) / q.shape[1] ** 0.5
    ).softmax(2),
    "You return the scores: turn them into shares by a softmax over the regions.": lambda q, r: (
        scores(q, r) / q.shape[1] ** 0.5
    ),
    "The scale is missing: divide the scores by the square root of D.": lambda q, r: scores(q, r).softmax(1),
    "You divide by D: divide by its square root.": lambda q, r: (scores(q, r) / q.shape[1]).softmax(1),
    "You divide by the square root of N, the number of regions: D is wanted, their width.": lambda q, r: (
        scores(q, r) / r.shape[1] ** 0.5
    ).softmax(1),
    "You multiply by the square root of D: divide by it.": lambda q, r: (
        scores(q, r) * q.shape[1] ** 0.5
    ).softmax(1),
    "You divide after the softmax: the scale belongs to the scores.": lambda q, r: (
        scores(q, r).softmax(1) / q.shape[1] ** 0.5
    ),
    "Your softmax runs over the batch: each picture shares out a budget of its own.": lambda q, r: (
        scores(q, r) / q.shape[1] ** 0.5
    ).softmax(0),
    "Those are gates: a sigmoid does not make regions compete.": lambda q, r: (
        scores(q, r) / q.shape[1] ** 0.5
    ).sigmoid(),
    "You compare directions only: take the dot product, without dividing by lengths.": cosine,
    "All pictures get the first question: each has its own.": lambda q, r: shares(q[:1].expand_as(q), r),
    "The best region gets everything: let the softmax share.": lambda q, r: torch.nn.functional.one_hot(
        scores(q, r).argmax(1), r.shape[1]
    ).to(r.dtype),
    "The sign is turned round: the region that fits best gets least.": lambda q, r: (
        -scores(q, r) / q.shape[1] ** 0.5
    ).softmax(1),
}


TWO_LOOKS = {
    "Your second look asks the first question again: add to it what the first look found.": looks(
        lambda q, r, w: w
    ),
    "Your second look has forgotten the question: add what was found to it.": looks(
        lambda q, r, w: shares(found(w, r), r)
    ),
    "You take what was found off the question: add it.": looks(lambda q, r, w: shares(q - found(w, r), r)),
    "You add the mean of all regions: weigh them by the first look.": looks(
        lambda q, r, w: shares(q + r.mean(1), r)
    ),
    "You add the best region alone: add the sum of all regions, each with its weight.": looks(
        lambda q, r, w: shares(q + r[torch.arange(len(r)), w.argmax(1)], r)
    ),
    "You add the plain sum of the regions: the weights of the first look are not used.": looks(
        lambda q, r, w: shares(q + r.sum(1), r)
    ),
    "Your second look goes to regions that the first one has dimmed: let it see them as they are.": looks(
        lambda q, r, w: shares(q + found(w, r), w[..., None] * r)
    ),
    "You add what was found twice.": looks(lambda q, r, w: shares(q + 2 * found(w, r), r)),
    "You average the question and what was found: add them.": looks(
        lambda q, r, w: shares((q + found(w, r)) / 2, r)
    ),
    "You multiply the question by what was found: add it.": looks(lambda q, r, w: shares(q * found(w, r), r)),
    "Your second map is the mean of both looks: give each look its own.": looks(
        lambda q, r, w: (w + shares(q + found(w, r), r)) / 2
    ),
    "The looks are in the wrong order: the first one comes first.": lambda q, r: two_looks(q, r).flip(1),
    "The scale is missing: divide the scores by the square root of D, in both looks.": lambda q, r: pair(
        w := scores(q, r).softmax(1), scores(q + found(w, r), r).softmax(1)
    ),
    "The looks are one behind the other: `stack` makes a new axis, `cat` does not.": lambda q, r: two_looks(
        q, r
    ).flatten(1),
    "That is the question after the looks: return the weights.": lambda q, r: q + found(shares(q, r), r),
}


def last(s, w):
    s = s.clone()
    s[:, -1] = -torch.inf
    return s.softmax(1)


WORDS = {
    "The padding gets a share: it is no word.": lambda s, w: s.softmax(1),
    "You take the padding's share away after the softmax, and the rest no longer sums to 1.": lambda s, w: (
        s.softmax(1) * (w > 0)
    ),
    "Your mask is turned round: the padding gets everything.": lambda s, w: s.masked_fill(
        w > 0, -1000000000.0
    ).softmax(1),
    "A score of 0 is no way to forbid: the exponential of 0 is 1. Use minus infinity.": lambda s, w: (
        s * (w > 0)
    ).softmax(1),
    "Your softmax runs over the batch: the words of one question share 1.": lambda s, w: (
        s.masked_fill(w == 0, -torch.inf).softmax(0).nan_to_num(0.0)
    ),
    "Those are logarithms of shares.": lambda s, w: s.masked_fill(w == 0, -1000000000.0).log_softmax(1),
    "Word 1 is a word: the padding is 0 alone.": lambda s, w: s.masked_fill(w <= 1, -torch.inf).softmax(1),
    "You forbid the last column only: look where `words` is 0.": last,
    "All words get the same share: the scores are not used.": lambda s, w: (
        (w > 0) / (w > 0).sum(1, keepdim=True).clamp_min(1)
    ),
    "The best word gets everything: let the softmax share.": (
        lambda s, w: torch.nn.functional.one_hot(forbid(s, w).argmax(1), s.shape[1]).to(s.dtype),
        lambda s, w: (forbid(s, w) == forbid(s, w).amax(1, keepdim=True)).to(s.dtype),
    ),
    "You weigh by the numbers of the words: they are names, not sizes.": lambda s, w: (
        s.softmax(1) * w / (s.softmax(1) * w).sum(1, keepdim=True)
    ),
    "Where the scores are very low the padding wins: the value that you fill in is not low enough.": (
        lambda s, w: forbid(s, w, -100.0).softmax(1) * (w > 0),
        lambda s, w: forbid(s, w, -100.0).softmax(1) * (w > 0).any(1, keepdim=True),
        lambda s, w: forbid(s, w, -100.0).softmax(1),
    ),
    "Where a question has no word at all, your shares are NaN: make them 0.": lambda s, w: forbid(
        s, w
    ).softmax(1),
    "Where a question has no word at all, your shares still sum to 1: make them 0.": lambda s, w: torch.where(
        (w > 0).any(1, keepdim=True), forbid(s, w).softmax(1), 1 / s.shape[1]
    ),
    "Nothing is left to share: `exp` of very low scores is 0. Take each row's largest score off first.": lambda s, w: (
        (e := s.exp() * (w > 0)) / e.sum(1, keepdim=True).clamp_min(1e-30)
    ),
    "Those are gates: words must compete for a sum of 1.": lambda s, w: s.sigmoid() * (w > 0),
}


def guess(numbers: Tensor, answers: Tensor, new_numbers: Tensor, new_answers: Tensor) -> Tensor:
    """How often the commonest old answer is right."""
    return scored(numbers, answers, new_numbers, new_answers)


def scored(
    numbers: Tensor,
    answers: Tensor,
    new: Tensor,
    truth: Tensor,
    *,
    pick: Callable[[Tensor], int] | None = None,
    default: int | None = None,
) -> Tensor:
    """The share of right guesses.

    Args:
        pick: How to guess from the old answers to a question; the commonest when left out.
        default: The guess for a question that never came before; the commonest of all when left out.
    """
    pick = pick or commonest
    default = commonest(answers) if default is None else default
    said = [pick(answers[numbers == n]) if (numbers == n).any() else default for n in new.tolist()]
    return (torch.tensor(said) == truth).double().mean()


def commonest(answers: Tensor) -> int:
    """The smallest among equals."""
    return int(answers.bincount().argmax())


def largest_of_the_commonest(answers: Tensor) -> int:
    return len(counts := answers.bincount()) - 1 - int(counts.flip(0).argmax())


def rarest(answers: Tensor) -> int:
    kinds, counts = answers.unique(return_counts=True)
    return int(kinds[counts.argmin()])


GUESS = {
    "You look at the new answers to make your guess: a guess may know the old ones only.": lambda n, a, m, b: (
        guess(m, b, m, b)
    ),
    "You score the old questions: the new ones are asked for.": lambda n, a, m, b: guess(n, a, n, a),
    "One answer for all questions: take the commonest answer to *each* question.": lambda n, a, m, b: (
        (b == commonest(a)).double().mean()
    ),
    "A question that never came before is left out: guess the commonest of all answers.": lambda n, a, m, b: (
        guess(n, a, m[torch.isin(m, n)], b[torch.isin(m, n)])
    ),
    "A question that never came before counts as wrong: guess the commonest of all answers.": lambda n, a, m, b: (
        scored(n, a, m, b, default=-1)
    ),
    "A question that never came before gets answer 0: guess the commonest of all answers.": lambda n, a, m, b: (
        scored(n, a, m, b, default=0)
    ),
    "That is a number of questions: divide by how many there are.": lambda n, a, m, b: (
        len(m) * guess(n, a, m, b)
    ),
    "That is in percent: a share from 0 to 1 is wanted.": lambda n, a, m, b: 100 * guess(n, a, m, b),
    "That is the share of wrong guesses.": lambda n, a, m, b: 1 - guess(n, a, m, b),
    "You guess the rarest answer.": lambda n, a, m, b: scored(n, a, m, b, pick=rarest),
    "You guess the answer that came first, not the commonest.": lambda n, a, m, b: scored(
        n, a, m, b, pick=lambda known: int(known[0])
    ),
    "You guess the answer that came last, not the commonest.": lambda n, a, m, b: scored(
        n, a, m, b, pick=lambda known: int(known[-1])
    ),
    "Of answers that are equally common, guess the one with the smallest index.": lambda n, a, m, b: scored(
        n, a, m, b, pick=largest_of_the_commonest
    ),
    "Of answers that are equally common you take the one that came first: take the smallest index.": (
        lambda n, a, m, b: scored(
            n, a, m, b, pick=lambda known: max(known.tolist(), key=known.tolist().count)
        )
    ),
    "You divide by the number of old questions.": lambda n, a, m, b: guess(n, a, m, b) * len(m) / len(n),
    "Old and new are exchanged: learn from the first pair, guess for the second.": lambda n, a, m, b: guess(
        m, b, n, a
    ),
}
