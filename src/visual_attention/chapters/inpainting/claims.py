"""Does a hole get filled better by copying what its surroundings attend to?

First without any learning, on pictures that repeat and on pictures that do not; then in a small network that
learns, against the same network without attention.

Run: python -m visual_attention.experiments run inpainting inpainting-photographs inpainting-learned
"""

import math
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from visual_attention.chapters.inpainting import holes
from visual_attention.chapters.inpainting import trained as trained_inpainter
from visual_attention.chapters.inpainting.contextual import ContextualAttention, ContextualInpainter
from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.chapters.inpainting.scores import BiharmonicFill, MeanFill, psnr, ssim
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.training import parameters

LONGER = 3  # times as many steps, in about 1.4 times the processor time of the arm with attention
REPEATS = ("tiles", "brick")
DOES_NOT = ("grass", "gravel", "photographs")
WHERE_IT_REPEATS = "PSNR where it repeats"


def judge(model: nn.Module, seed: int, budget: Budget, kinds: tuple[str, ...]) -> dict[str, float]:
    """PSNR (dB) and SSIM inside the hole, the mean over test pictures of each kind."""
    metrics, generator = {}, torch.Generator().manual_seed(10_000 + seed)
    for kind in kinds:
        drawn = holes.batch(budget.test, split="test", kind=kind, generator=generator)
        with torch.no_grad():
            filled = model(drawn.images, drawn.masks).clamp(0, 1)
        metrics[f"PSNR, {kind}"] = psnr(filled, drawn.images, drawn.masks).mean().item()
        metrics[f"SSIM, {kind}"] = ssim(filled, drawn.images, drawn.masks).mean().item()
    if set(REPEATS) <= set(kinds):
        metrics[WHERE_IT_REPEATS] = sum(metrics[f"PSNR, {kind}"] for kind in REPEATS) / len(REPEATS)
    return metrics


def measure(
    model: nn.Module, arm: Arm, seed: int, budget: Budget, *, kinds: tuple[str, ...]
) -> dict[str, float]:
    """Judge a filling that has nothing to learn."""
    return judge(model, seed, budget, kinds)


def train(model: nn.Module, seed: int, budget: Budget, *, progress: bool = False) -> list[float]:
    """Train on fresh pictures of all kinds; the seed fixes them, the same for all arms."""
    return trained_inpainter.train(
        model, steps=budget.steps, batch=budget.batch, seed=seed, progress=progress
    )


def measure_learned(model: nn.Module, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train on the training pictures, if there is anything to learn; then judge on all kinds of test ones."""
    if parameters(model):
        times = LONGER if arm.name == "convolution, longer" else 1
        train(model, seed, replace(budget, steps=times * budget.steps))
    return judge(model, seed, budget, holes.KINDS)


ARMS = (
    Arm(
        "attention", "attention", PeelingAttention,
        "From the rim inwards, each pixel is a softmax-weighted mean of those whose 9 x 9 neighbourhoods "
        "look alike.",
    ),
    Arm("biharmonic", "rival", BiharmonicFill, "A smooth sheet bent over the hole, scikit-image's."),
    Arm(
        "uniform attention", "control", lambda: PeelingAttention(temperature=math.inf),
        "The same, but all places count alike.",
    ),
    Arm("mean", "without", MeanFill, "The mean of all known pixels."),
)  # fmt: skip
LEARNED = (
    Arm(
        "attention", "attention", lambda: trained_inpainter.network("attention"),
        "Known patches are copied into the hole, where their features resemble those guessed there.",
    ),
    Arm(
        "convolution", "without", lambda: trained_inpainter.network("convolution"),
        "Nothing is copied there.",
    ),
    Arm(
        "uniform attention", "control", lambda: ContextualInpainter(ContextualAttention(scale=0.0)),
        "The mean of all known patches is copied into the hole.",
    ),
    Arm(
        "convolution, longer", "rival", lambda: trained_inpainter.network("convolution"),
        "Convolutions alone, trained for three times as many steps.",
    ),
    Arm("biharmonic", "rival", BiharmonicFill, "A smooth sheet; nothing is learned."),
    Arm("copying, not learned", "rival", PeelingAttention, "From the rim inwards; nothing is learned."),
)  # fmt: skip
DESIGN = (
    "Pictures of 48 x 48 pixels with a hole of 14 x 14 at a random place, scores inside the hole only. Tiles "
    "are a small piece of a photograph repeated with a little noise; brick, grass and gravel are crops of a "
    "photograph of each; photographs are crops of four others."
)
UNTOUCHED = "Nothing is learned and nothing was tuned on these pictures."

CLAIMS = [
    Claim(
        name="inpainting",
        chapter="applications/inpainting",
        statement="Copying what its surroundings attend to fills a hole better where the picture repeats.",
        question="Does attention that has learned nothing fill holes in what repeats?",
        arms=ARMS,
        measure=partial(measure, kinds=REPEATS),
        metric=WHERE_IT_REPEATS,
        treatment="attention",
        baseline="biharmonic",
        margin=3.0,
        unit="dB",
        budgets={"live": Budget(steps=0, test=10), "full": Budget(steps=0, test=60)},
        design=f"{DESIGN} {UNTOUCHED} The metric is the mean over tiles and brick.",
        meaning=(
            "What stands elsewhere can be copied, and attention finds it. With all places alike the same "
            "module is a mean and no better than one: it is the choice that helps. The smooth sheet does "
            "worse than the mean here, for it carries what stands at the rim into the hole. This says "
            "nothing on pictures that do not repeat."
        ),
    ),
    Claim(
        name="inpainting-photographs",
        chapter="applications/inpainting",
        statement="Copying what its surroundings attend to fills a hole better in any picture.",
        question="Does it fill holes in photographs as well?",
        arms=ARMS,
        measure=partial(measure, kinds=DOES_NOT),
        metric="PSNR, photographs",
        treatment="attention",
        baseline="biharmonic",
        margin=0.5,
        unit="dB",
        budgets={"live": Budget(steps=0, test=10), "full": Budget(steps=0, test=60)},
        design=f"{DESIGN} {UNTOUCHED}",
        meaning=(
            "Copying needs something worth copying. In a photograph the hole often hides what stands nowhere "
            "else, and then a copy is sharp and wrong, which PSNR punishes more than a blur. On grass and "
            "gravel, where everything looks alike and nothing is the same, attention does no better than one "
            "flat mean. PSNR asks for the pixels that were there; whether a filling looks right to people "
            "was not tested."
        ),
    ),
    Claim(
        name="inpainting-learned",
        chapter="applications/inpainting",
        statement="Attention helps a network that learns to fill holes, where the picture repeats.",
        question="Does the layer help a small network that learns?",
        arms=LEARNED,
        measure=measure_learned,
        metric=WHERE_IT_REPEATS,
        treatment="attention",
        baseline="convolution",
        margin=1.0,
        unit="dB",
        matched=tuple(arm.name for arm in LEARNED[:4]),
        columns=tuple(f"PSNR, {kind}" for kind in holes.KINDS),
        budgets={"live": Budget(steps=60, batch=8, test=6), "full": Budget(steps=200, batch=8, test=30)},
        design=(
            f"{DESIGN} The networks train on all five kinds, on other photographs and other halves of the "
            "textures than those of the test. They are convolutions on a grid of 24 x 24 whose guess sees 21 "
            "places across, and have the same parameters; the loss is the absolute error in the hole. A look "
            "at one seed and training pictures, after 150 steps, chose the scale of the attention (30 rather "
            "than 10) and the learning rate."
        ),
        meaning=(
            "At equal parameters and steps the layer adds a little over 1 dB, and with all patches alike "
            "that is gone: the choice helps. But convolutions trained three times as long draw level where "
            "the picture repeats, so what the layer saves there is steps; whether it also ends higher was "
            "not tested. Copying without any learning does 7 dB better than either. On photographs all "
            "networks stay far below the smooth sheet. They are small and train for 200 steps: about those "
            "of the paper this says nothing."
        ),
    ),
]
