"""Who learns relations? The chapter's contest.

All networks get the same features of cells from one frozen reader, and the same questions in the same order.

Chapter: notebooks/applications/question_answering.ipynb
Run: python -m visual_attention.experiments run question_answering
"""

import functools
from collections.abc import Callable

import torch
from torch import nn

from visual_attention.chapters.question_answering import asking, small_world
from visual_attention.chapters.question_answering.asking import Pupil
from visual_attention.chapters.question_answering.modulated import FiLM
from visual_attention.chapters.question_answering.plain import (
    LongVector,
    PictureAlone,
    QuestionAlone,
    WithoutName,
)
from visual_attention.chapters.question_answering.readings import ReadingHops
from visual_attention.chapters.question_answering.small_world import ANSWERS, WORDS, Asked
from visual_attention.chapters.question_answering.streams import CrossStream, JointStream
from visual_attention.experiments.question import Contender, Question, Recipe, Setting, Task, Variant

SMALL = 256  # pictures in a batch that is kept


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> Asked:
    """Pictures with questions; small batches are kept for the next contender."""
    key = int(torch.randint(2**62, (), generator=generator))
    world = tuple(setting[name] for name in ("names", "things", "sides"))
    return (_kept if count <= SMALL else _made)(count, split, key, world)


def _made(count: int, split: str, key: int, world: tuple[int, int, int]) -> Asked:
    setting = dict(zip(("names", "things", "sides"), world, strict=True))
    return small_world.draw(count, split, torch.Generator().manual_seed(key), setting)


_kept = functools.lru_cache(maxsize=1200)(_made)


def pupil(build: Callable[..., nn.Module], *, times: float = 1, deep: str = "", **options):
    """How a contender is built: `times` is its width in parts of the setting's, `deep` what its depth is
    called."""

    def made(setting: Setting) -> nn.Module:
        more = options | ({deep: setting["depth"]} if deep else {})
        model = build(len(WORDS), len(ANSWERS), dim=round(times * setting["width"]), **more)
        return Pupil(model, first=setting["first"])

    return made


def picture_alone(setting: Setting) -> nn.Module:
    """The trivial answer without the question."""
    return Pupil(PictureAlone(len(ANSWERS), dim=setting["width"]), first=setting["first"])


def without_name(setting: Setting) -> nn.Module:
    """The trivial answer from the side and the picture."""
    model = FiLM(len(WORDS), len(ANSWERS), dim=setting["width"], depth=setting["depth"])
    return Pupil(WithoutName(model), first=setting["first"])


TASK = Task(draw, asking.loss, asking.score, asking.CUTS)
CONTENDERS = (
    Contender(
        "own readings",
        "attention",
        pupil(ReadingHops, deep="hops"),
        "Two hops; each reads the question anew, and asks with that and with what was found before.",
        "a reading for each hop",
    ),
    Contender(
        "one reading",
        "rival",
        pupil(ReadingHops, deep="hops", own=False),
        "The same two hops, both with one and the same reading, as in stacked attention.",
        "one reading",
    ),
    Contender(
        "cross-attention",
        "rival",
        pupil(CrossStream, deep="depth", times=0.75),
        "Words look at each other, then at the cells, in two blocks.",
        "two blocks of two attentions",
    ),
    Contender(
        "joint stream",
        "rival",
        pupil(JointStream, deep="depth", times=0.75),
        "Words and cells are tokens of one self-attention, in two blocks.",
        "two blocks of one attention",
    ),
    Contender(
        "FiLM",
        "rival",
        pupil(FiLM, deep="depth"),
        "Two convolutions of 3 x 3 whose maps the question scales and shifts.",
        "sees neighbours in its kernels",
    ),
    Contender(
        "question appended",
        "rival",
        pupil(FiLM, deep="depth", scaled=False),
        "The same two convolutions, the question laid beside each cell.",
        "sees neighbours in its kernels",
    ),
    Contender(
        "long vector",
        "rival",
        pupil(LongVector),
        "All cells and the question in one vector, then three linear layers.",
        "nothing",
    ),
    Contender(
        "question alone", "trivial", pupil(QuestionAlone), "Habit: the picture is never seen.", "no picture"
    ),
    Contender(
        "picture alone", "trivial", picture_alone, "A guess among the colours in sight.", "no question"
    ),
    Contender(
        "without the name",
        "trivial",
        without_name,
        "FiLM that never hears the last word: what the side alone gives away.",
        "two words of three",
    ),
    Contender(
        "uniform weights",
        "control",
        pupil(ReadingHops, deep="hops", even=True),
        "Own readings, all parts trained, where every look is the mean of all cells.",
        "a reading for each hop",
    ),
)
VARIANTS = (
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"width": 16}),
    Variant("twice the width", {"width": 64}),
    Variant("half the pictures", pictures=1000),
    Variant("no curriculum", {"first": 0}),
    Variant("easier: left and right alone", {"sides": 2}),
    Variant("five names and things", {"names": 5, "things": 5}),
    Variant("a hop, or a convolution, more", {"depth": 3}),
    Variant("twice as long", recipe={"steps": 2048}),
)
DESIGN = (
    "Six things, drawn shapes and a handwritten 2 and 7, each name once, lie on a grid of 3 x 3 over grey "
    "photographs; of four colours one is on three things, one on two, one on one and one on none. A small "
    "network, trained before to name the thing in a cell and "
    "then frozen, makes 32 features of each cell from its own pixels; all contenders read these, and all but "
    "the long vector, whose order says it, know each cell's row and column. Four questions are asked about "
    "each picture, in three words: a colour of a named thing, how many things have a colour, and twice the "
    "colour of the thing left of, right of, above or below a named one. Each colour that can be the answer "
    "is so equally often. A relation is asked only where the same side of another thing has another colour, "
    "so that the side alone does not give the answer away. The first 96 steps ask for colours of named "
    "things alone, as a curriculum; then every step draws one of the four questions of each picture. The "
    "metric is the share of right answers to relations. Learning, validation and test share no arrangement, "
    "no digit, no shape and no photograph."
)
MEANING = (
    "Whoever relates must find one thing to look beside it. On two thousand pictures, each network at a "
    "rate of its own, one of ten with own readings has all relations and nine have 34 to 47 %; without "
    "end one has all, one 79 and eight 38 to 42. Of a hundred others none relates, but only 18 of them, and "
    "15 without end, learned to tell the colour of a named thing, and these have at most 44 %; the others "
    "say nothing about relating. So own readings can relate, on some seeds: undecided, and a mean describes "
    "neither heap. With half as much time again none of five did, and all five had failed before. A place "
    "to start from is not all that these lack: with the first look put on the named thing from outside, "
    "three of them had 24 to 28 % after 768 steps. On 500 and on 8,000 pictures none of five relates. In "
    "ten other settings two of five do at twice the width, one at twice the steps, and none of forty in the "
    "eight others; FiLM never does."
)
TRIED = (
    "Before the rule was written, one seed, validation pictures: on the first edition's grid of 4 x 4 with "
    "six things and questions in full sentences, 1,024 steps of 128 questions taught relations to no "
    "network: FiLM 44 %, cross-attention 40, hops 37, the question appended 36, a joint stream 32. The world "
    "was then made smaller, for all alike.",
    "A first rule, on four things of four names, was given up before its first headline row. On validation "
    "pictures own readings had come to 100 % of the relations in 768 steps, on one seed of two, and FiLM to "
    "85; then a cut took the name from the questions, and FiLM still had 87 %: with so few things, the side "
    "alone nearly told the answer. Now a relation is asked only where it does not, a network that never "
    "hears the name is among the contenders, and no row of the first rule counts.",
    "Of the second, on validation pictures, one seed each, 768 steps at 0.003: own readings 100 % with six "
    "things of six names, and 41 % with five of five, on another seed; FiLM 36 % with five.",
)

QUESTION = Question(
    name="question_answering",
    chapter="applications/question_answering",
    statement="With attention, a network focuses on the region of the image that the question asks about, "
    "and understands the question and the image better.",
    question="Who learns relations: looks with readings of their own, or something else?",
    task=TASK,
    contenders=CONTENDERS,
    recipe=Recipe(steps=1024, batch=128, warmup=32, points=6, examples=400),
    margin=5,
    faster=1.5,
    level=80,
    sets=(500, 2000, 8000),
    metric=asking.METRIC,
    rates=(1e-3, 3e-3, 1e-2, 3e-2),
    tuning_seeds=3,
    setting={"names": 6, "things": 6, "sides": 4, "width": 32, "depth": 2, "first": 96},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
QUESTIONS = [QUESTION]
