"""Checks for the exercises on visual question answering.

Chapter: notebooks/applications/question_answering.ipynb
"""

import torch

from visual_attention.chapters.question_answering import mistakes as wrong
from visual_attention.exercises.properties import examined, special

LOOK = {"B questions": 3, "N regions": 5, "D numbers": 7}


@examined(
    points=3,
    right=wrong.shares,
    axes=LOOK,
    name="your weights",
    mistakes=wrong.LOOK,
    gradients=("question", "regions"),
)
def check_look(draw, B, N, D):
    """A question (B, D) and regions (B, N, D) become the share of each region, (B, N)."""
    return 1.5 * draw(B, D), draw(B, N, D)


@examined(
    points=4,
    right=wrong.two_looks,
    axes=LOOK,
    name="your weights",
    mistakes=wrong.TWO_LOOKS,
    gradients=("question", "regions"),
)
def check_two_looks(draw, B, N, D):
    """A question (B, D) and regions (B, N, D) become the weights of two looks, (B, 2, N)."""
    return 1.5 * draw(B, D), draw(B, N, D)


@examined(
    points=4,
    right=wrong.masked,
    axes={"B questions": 3, "L words": 5},
    name="your shares",
    mistakes=wrong.WORDS,
    gradients=("scores",),
)
def check_word_shares(draw, B, L):
    """Scores (B, L) become shares of the words that are there, 0 at the padding."""
    lengths = 1 + draw.whole(L, B) if L else draw.whole(1, B)
    words = (1 + draw.whole(5, B, L)) * (torch.arange(L) < lengths[:, None])
    yield draw(B, L), words
    yield special(1, "where all scores are near -1000", draw(B, L) - 1000, words)
    some = words * (torch.arange(B) != B // 2)[:, None]
    yield special(1, "where a question has no word at all", draw(B, L), some)


@examined(
    points=4,
    right=wrong.guess,
    axes={"M old questions": 61, "K new questions": 43},
    name="your share",
    mistakes=wrong.GUESS,
    draws=4,
)
def check_blind_guess(draw, M, K):
    """Old questions with answers, and new ones: how often is the commonest old answer right?"""
    yield asked(draw, M, K)
    new, order = (
        draw.whole(5, K),
        draw.order(20),
    )  # five questions, of each two answers that are equally common
    numbers, answers = torch.arange(5).repeat(4), torch.tensor([3, 1, 4, 2, 6]).repeat(2)
    answers = torch.cat([answers, 7 - answers])
    truth = torch.where(draw.whole(2, K) == 1, answers[new], answers[new + 10])
    yield special(1, "where two answers are equally common", numbers[order], answers[order], new, truth)


def asked(draw, old: int, new: int):
    """Old and new questions: answers lean to one side, and some new questions never came before."""

    def usual(numbers, share):
        leaning = torch.rand(len(numbers), generator=draw.generator) < share
        return torch.where(leaning, (2 * numbers + 1) % 7, draw.whole(7, len(numbers)))

    numbers, later = draw.whole(5, old), draw.whole(8, new)
    answers, truth = usual(numbers, 0.5), usual(later, 0.6)
    stranger = ~torch.isin(later, numbers) & (torch.rand(new, generator=draw.generator) < 0.5)
    return numbers, answers, later, torch.where(stranger, answers.bincount().argmax(), truth)
