"""Checks for the exercises on visual question answering.

Chapter: notebooks/applications/question_answering.ipynb
"""

from collections.abc import Callable

import torch

from visual_attention.chapters.question_answering import mistakes as wrong
from visual_attention.chapters.question_answering import repaired
from visual_attention.chapters.question_answering import stream_mistakes as wrong_streams
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

LOOK = {"B questions": 3, "N regions": 5, "D numbers": 7}


@examined(
    points=3,
    right=wrong.shares,
    axes=LOOK,
    name="your weights",
    mistakes=wrong.LOOK,
    gradients=("question", "regions"),
    about=About("Can you look once?", "cross-attention with one query", 6, "warm-up"),
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
    about=About("Can you look again?", "attention in two steps", 12),
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
    about=About("Can you leave the padding out?", "a softmax over what is there", 15),
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
    about=About("How far does habit go?", "a baseline that sees no picture", 20, "takes thought"),
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


@examined(
    points=4,
    right=wrong_streams.stream,
    axes={"B streams": 3, "N tokens": 7},
    name="your weights",
    mistakes=wrong_streams.STREAM,
    gradients=("scores",),
    about=About("Who may look at whom?", "a mask for pictures and words", 12),
)
def check_stream_weights(draw, B, N):
    """Scores (B, N, N) and which tokens are the picture's (N,) become weights, (B, N, N)."""
    cells = (N + 1) // 2
    yield draw(B, N, N), torch.arange(N) < cells
    yield special(0.5, "where there is no picture", draw(B, N, N), torch.zeros(N, dtype=torch.bool))
    yield special(0.5, "where there is no word", draw(B, N, N), torch.ones(N, dtype=torch.bool))


@examined(
    points=3,
    right=wrong_streams.invented,
    axes={"B answers": 47},
    name="your share",
    mistakes=wrong_streams.INVENTED,
    draws=4,
    about=About("How often does it invent?", "counting answers about what is not there", 10),
)
def check_invented_share(draw, B):
    """First words of answers (B,), whether what is asked about is there (B,), and the word that denies."""
    denial = draw.one_of(2, 3)
    said = torch.where(draw.whole(5, B) < 2, denial, draw.whole(7, B))
    yield said, draw.whole(5, B) < 3, denial
    there = torch.ones(B, dtype=torch.bool)
    yield special(1, "where all that is asked about is there", said, there, denial)


def relates(student: Callable, check: Check) -> None:
    """Whether a network that could only find things learns relations with such a second look."""
    part = check.part_of_network(student)
    model = repaired.learn(part)
    found, lost = repaired.score(model), repaired.score(model, strange=True)
    before = repaired.score(None)
    told = f"on fresh pictures {found:.0%} of the relations are right, where one look got {before:.0%}"
    check.that(
        found > repaired.WANTED,
        points=1,
        good=f"The network relates: {told}.",
        bad=f"The network does not relate yet: {told}.",
    )
    told = f"given what was found in another picture, {found:.0%} becomes {lost:.0%}"
    check.that(
        found - lost > repaired.LOST,
        points=1,
        good=f"And its second look starts from the first: {told}.",
        bad=f"Its second look hardly starts from the first: {told}.",
    )


@examined(
    points=6,
    right=wrong_streams.second,
    axes={"B questions": 3, "N cells": 5, "D found": 7, "S side": 2, "H hidden": 13, "K key": 11},
    name="your weights",
    mistakes=wrong_streams.SECOND,
    gradients=("found", "side", "keys"),
    without=(ATTENTION,),
    after=(2, relates),
    about=About(
        "Make it learn: repair the relation", "a second look that starts from the first", 25, "takes thought"
    ),
)
def check_second_look(draw, B, N, D, S, H, K):
    """What was found (B, D), the side (B, S), keys (B, N, K) and two matrices become weights, (B, N)."""
    matrices = draw.fixed(H, D + S), draw.fixed(K, H)
    return draw(B, D), draw(B, S), draw(B, N, K), *matrices
