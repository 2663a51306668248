"""A click asks, a mask answers: is looking what makes the mask right?

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.experiments run segmentation-click
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.segmentation import clicks, trained_clicks
from visual_attention.chapters.segmentation.prompt import ClickChannel, Encoded, NearColour, Prompted
from visual_attention.experiments.question import Contender, Question, Recipe, Setting, Task, Variant

SPLITS = {"train": "learning", "validation": "validation", "test": "test"}
SMALL = 16  # pictures in a batch that is kept
METRIC = "IoU after one click"


class Asked(NamedTuple):
    """Pictures as in `clicks.Clicked`, with what the frozen encoder makes of them: `places` (B, P, H/2, W/2) and
    `pixels` (B, C, H, W)."""

    images: Tensor
    clicks: Tensor
    masks: Tensor
    places: Tensor
    pixels: Tensor


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> Asked:
    """Coins and digits, one of them clicked; small batches are kept for the next contender of the same seed."""
    world = tuple(setting[name] for name in ("grid", "things", "grey"))
    key = int(torch.randint(2**62, (), generator=generator))
    return (_kept if count <= SMALL else _made)(count, SPLITS[split], key, world)


def _made(count: int, split: str, key: int, world: tuple[int, int, float]) -> Asked:
    grid, things, grey = world
    generator = torch.Generator().manual_seed(key)
    drawn = clicks.batch(count, split=split, grid=grid, things=things, grey=grey, generator=generator)
    return asked(drawn)


_kept = functools.lru_cache(maxsize=800)(_made)


@torch.no_grad()
def asked(drawn: clicks.Clicked) -> Asked:
    """The pictures with their features."""
    encoded = trained_clicks.encoder()(drawn.images)
    return Asked(drawn.images, drawn.clicks, drawn.masks, encoded.places, encoded.pixels)


def see(model: nn.Module, drawn: Asked):
    """What a contender makes of pictures before anything is clicked."""
    return model.see(drawn.images, Encoded(drawn.places, drawn.pixels))


def loss(model: nn.Module, drawn: Asked) -> Tensor:
    """Of the answer to the click, plus of that to the click and a second one on a wrong pixel."""
    seen = see(model, drawn)
    first = model.answer(seen, drawn.clicks)
    more = torch.cat([drawn.clicks, clicks.any_mistake(first.detach() > 0, drawn.masks)], dim=1)
    return missed(first, drawn.masks) + missed(model.answer(seen, more), drawn.masks)


def missed(scores: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of each pixel, plus one minus a soft Dice."""
    true, inside = masks.float(), scores.sigmoid()
    common = (inside * true).sum(dim=(1, 2, 3))
    areas = inside.sum(dim=(1, 2, 3)) + true.sum(dim=(1, 2, 3))
    return F.binary_cross_entropy_with_logits(scores, true) + (1 - (2 * common + 1) / (areas + 1)).mean()


def score(model: nn.Module, drawn: Asked) -> dict[str, float]:
    """The mean IoU after one click and after a second, correcting one; the same on real coins."""
    first, second = two_clicks(model, drawn)
    real = two_clicks(model, real_coins())
    return {
        METRIC: first,
        "IoU after two": second,
        "IoU on real coins": real[0],
        "IoU on real coins after two": real[1],
    }


@functools.cache
def real_coins() -> Asked:
    """Windows of the photograph of coins."""
    return asked(clicks.coins())


def two_clicks(model: nn.Module, drawn: Asked, change=None) -> tuple[float, float]:
    """The mean IoU in percent after the click, and after a second in the middle of the largest mistake."""
    seen = see(model, drawn)
    first = model.answer(seen, drawn.clicks, change) > 0
    more = torch.cat([drawn.clicks, clicks.correction(first, drawn.masks)], dim=1)
    second = model.answer(seen, more, change) > 0
    return tuple(100 * clicks.iou(answer, drawn.masks).mean().item() for answer in (first, second))


def cut(change: Callable[[Tensor], Tensor]) -> Callable[[nn.Module, Asked], float | None]:
    """The IoU after one click when the weights of every look are changed; None where nothing looks."""

    def after(model: nn.Module, drawn: Asked) -> float | None:
        if not isinstance(model, Prompted) or model.decoder.given is not None:
            return None
        return two_clicks(model, drawn, change)[0]

    return after


def uniform(weights: Tensor) -> Tensor:
    """All places weigh alike."""
    return torch.full_like(weights, 1 / weights.shape[-1])


def anothers(weights: Tensor) -> Tensor:
    """The weights of the click before it in the batch."""
    return weights.roll(1, dims=0)


TASK = Task(draw, loss, score, {"uniform weights": cut(uniform), "another click's weights": cut(anothers)})


def network(looks: str) -> Callable[[Setting], nn.Module]:
    """How a contender with a decoder is built."""

    def build(setting: Setting) -> nn.Module:
        return with_encoder(Prompted(dim=setting["dim"], depth=setting["depth"], looks=looks))

    return build


def with_encoder(model: Prompted | ClickChannel) -> nn.Module:
    """The same with the trained encoder."""
    model.encoder.load_state_dict(trained_clicks.encoder().state_dict())
    return model


CONTENDERS = (
    Contender(
        "the click looks",
        "attention",
        network("weights"),
        "A click's query knows its place and kind, and finds out by cross-attention what lies there.",
        "three attentions",
    ),
    Contender(
        "at the click",
        "rival",
        network("at the click"),
        "The query is given the features under the click, and looks at all places alike.",
        "the same, and a linear layer",
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
        "The decoder, all its parts trained, with equal weights: it knows where was clicked, not on what.",
        "three attentions",
    ),
)
VARIANTS = (
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"dim": 16}),
    Variant("twice the width", {"dim": 64}),
    Variant("two blocks", {"depth": 2}),
    Variant("half the pictures", pictures=200),
    Variant("harder: no tints", {"grey": 1.0}),
    Variant("easier: all tinted", {"grey": 0.0}),
    Variant("twice as long", recipe={"steps": 512}),
)
DESIGN = (
    "Pictures of 32 x 32 pixels: three things, coins or handwritten digits, half of them in a tint, on a crop "
    "of a grey photograph. A click on any pixel of one of them means that thing. All contenders but the "
    "trivial ones read the same features of a small U-Net that learned before to tell things from the ground "
    "and is frozen. In training the second click is a random wrong pixel, in the test the middle of the largest "
    "mistake. Real coins: 32 windows of the photograph around the eight coins that training never shows, "
    "against the watershed's masks. Learning, validation and test share no coin, no digit and no photograph."
)
MEANING = ""
TRIED: tuple[str, ...] = ()

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
    metric=METRIC,
    rates=(1e-3, 3e-3, 1e-2, 3e-2),
    setting={"grid": 2, "things": 3, "grey": 0.5, "dim": 32, "depth": 1},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
