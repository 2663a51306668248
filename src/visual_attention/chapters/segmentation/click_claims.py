"""A click asks, a mask answers: is looking what makes the mask right?

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.experiments run segmentation-click
"""

import functools
from collections.abc import Callable

import torch
from torch import nn

from visual_attention.chapters.segmentation import asking, clicks
from visual_attention.chapters.segmentation.asking import Asked, with_encoder
from visual_attention.chapters.segmentation.click_rivals import ClickChannel, NearColour
from visual_attention.chapters.segmentation.prompt import Prompted
from visual_attention.experiments.question import Contender, Question, Recipe, Setting, Task, Variant

SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
SMALL = 16  # pictures in a batch that is kept


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> Asked:
    """Coins and digits, one of them clicked; small batches are kept for the next contender."""
    world = tuple(setting[name] for name in ("grid", "things", "grey"))
    key = int(torch.randint(2**62, (), generator=generator))
    return (_kept if count <= SMALL else _made)(count, SPLITS[split], key, world)


def _made(count: int, split: str, key: int, world: tuple[int, int, float]) -> Asked:
    grid, things, grey = world
    generator = torch.Generator().manual_seed(key)
    drawn = clicks.batch(count, split=split, grid=grid, things=things, grey=grey, generator=generator)
    return asking.asked(drawn)


_kept = functools.lru_cache(maxsize=800)(_made)


TASK = Task(
    draw,
    asking.loss,
    asking.score,
    {
        "uniform weights": asking.cut(asking.uniform),
        "another click's weights": asking.cut(asking.anothers),
    },
)


def network(looks: str) -> Callable[[Setting], nn.Module]:
    """How a contender with a decoder is built."""

    def build(setting: Setting) -> nn.Module:
        return with_encoder(Prompted(dim=setting["dim"], depth=setting["depth"], looks=looks))

    return build


CONTENDERS = (
    Contender(
        "the click looks",
        "attention",
        network("weights"),
        "A click's query knows its place and kind, and passes on what it finds by cross-attention.",
        "cross-attention",
    ),
    Contender(
        "at the click",
        "rival",
        network("at the click"),
        "The query keeps its place, is given the features under its click, and looks nowhere.",
        "a linear layer instead of the look",
    ),
    Contender(
        "a channel for the click",
        "rival",
        lambda setting: with_encoder(ClickChannel()),
        "Discs around the clicks are two channels more of the features; six convolutions.",
        "must run anew for each click",
    ),
    Contender(
        "near colour",
        "trivial",
        lambda setting: NearColour(),
        "All pixels whose colour is near the clicked one's, by a learned threshold.",
        "two numbers",
    ),
    Contender(
        "flood fill",
        "trivial",
        lambda setting: NearColour(connected=True),
        "Of these, the piece that hangs together with the click.",
        "two numbers",
    ),
    Contender(
        "uniform weights",
        "control",
        network("uniform"),
        "The decoder, all its parts trained, with equal weights: it cannot find out where was clicked.",
        "cross-attention",
    ),
)
VARIANTS = (
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"dim": 16}),
    Variant("twice the width", {"dim": 64}),
    Variant("two looks", {"depth": 2}),
    Variant("half the pictures", pictures=200),
    Variant("harder: no tints", {"grey": 1.0}),
    Variant("easier: all tinted", {"grey": 0.0}),
    Variant("twice as long", recipe={"steps": 512}),
)
DESIGN = (
    "Pictures of 32 x 32 pixels, windows of a larger scene: coins or handwritten digits, half of them in a "
    "tint, on a crop of a grey photograph; some are cut off by the border. A click on any pixel of one of "
    "them means that thing. All contenders but the trivial ones read the same features of a small U-Net that "
    "learned before to tell things from the ground, and is frozen. In training the second click is a random "
    "wrong pixel, in the test the middle of the largest mistake. Real coins: 32 windows of the photograph "
    "around the eight coins that training never shows, against the watershed's masks. Learning, validation "
    "and test share no coin, no digit and no photograph."
)
MEANING = (
    "On four hundred pictures a click that has to look is far ahead of the control, which cannot find out "
    "where was clicked, and of both trivial answers; and it is ten points behind a query that is given the "
    "features under its click, and seventeen behind convolutions that get the click as a channel. So a "
    "look can carry a click. But it carries where the click is, and nothing of what lies there; and the "
    "features that the other query is given are idle, too: one that keeps its place and is given nothing "
    "is level with it. See what else was tried. What the design buys is not in the IoU: an encoder runs "
    "once, and each further click is cheap. Three networks were still rising when their steps were spent."
)
TRIED = (
    "Before the rule was written, one seed, validation pictures: with things in fixed cells uniform weights "
    "reached what the look did (84 %), for the place of a click gave its cell away; now the pictures are "
    "windows of larger scenes.",
    "A decoder that adds the query to what it found, 400 steps, on test pictures: 70 % after one click and "
    "77 after two, and as much with uniform weights: a query that keeps its place needs no look. The decoder "
    "of this contest lets nothing pass by the look but a click's kind.",
    "After the record, by an outsider: in the trained network of the page, the content of another picture "
    "in keys and values leaves 65 of 65 %, equal codes of places leave 27. On four hundred pictures a "
    "query that keeps its place and is given nothing has 71 %, 0.1 more than the one that is given "
    "features, too (0.5 less to 0.8 more; five seeds); one that is given features without its place, 27 "
    "(three seeds).",
)

QUESTION = Question(
    name="segmentation-click",
    chapter="applications/segmentation",
    statement="A prompt that asks an image's features by cross-attention gets back the mask that it means.",
    question="Does a click that looks get a better mask than a click that does not?",
    task=TASK,
    contenders=CONTENDERS,
    recipe=Recipe(steps=256, batch=8, warmup=32, points=5, examples=200),
    margin=3,
    faster=1.5,
    level=60,
    sets=(100, 400, 1600),
    metric=asking.METRIC,
    rates=(1e-3, 3e-3, 1e-2, 3e-2),
    setting={"grid": 3, "things": 6, "grey": 0.5, "dim": 32, "depth": 1},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
