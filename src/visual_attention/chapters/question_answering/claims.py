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
from visual_attention.chapters.question_answering.plain import LongVector, PictureAlone, QuestionAlone
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
    Variant("easier: three things", {"things": 3}),
    Variant("harder: six names, five things", {"names": 6, "things": 5}),
    Variant("a hop, or a convolution, more", {"depth": 3}),
    Variant("twice as long", recipe={"steps": 1536}),
)
DESIGN = (
    "Four things, three drawn shapes and a handwritten 7, lie on a grid of 3 x 3 over grey photographs, in "
    "three of four colours. A small network, trained before to name the thing in a single cell and then "
    "frozen, makes 32 features of each cell from its own pixels; all contenders read these, and all but the "
    "long vector, whose order says it, know each cell's row and column. Four questions are asked about each "
    "picture, in three words: a colour of a named thing, how many things have a colour, and twice the colour "
    "of the thing left of, right of, above or below a named one. Each colour that can be the answer is so "
    "equally often. The first 96 steps ask for colours of named things alone, as a curriculum; then every "
    "step draws one of the four questions of each picture. The metric is the share of right answers to "
    "relations. Learning, validation and test share no arrangement, no digit, no shape and no photograph."
)
MEANING = ""
TRIED = (
    "Before the rule was written, one seed, validation pictures: on the first edition's grid of 4 x 4 with "
    "six things and questions in full sentences, 1,024 steps of 128 questions taught relations to no "
    "network: FiLM 44 %, cross-attention 40, hops 37, the question appended 36, a joint stream 32. The world "
    "was then made smaller, for all alike.",
    "On the small world, 768 steps without end at a rate of 0.003, one seed: own readings 100 % of the "
    "relations, FiLM 85, the question appended 80, one reading 75, cross-attention 53, a joint stream of "
    "three blocks 40. On 512 steps with a curriculum of 64, own readings had 60 and 30 % on two seeds: "
    "relations come late, and at once.",
)

QUESTION = Question(
    name="question_answering",
    chapter="applications/question_answering",
    statement="With attention, a network focuses on the region of the image that the question asks about, "
    "and understands the question and the image better.",
    question="Who learns relations: looks with readings of their own, or something else?",
    task=TASK,
    contenders=CONTENDERS,
    recipe=Recipe(steps=768, batch=128, warmup=32, points=6, examples=400),
    margin=5,
    faster=1.5,
    level=80,
    sets=(500, 2000, 8000),
    metric=asking.METRIC,
    rates=(1e-3, 3e-3, 1e-2, 3e-2),
    tuning_seeds=3,
    setting={"names": 4, "things": 4, "sides": 4, "width": 32, "depth": 2, "first": 96},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
QUESTIONS = [QUESTION]
