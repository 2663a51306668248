"""The contract's entries for what answers questions."""

import torch

from tests.contract.case import Case
from tests.contract.inputs import TOKENS, once
from visual_attention.chapters.question_answering.answerers import (
    ConcatenatingAnswerer,
    Deprived,
    StackedAnswerer,
    StackedAttention,
    UniformAttention,
)
from visual_attention.chapters.question_answering.cell_reader import CellReader
from visual_attention.chapters.question_answering.cross_attention import (
    CrossAnswerer,
    CrossAttention,
    CrossBlock,
)
from visual_attention.chapters.question_answering.reading import QuestionEncoder, Regions

D, CELLS, WORDS, VOCABULARY = 12, 16, 4, 7


def answering(draw, batch, size):
    """Cells and the words of a question, the last of them padding."""
    words = draw.whole(1, VOCABULARY, batch, WORDS)
    words[:, -1] = 0
    return draw.normal(batch, CELLS, 5), words


def asked(draw, batch, size):
    """A question and regions."""
    return draw.normal(batch, D), draw.normal(batch, *size, D)


def present(draw, batch, length):
    """Which of so many are there: all but the last, or the only one."""
    there = torch.ones(batch, length, dtype=torch.bool, device=draw.device)
    there[:, 1:] = torch.arange(1, length, device=draw.device) < max(2, length - 1)
    return there


CASES = [
    Case(Regions, lambda: Regions(5, D, grid=4), lambda draw, b, s: (draw.normal(b, CELLS, 5),), ((),)),
    Case(
        QuestionEncoder,
        lambda: QuestionEncoder(VOCABULARY, D),
        lambda draw, b, size: answering(draw, b, size)[1:],
        ((),),
    ),
    Case(
        CellReader,
        lambda: CellReader(6),
        lambda draw, b, size: (draw.unit(b, 3, *size),),
        sizes=((48, 48),),
        silent={"name": "what `told` asks", "colour": "what `told` asks"},
    ),
    Case(StackedAttention, lambda: StackedAttention(D), asked, TOKENS),
    Case(
        UniformAttention,
        lambda: UniformAttention(D),
        asked,
        TOKENS,
        silent=dict.fromkeys(
            [f"{part}.{hop}" for part in ("of_regions", "of_question", "score") for hop in (0, 1)],
            "without its choice",
        ),
    ),
    Case(
        StackedAnswerer,
        lambda: StackedAnswerer(VOCABULARY, 3, features=5, dim=D, hidden=6),
        answering,
        ((),),
    ),
    Case(
        ConcatenatingAnswerer,
        lambda: ConcatenatingAnswerer(VOCABULARY, 3, features=5, dim=D, narrow=2, hidden=6),
        answering,
        ((),),
    ),
    Case(
        Deprived,
        lambda: Deprived(StackedAnswerer(VOCABULARY, 3, features=5, dim=D, hidden=6), of="question"),
        answering,
        ((),),
    ),
    Case(
        CrossAttention,
        lambda: CrossAttention(D, heads=3),
        lambda draw, b, size: (draw.normal(b, 4, D), draw.normal(b, *size, D), present(draw, b, *size)),
        TOKENS,
    ),
    Case(
        CrossBlock,
        lambda: CrossBlock(D, heads=3, hidden=8),
        lambda draw, b, size: (draw.normal(b, *size, D), draw.normal(b, 4, D), present(draw, b, *size)),
        TOKENS,
    ),
    Case(
        CrossAnswerer,
        lambda: CrossAnswerer(VOCABULARY, 3, features=5, dim=D, depth=1, heads=3),
        answering,
        ((),),
        verbs={"weights": once, "place_maps": once},
    ),
]
