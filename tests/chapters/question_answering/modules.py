"""The contract's entries for what answers questions."""

import torch
from torch import nn

from tests.contract.case import Cannot, Case
from tests.contract.inputs import TOKENS, once
from visual_attention.chapters.question_answering.answerers import (
    ConcatenatingAnswerer,
    StackedAnswerer,
    StackedAttention,
)
from visual_attention.chapters.question_answering.asking import Pupil
from visual_attention.chapters.question_answering.cell_reader import CellReader
from visual_attention.chapters.question_answering.cross_attention import (
    CrossAttention,
    CrossBlock,
)
from visual_attention.chapters.question_answering.decoder import CausalBlock, PictureDecoder
from visual_attention.chapters.question_answering.modulated import FiLM, WholeQuestion
from visual_attention.chapters.question_answering.placed import Placed, WordsInOrder
from visual_attention.chapters.question_answering.plain import (
    LongVector,
    PictureAlone,
    QuestionAlone,
    WithoutName,
)
from visual_attention.chapters.question_answering.reading import QuestionEncoder, Regions
from visual_attention.chapters.question_answering.readings import ReadingHops
from visual_attention.chapters.question_answering.repaired import Repaired
from visual_attention.chapters.question_answering.stream_mistakes import second
from visual_attention.chapters.question_answering.streams import CrossStream, JointStream, StreamBlock

D, CELLS, WORDS, VOCABULARY = 12, 16, 4, 7


def answering(draw, batch, size):
    """Cells and the words of a question, the last of them padding."""
    words = draw.whole(1, VOCABULARY, batch, WORDS)
    words[:, -1] = 0
    return draw.normal(batch, CELLS, 5), words


def asked(draw, batch, size):
    """A question and regions."""
    return draw.normal(batch, D), draw.normal(batch, *size, D)


def telegram(draw, batch, size):
    """Three words."""
    return (draw.whole(1, VOCABULARY, batch, 3),)


def small(draw, batch, size):
    """Nine cells and three words."""
    return draw.normal(batch, 9, 32), *telegram(draw, batch, size)


def unseen(draw, batch, size):
    """Three words, and cells of which nothing is made."""
    return draw.whole(0, 2, batch, 9, 32), *telegram(draw, batch, size)


def after_one_look(draw, batch, size):
    """Relations after a first look."""
    floats = (
        draw.normal(batch, 9, 32),
        draw.normal(batch, 32),
        draw.normal(batch, 9, 32),
        draw.normal(batch, 32),
    )
    return *floats, draw.whole(0, 4, batch)


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
        Placed,
        lambda: Placed(D, features=5),
        lambda draw, b, s: (draw.normal(b, 9, 5),),
        ((),),
        cannot={"export": Cannot("alone it cannot be exported", KeyError, "already exists")},
    ),
    Case(WordsInOrder, lambda: WordsInOrder(VOCABULARY, D), telegram, ((),)),
    Case(WholeQuestion, lambda: WholeQuestion(VOCABULARY, D), telegram, ((),)),
    Case(
        ReadingHops,
        lambda: ReadingHops(VOCABULARY, 3, dim=D),
        small,
        ((),),
        again=("norm", "words"),
        verbs={"weights": once, "word_weights": once},
    ),
    Case(
        StreamBlock,
        lambda: StreamBlock(D, heads=3),
        lambda draw, b, size: (draw.normal(b, *size, D), present(draw, b, *size)),
        TOKENS,
    ),
    Case(JointStream, lambda: JointStream(VOCABULARY, 3, dim=D), small, ((),)),
    Case(CrossStream, lambda: CrossStream(VOCABULARY, 3, dim=D), small, ((),)),
    Case(FiLM, lambda: FiLM(VOCABULARY, 3, dim=D), small, ((),)),
    Case(FiLM, lambda: FiLM(VOCABULARY, 3, dim=D, scaled=False), small, ((),), variant="appended"),
    Case(LongVector, lambda: LongVector(VOCABULARY, 3, dim=D, hidden=6), small, ((),)),
    Case(QuestionAlone, lambda: QuestionAlone(VOCABULARY, 3, dim=D), unseen, ((),)),
    Case(PictureAlone, lambda: PictureAlone(3, dim=D), small, ((),)),
    Case(Pupil, lambda: Pupil(LongVector(VOCABULARY, 3, dim=D, hidden=6), first=3), small, ((),)),
    Case(
        CausalBlock,
        lambda: CausalBlock(D, heads=3),
        lambda draw, b, size: (draw.normal(b, *size, D),),
        TOKENS,
    ),
    Case(
        PictureDecoder,
        lambda: PictureDecoder(dim=D, depth=2, heads=3),
        lambda draw, b, size: (draw.normal(b, 9, 32), draw.whole(1, VOCABULARY, b, 8)),
        ((),),
    ),
    Case(Repaired, lambda: Repaired(second, nn.Sequential(nn.Linear(64, 3))), after_one_look, ((),)),
    Case(
        WithoutName,
        lambda: WithoutName(LongVector(VOCABULARY, 3, dim=D, hidden=6)),
        small,
        ((),),
    ),
]
