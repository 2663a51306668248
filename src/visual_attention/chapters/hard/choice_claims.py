"""What teaches a network to choose, and does it help to stay curious?

One of sixteen cells is chosen by a blurred overview and read. The contenders are one network, trained by
different estimates of the gradient of that choice, and by the exact one.

Run: python -m visual_attention.experiments run hard-choice
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.hard import cells, choosers
from visual_attention.chapters.hard.choosers import (
    ESTIMATES,
    AnothersCell,
    Chooser,
    FullestCell,
    SoftChooser,
)
from visual_attention.experiments.question import Contender, Question, Recipe, Setting, Task, Variant

PARTS = {"train": "learning", "validation": "validation", "test": "test"}


def draw(count: int, split: str, generator: torch.Generator, setting: Setting) -> cells.DigitCells:
    """A whole digit among halves; training, validation and test share no digit."""
    return cells.batch(
        count, split=PARTS[split], halves=setting["halves"], faint=setting["faint"], generator=generator
    )


def loss(model: nn.Module, batch: cells.DigitCells) -> Tensor:
    """What each network says of itself."""
    return model.loss(batch.images, batch.labels)


def score(model: nn.Module, batch: cells.DigitCells) -> dict[str, float]:
    """The accuracy, and how much of the weight lies on the whole digit, both in percent."""
    on = model.weights(batch.images).gather(1, batch.cells[:, None]).mean()
    return {"accuracy": accuracy(model(batch.images), batch), "digit found (%)": 100 * on.item()}


def accuracy(scores: Tensor, batch: cells.DigitCells) -> float:
    """How many digits are named, in percent."""
    return 100 * (scores.argmax(1) == batch.labels).float().mean().item()


def anothers(weights: Tensor, cells: Tensor) -> Tensor:
    """The cell of another picture."""
    return weights.roll(1, dims=0)


def on_the_digit(weights: Tensor, cells: Tensor) -> Tensor:
    """The cell of the whole digit."""
    return F.one_hot(cells, weights.shape[1]).to(weights.dtype)


def cut(change: Callable[[Tensor, Tensor], Tensor]) -> Callable[[nn.Module, cells.DigitCells], float]:
    """The accuracy of a trained network that has to read another cell."""

    def after(model: nn.Module, batch: cells.DigitCells) -> float:
        weights = change(model.weights(batch.images), batch.cells)
        return accuracy(model.read_with(batch.images, weights), batch)

    return after


def chooser(name: str, *, curious: bool = False, kind: type[Chooser] = Chooser):
    """How a contender builds its network; a curious one gets the bonus for entropy."""

    def build(setting: Setting) -> nn.Module:
        return kind(
            ESTIMATES[name],
            hidden=setting["hidden"],
            shared=setting["shared"],
            bonus=setting["bonus"] if curious else 0.0,
        )

    return build


def ruled(kind: type[Chooser]) -> Callable[[Setting], nn.Module]:
    """How a contender that chooses by a rule builds its network; only the reader learns."""
    return lambda setting: kind(choosers.as_chosen, hidden=setting["hidden"])


TASK = Task(
    draw,
    loss,
    score,
    {"another picture's cell": cut(anothers), "the digit's cell": cut(on_the_digit)},
)
CONTENDERS = (
    Contender(
        "REINFORCE, baseline, entropy",
        "attention",
        chooser("REINFORCE, baseline", curious=True),
        "A drawn cell is judged by how much better it did than expected; a bonus for staying undecided.",
        "a baseline, a bonus",
    ),
    Contender(
        "REINFORCE, baseline",
        "rival",
        chooser("REINFORCE, baseline"),
        "The same without the bonus.",
        "a baseline",
    ),
    Contender(
        "REINFORCE alone", "rival", chooser("REINFORCE alone"), "A drawn cell is judged by its loss as it is."
    ),
    Contender(
        "Gumbel-softmax",
        "rival",
        chooser("Gumbel-softmax"),
        "A drawn cell, and on the way back the gradient of a blend, at temperature 1.",
    ),
    Contender(
        "exact gradient",
        "rival",
        chooser("exact gradient"),
        "All sixteen cells are read for each picture in training.",
        "16 readings in training",
    ),
    Contender(
        "exact gradient, entropy",
        "rival",
        chooser("exact gradient", curious=True),
        "The same with the bonus.",
        "16 readings in training, a bonus",
    ),
    Contender(
        "soft blend",
        "rival",
        chooser("soft blend", kind=SoftChooser),
        "Reads the weighted sum of all cells.",
        "all cells, always",
    ),
    Contender(
        "fullest cell",
        "trivial",
        ruled(FullestCell),
        "Reads the cell whose darkest quarter has the most ink: a rule written by hand.",
        "a rule by someone who knows the task",
    ),
    Contender(
        "another picture's cell",
        "control",
        chooser("REINFORCE, baseline", curious=True, kind=AnothersCell),
        "All parts of the first, but it reads the cell that another picture calls for.",
        "a baseline, a bonus",
    ),
)
VARIANTS = (
    Variant("half the rate", rate_factor=0.5),
    Variant("twice the rate", rate_factor=2.0),
    Variant("half the width", {"hidden": 32}),
    Variant("twice the width", {"hidden": 128}),
    Variant("half the pictures", pictures=500),
    Variant("easier: three halves", {"halves": 3}),
    Variant("harder: ten halves", {"halves": 10}),
    Variant("twice as long", recipe={"steps": 1024}),
    Variant("four times the bonus", {"bonus": 0.2}),
    Variant("a whole digit as bright as halves", {"faint": 1.0}),
    Variant("each place learnt for itself", {"shared": False}),
)
DESIGN = (
    "Sixteen cells of 8 x 8 pixels; one holds a whole handwritten digit, six hold halves of others, and the "
    "whole digit is written half as bright, so that the ink in a cell does not give it away. A small "
    "network, the same for each cell, scores it from the four pixels that an overview of 8 x 8 has of it; a "
    "second one reads the chosen cell. Training, validation and test share no digit."
)
MEANING = (
    "On a thousand pictures no teacher ends higher than another, but for REINFORCE without a baseline, "
    "which learns nothing when minus the loss is paid. It is not the baseline that decides but where the "
    "reward has its zero: paid 1 for a right answer, REINFORCE needs none and is sooner. The bonus for "
    "entropy saves steps on six halves, not on ten, and gains nothing in the end; for the exact gradient it "
    "does not even save steps. The exact gradient is first in steps, a rule written by hand before it; in "
    "cells that were read it is behind REINFORCE. All networks score the cells by one small network that "
    "the cells share; the first version's learnt each place for itself, and its conclusion, that a biased "
    "gradient beats the exact one, is withdrawn."
)
TRIED = (
    "In the first version's pictures the whole digit was as bright as the halves, and the cell with the "
    "most ink held it 996 times in 1,000: nothing had to be learnt. Written half as bright, it is the "
    "brightest cell in 5 of 100 pictures. A rule by hand, the cell whose darkest quarter is brightest, "
    "still finds 99.",
    "The first version's network learnt each place for itself. On the fainter digits (one seed, 1,024 "
    "steps, the better of 3e-3 and 1e-2) it finds the cell in 12 of 100 pictures by REINFORCE with baseline "
    "and bonus, in 16 by Gumbel-softmax, in 13 by the exact gradient, and in 66 by the exact gradient with "
    "the bonus. With scores that all cells share, each of the four finds it in 100.",
    "An outsider, half an hour: ten halves instead of six, a thousand pictures, the record's rates. After "
    "512 steps the exact gradient names 96 and Gumbel-softmax 96 digits of a hundred, REINFORCE with the "
    "bonus 79 (37 to 95), without it 85 (66 to 94; seeds 0 to 4 each); a sixth seed with the bonus 11. So "
    "the bonus saves no steps there (-5.8 points, -25 to 13). After 2,048 steps REINFORCE has 96 to 97 with "
    "and without it (seeds 0 to 2). The teachers end at one place, but the steps to it depend on the task.",
    "A second outsider turned what the page then said, that a baseline decides whether anything is learnt "
    "(`chapters/hard/rewards.py`, the rate of REINFORCE with a baseline, a thousand pictures). Without one, "
    "paid 1 for a right answer: 96.7 (ten seeds), half-way 92, where a baseline that is learnt gives 42; "
    "paid what the loss is lower than a guess's: 97.1 (five seeds). Sixteen draws, each compared with the "
    "mean of the others, are level with the exact gradient: 92 and 96 after 128 steps (-4.1, -10.3 to 2.2; "
    "five seeds). The exact gradient with four pictures a step, as many readings as REINFORCE has: 60 after "
    "512 steps, at the best of four rates (one seed, validation pictures).",
)

QUESTION = Question(
    name="hard-choice",
    chapter="mechanisms/hard",
    statement="Hard attention is complex and hard to optimise; in general by reinforcement learning.",
    question="Does a bonus for entropy help REINFORCE to choose, and is there a better teacher?",
    task=TASK,
    contenders=CONTENDERS,
    recipe=Recipe(steps=512, batch=64, warmup=32, points=7, examples=500),
    margin=5,
    faster=1.5,
    level=80,
    sets=(300, 1000, 4000),
    rates=(1e-3, 3e-3, 1e-2, 3e-2),
    setting={"hidden": 64, "shared": True, "bonus": 0.05, "halves": 6, "faint": 0.5},
    variants=VARIANTS,
    design=DESIGN,
    meaning=MEANING,
    tried=TRIED,
)
