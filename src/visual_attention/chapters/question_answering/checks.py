"""Checks for the exercises on visual question answering.

Chapter: notebooks/applications/question_answering.ipynb
"""

import torch

from visual_attention.chapters.question_answering import mistakes
from visual_attention.exercises.report import Check, exercise

SIZES = ((3, 5, 7), (2, 11, 5))  # B, N, D


def _pairs(check: Check, more: int = 0):
    return [
        (1.5 * check.random(b, d, seed=seed + more), check.random(b, n, d, seed=seed + 5 + more))
        for seed, (b, n, d) in enumerate(SIZES)
    ]


@exercise(points=3)
def check_look(student, check: Check):
    """A question (B, D) and regions (B, N, D) become the share of each region, (B, N)."""
    pairs, got = _pairs(check), []
    for question, regions in pairs:
        b, n, d = regions.shape
        shapes = {
            (b, d): "That is what was found: return the weights.",
            (b, n, d): "You did not sum over D: a dot product is one number.",
            (b, 1, n): "An axis of size 1 is left over.",
            (b, n, 1): "An axis of size 1 is left over.",
            (b, b, n): "Each question meets all pictures of the batch: it belongs to its own.",
            (b, n, b): "Each question meets all pictures of the batch: it belongs to its own.",
        }
        weights = check.call(student, question, regions)
        got.append(check.tensor(weights, shape=(b, n), shapes=shapes, name="your map of weights"))
    want = [mistakes.shares(*pair) for pair in pairs]
    if not check.equal(got, want, points=2, name="your weights", mistakes=mistakes.in_look(pairs)):
        return
    question, regions = (tensor.clone().requires_grad_() for tensor in pairs[0])
    check.gradients(check.call(student, question, regions), points=1, question=question, regions=regions)


@exercise(points=4)
def check_two_looks(student, check: Check):
    """A question (B, D) and regions (B, N, D) become the weights of two looks, (B, 2, N)."""
    pairs, got = _pairs(check, 20), []
    for question, regions in pairs:
        b, n, d = regions.shape
        shapes = {
            (b, n): "That is one look: return both.",
            (2, b, n): "The looks come before the batch: stack them along axis 1.",
            (b, n, 2): "The looks come last: stack them along axis 1.",
            (b, 2 * n): "The looks are one behind the other: `stack` makes a new axis, `cat` does not.",
            (b, d): "That is the question after the looks: return the weights.",
        }
        weights = check.call(student, question, regions)
        got.append(check.tensor(weights, shape=(b, 2, n), shapes=shapes, name="your map of weights"))
    first = [mistakes.shares(*pair) for pair in pairs]
    want = [
        mistakes.pair(w, mistakes.shares(q + mistakes.found(w, r), r))
        for w, (q, r) in zip(first, pairs, strict=True)
    ]
    wrong = mistakes.in_two_looks(pairs)
    if not check.equal(got, want, points=3, name="your weights", mistakes=wrong):
        return
    question, regions = (tensor.clone().requires_grad_() for tensor in pairs[0])
    again = check.call(student, question, regions)
    w = mistakes.shares(question, regions)
    right = mistakes.shares(question + mistakes.found(w, regions), regions)
    seed = check.random(*right.shape, seed=9)
    bad = "No gradient of the second look goes through the first: is there a `detach` on what was found?"
    if not again.requires_grad:
        check.that(
            False, points=1, good="", bad="No gradient goes through your looks: `detach` or `no_grad`?"
        )
        return
    got_gradient = torch.autograd.grad((again[:, 1] * seed).sum(), regions, retain_graph=True)[0]
    wanted = torch.autograd.grad((right * seed).sum(), regions)[0]
    check.that(
        torch.allclose(got_gradient, wanted, atol=1e-5), points=1, good="Both looks learn together.", bad=bad
    )


@exercise(points=4)
def check_word_shares(student, check: Check):
    """Scores (B, L) become shares of the words that are there, 0 at the padding."""
    words = [torch.tensor([[3, 1, 2, 0, 0], [1, 4, 1, 2, 5], [2, 1, 0, 0, 0]])]
    words += [torch.tensor([[1, 2, 0, 0, 0, 0, 0], [5, 1, 3, 1, 2, 2, 0]])]
    pairs = [(check.random(*some.shape, seed=seed), some) for seed, some in enumerate(words)]
    got = []
    for scores, some in pairs:
        shapes = {
            (len(some),): "One number for each question: each word has its own.",
            (): "That is one number.",
        }
        shares = check.call(student, scores, some)
        got.append(check.tensor(shares, shape=scores.shape, shapes=shapes, name="your shares"))
    want = [mistakes.masked(*pair) for pair in pairs]
    if not check.equal(got, want, points=2, name="your shares", mistakes=mistakes.in_words(pairs)):
        return
    scores, some = pairs[0]
    low = check.call(student, scores - 1000, some)
    check.that(
        isinstance(low, torch.Tensor)
        and low.shape == want[0].shape
        and torch.allclose(low, want[0], atol=1e-5),
        points=1,
        good="Very low scores still share 1.",
        bad="With scores near -1000 the padding wins: the value that you fill in is not low enough.",
    )
    nothing = some.clone()
    nothing[1] = 0
    empty = check.call(student, scores, nothing)
    bad = "Where a question has no word at all, all shares should be 0."
    if isinstance(empty, torch.Tensor) and empty.shape == scores.shape:
        if empty[1].isnan().any():
            bad = "Where a question has no word at all, your shares are NaN: make them 0."
        elif abs(float(empty[1].sum()) - 1) < 1e-4:
            bad = "Where a question has no word at all, your shares still sum to 1: make them 0."
    passed = isinstance(empty, torch.Tensor) and empty.shape == scores.shape and bool((empty[1] == 0).all())
    check.that(passed, points=1, good="A question without words gets nothing.", bad=bad)


@exercise(points=4)
def check_blind_guess(student, check: Check):
    """Old questions with answers, and new ones: how often is the commonest old answer right?"""
    examples = _asked(check, 52), _asked(check, 3)
    for seed, given in enumerate(examples):
        got = check.call(student, *given)
        shapes = {(len(given[2]),): "That is a number for each question: one share is wanted."}
        got = check.tensor(got, shape=(), shapes=shapes, name="your share")
        want = mistakes.guess(*given)
        wrong = mistakes.in_guess(given)
        if not check.equal(got, want, points=2, name=f"your share for example {seed + 1}", mistakes=wrong):
            return


def _asked(check: Check, seed: int):
    """Old and new questions: answers lean to one side, and some new questions are new."""
    generator = torch.Generator().manual_seed(40 + seed)
    numbers = torch.randint(5, (61,), generator=generator)
    answers = torch.where(
        torch.rand(61, generator=generator) < 0.5,
        (2 * numbers + 1) % 7,
        torch.randint(7, (61,), generator=generator),
    )
    new = torch.randint(8, (43,), generator=generator)
    truth = torch.where(
        torch.rand(43, generator=generator) < 0.6,
        (2 * new + 1) % 7,
        torch.randint(7, (43,), generator=generator),
    )
    common = answers.bincount().argmax()
    known = torch.isin(new, numbers)
    truth = torch.where(~known & (torch.rand(43, generator=generator) < 0.5), common, truth)
    return numbers, answers, new, truth
