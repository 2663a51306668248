"""What students may compute instead, each with the feedback that it gets.

Chapter: notebooks/applications/question_answering.ipynb
"""

from collections.abc import Callable

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]


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


def masked(given: Tensor, words: Tensor) -> Tensor:
    """The right shares of words."""
    there = (words > 0).double()
    raised = (given.double() - given.double().amax(1, keepdim=True)).exp() * there
    return (raised / raised.sum(1, keepdim=True).clamp_min(1e-300)).to(given.dtype)


def cosine(q, r):
    return torch.cosine_similarity(q[:, None], r, dim=2).softmax(1)


LOOK = {
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


def in_two_looks(pairs: list[Pair]) -> dict:
    """Wrong weights of two looks for each pair of a question and regions."""

    def each(second: Callable[[Tensor, Tensor, Tensor], Tensor]) -> list[Tensor]:
        firsts = [shares(question, regions) for question, regions in pairs]
        return [pair(first, second(q, r, first)) for first, (q, r) in zip(firsts, pairs, strict=True)]

    def best(w, r):
        return r[torch.arange(len(r)), w.argmax(1)]

    return {
        "Your second look asks the first question again: add to it what the first look found.": each(
            lambda q, r, w: w
        ),
        "Your second look has forgotten the question: add what was found to it.": each(
            lambda q, r, w: shares(found(w, r), r)
        ),
        "You take what was found off the question: add it.": each(lambda q, r, w: shares(q - found(w, r), r)),
        "You add the mean of all regions: weigh them by the first look.": each(
            lambda q, r, w: shares(q + r.mean(1), r)
        ),
        "You add the best region alone: add the sum of all regions, each with its weight.": each(
            lambda q, r, w: shares(q + best(w, r), r)
        ),
        "You add the plain sum of the regions: the weights of the first look are not used.": each(
            lambda q, r, w: shares(q + r.sum(1), r)
        ),
        "Your second look goes to regions that the first one has dimmed: let it see them as they are.": each(
            lambda q, r, w: shares(q + found(w, r), w[..., None] * r)
        ),
        "You add what was found twice.": each(lambda q, r, w: shares(q + 2 * found(w, r), r)),
        "You average the question and what was found: add them.": each(
            lambda q, r, w: shares((q + found(w, r)) / 2, r)
        ),
        "You multiply the question by what was found: add it.": each(
            lambda q, r, w: shares(q * found(w, r), r)
        ),
        "Your second map is the mean of both looks: give each look its own.": each(
            lambda q, r, w: (w + shares(q + found(w, r), r)) / 2
        ),
        "The looks are in the wrong order: the first one comes first.": [
            pair(shares(q + found(shares(q, r), r), r), shares(q, r)) for q, r in pairs
        ],
        "The scale is missing: divide the scores by the square root of D, in both looks.": [
            pair(w := scores(q, r).softmax(1), scores(q + found(w, r), r).softmax(1)) for q, r in pairs
        ],
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
    "The best word gets everything: let the softmax share.": lambda s, w: torch.nn.functional.one_hot(
        s.masked_fill(w == 0, -1000000000.0).argmax(1), s.shape[1]
    ).to(s.dtype),
    "You weigh by the numbers of the words: they are names, not sizes.": lambda s, w: (
        s.softmax(1) * w / (s.softmax(1) * w).sum(1, keepdim=True)
    ),
    "Those are gates: words must compete for a sum of 1.": lambda s, w: s.sigmoid() * (w > 0),
}


def guess(
    numbers: Tensor, answers: Tensor, new: Tensor, truth: Tensor, *, default: int | None = None
) -> Tensor:
    """The right share: the commonest old answer to each new question; without one, `default`."""
    common = int(answers.bincount().argmax()) if default is None else default
    said = [
        int(answers[numbers == n].bincount().argmax()) if (numbers == n).any() else common
        for n in new.tolist()
    ]
    return (torch.tensor(said) == truth).double().mean()


def in_guess(given: tuple[Tensor, Tensor, Tensor, Tensor]) -> dict:
    """Wrong shares for old questions and answers, and new ones."""
    numbers, answers, new, truth = given
    seen = torch.isin(new, numbers)
    rare = torch.tensor(
        [
            int(answers[numbers == n].bincount()[answers[numbers == n].unique()].argmin())
            for n in numbers.unique()
        ]
    )
    least = {
        int(n): int(answers[numbers == n].unique()[i]) for n, i in zip(numbers.unique(), rare, strict=True)
    }
    common = int(answers.bincount().argmax())
    said = torch.tensor([least.get(n, common) for n in new.tolist()])
    first = {}
    latest = {}
    for number, answer in zip(numbers.tolist(), answers.tolist(), strict=True):
        first.setdefault(number, answer)
        latest[number] = answer

    def share(table: dict) -> Tensor:
        return (torch.tensor([table.get(n, common) for n in new.tolist()]) == truth).double().mean()

    return {
        "You look at the new answers to make your guess: a guess may know the old ones only.": guess(
            new, truth, new, truth
        ),
        "You score the old questions: the new ones are asked for.": guess(numbers, answers, numbers, answers),
        "One answer for all questions: take the commonest answer to *each* question.": (truth == common)
        .double()
        .mean(),
        "A question that never came before is left out: guess the commonest of all answers.": guess(
            numbers, answers, new[seen], truth[seen]
        ),
        "A question that never came before counts as wrong: guess the commonest of all answers.": guess(
            numbers, answers, new, truth, default=-1
        ),
        "A question that never came before gets answer 0: guess the commonest of all answers.": guess(
            numbers, answers, new, truth, default=0
        ),
        "That is a number of questions: divide by how many there are.": len(truth)
        * guess(numbers, answers, new, truth),
        "That is in percent: a share from 0 to 1 is wanted.": 100 * guess(numbers, answers, new, truth),
        "That is the share of wrong guesses.": 1 - guess(numbers, answers, new, truth),
        "You guess the rarest answer.": (said == truth).double().mean(),
        "You guess the answer that came first, not the commonest.": share(first),
        "You guess the answer that came last, not the commonest.": share(latest),
        "You divide by the number of old questions.": guess(numbers, answers, new, truth)
        * len(truth)
        / len(numbers),
        "Old and new are exchanged: learn from the first pair, guess for the second.": guess(
            new, truth, numbers, answers
        ),
    }
