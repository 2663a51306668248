"""Does a classifier look at the most relevant region, and does its accuracy rise?

All arms are one network; they differ in what stands in its two slots and in its pool.

Run: python -m visual_attention.experiments run classification classification-small --seeds 5 --jobs 2
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.classification import sizes
from visual_attention.chapters.classification.classifier import (
    Classifier,
    MapOfAnother,
    MaxPool,
    layer,
    with_map_on,
    with_maps_of_others,
)
from visual_attention.data import digits
from visual_attention.experiments import pointing
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.channel import EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
from visual_attention.mechanisms.soft import SoftAttentionPool
from visual_attention.training import fit

LEARNING_RATE = 3e-3  # one for all arms
MID_CHANNELS = 8  # of the soft pool's own convolutions
REDUCTION = 4  # of squeeze and excitation and of CBAM: r = 16 would leave 2 hidden units of 34 channels


def soft_pool(channels: int) -> nn.Module:
    """A softmax over places, and a sum."""
    return SoftAttentionPool(channels, MID_CHANNELS)


def astray(channels: int) -> nn.Module:
    """The same, but each image gets the map of another."""
    return MapOfAnother(soft_pool(channels))


def convolution(channels: int) -> nn.Module:
    """One more convolution."""
    return layer(channels, channels)


def squeeze(channels: int) -> nn.Module:
    """Squeeze and excitation."""
    return SqueezeExcitation(channels, reduction=REDUCTION)


def cbam(channels: int) -> nn.Module:
    """Channels, then places."""
    return CBAM(channels, reduction=REDUCTION)


def network(width: int, **parts) -> Callable[..., nn.Module]:
    """How an arm builds its network."""
    return partial(Classifier, width=width, **parts)


# widths that make the parameters agree within 5 %
ARMS = (
    Arm("soft pooling", "attention", network(32, pool=soft_pool), "A softmax over places, and a sum."),
    Arm(
        "more convolution",
        "without",
        network(22, slot=convolution),
        "A convolution in each slot, then the average.",
    ),
    Arm("nothing", "without", network(35), "Empty slots, then the average."),
    Arm("max pooling", "rival", network(35, pool=MaxPool), "Each channel keeps its largest value."),
    Arm("squeeze and excitation", "rival", network(33, slot=squeeze), "Weighs channels."),
    Arm("efficient channel attention", "rival", network(35, slot=EfficientChannelAttention), "Channels."),
    Arm("CBAM", "rival", network(33, slot=cbam), "Weighs channels, then places, by gates."),
    Arm("non-local", "rival", network(30, slot=NonLocalBlock), "Each place takes from all places."),
    Arm("another's map", "control", network(32, pool=astray), "Soft pooling with the map of another image."),
)


def train(
    model: nn.Module, draw: Callable, seed: int, budget: Budget, *, progress: bool = False
) -> list[float]:
    """Train on pictures that `draw` makes; the seed fixes them, the same for all arms."""
    generator = torch.Generator().manual_seed(seed)
    return fit(
        model,
        lambda step: draw(budget.batch, split="train", generator=generator),
        lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]),
        steps=budget.steps,
        lr=LEARNING_RATE,
        progress=progress,
    )


def test_cells(seed: int, budget: Budget) -> Iterator[sizes.SizedDigits]:
    """Digits and photographs that training does not show: one batch for each size and amount of clutter."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    count = budget.test // (len(sizes.SIDES) * len(sizes.PIECES))
    for side in sizes.SIDES:
        for pieces in sizes.PIECES:
            yield sizes.cell(count, split="test", side=side, pieces=pieces, generator=generator)


def measure(model: nn.Module, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train; then the accuracy in percent at each size, where the map lies, and what hangs on it."""
    train(model, sizes.mixed, seed, budget)
    return tested(model, list(test_cells(seed, budget)))


@torch.no_grad()
def tested(model: Classifier, cells: list[sizes.SizedDigits]) -> dict[str, float]:
    """The metrics of a trained network, each over all pictures of the cells if it does not say otherwise."""
    images, labels, masks, sides, pieces = (torch.cat(parts) for parts in zip(*cells, strict=True))
    right = torch.cat([answers(model, cell) for cell in cells])
    metrics = {f"accuracy at {side} px": percent(right[sides == side]) for side in sides.unique().tolist()}
    metrics |= {
        f"accuracy with {count} pieces": percent(right[pieces == count]) for count in pieces.unique().tolist()
    }
    maps = [model.place_map(cell.images) for cell in cells]
    if maps[0] is not None:
        metrics |= looked(torch.cat(maps), masks, right, 100 * sides + pieces)
    wrong_maps = with_maps_of_others(model)
    if wrong_maps is not None:
        metrics["accuracy, maps swapped"] = percent(torch.cat([answers(wrong_maps, cell) for cell in cells]))
        if maps[0] is not None:  # each cell is one batch, so that a map goes to a picture of the same kind
            swapped = torch.cat([wrong_maps.place_map(cell.images) for cell in cells])
            metrics["weight on the digit, maps swapped"] = percent(pointing.share(swapped, masks))
    if isinstance(model.pool, SoftAttentionPool):
        held = torch.cat([with_map_on(model, cell.images, cell.masks).argmax(1) for cell in cells]) == labels
        missed = ~pointing.hits(torch.cat(maps), masks)
        metrics["accuracy, map held on the digit"] = percent(held)
        if missed.any():
            metrics["accuracy where it misses, map held on the digit"] = percent(held[missed])
    return metrics | {"accuracy": percent(right)}


def looked(maps: Tensor, masks: Tensor, right: Tensor, kinds: Tensor) -> dict[str, float]:
    """Where the maps lie, and how often the answer is right where the peak is on the digit, or elsewhere."""
    hits = pointing.hits(maps, masks)
    metrics = {
        "weight on the digit": percent(pointing.share(maps, masks)),
        "peak on the digit": percent(hits),
        "area of the digit": percent(pointing.area(masks)),
    }
    if hits.any() and not hits.all():
        metrics["accuracy where it hits"] = percent(right[hits])
        metrics["accuracy where it misses"] = percent(right[~hits])
    gap = pointing.gap(hits, right, kinds)
    return metrics | ({} if gap is None else {"gap within a kind": 100 * gap})


def measure_small(model: nn.Module, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train on the digits of 8 x 8 pixels; then the accuracy in percent on all that were kept for testing."""
    train(model, small_digits, seed, budget)
    images, labels = digits.small("test")
    with torch.no_grad():
        right = model(images).argmax(1) == labels
        wrong_maps = with_maps_of_others(model)
        swapped = {}
        if wrong_maps is not None:
            swapped["accuracy, maps swapped"] = percent(wrong_maps(images).argmax(1) == labels)
    return swapped | {"accuracy": percent(right)}


def small_digits(
    count: int, *, split: str, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Digits that fill a picture of 8 x 8 pixels: images (B, 1, 8, 8) and labels (B,)."""
    images, labels = digits.small(split)
    chosen = torch.randint(len(images), (count,), generator=generator)
    return images[chosen], labels[chosen]


def small(arm: Arm) -> Arm:
    """An arm whose network does not halve the picture."""
    return Arm(arm.name, arm.role, partial(arm.build, strides=(1, 1, 1)), arm.note)


def answers(model: nn.Module, cell: sizes.SizedDigits) -> Tensor:
    """Which answers are right, (B,)."""
    return model(cell.images).argmax(1) == cell.labels


def percent(values: Tensor) -> float:
    """The mean in percent."""
    return 100 * values.double().mean().item()


DESIGN = (
    "A handwritten digit of 10, 14, 18 or 24 pixels lies at a random place of a picture of 48 x 48, over a "
    "crop of a photograph, among 0, 4 or 12 pieces of other digits. Each network is trained on all sizes and "
    "amounts at once and tested on each; digits and photographs of the test do not occur in training. The "
    "accuracy is the mean over the twelve kinds of picture. Three convolutions, with a slot after the second "
    "and the third, give a map of features of 12 x 12, the pool makes one vector of it, and a linear layer "
    "reads the digit. Widths are such that parameters match; all arms see the same pictures in the same "
    "order and share one learning rate."
)
SETTINGS = {
    "chapter": "applications/classification",
    "statement": "With attention, a classifier looks at the most relevant region of the image, and its "
    "accuracy rises.",
    "metric": "accuracy",
    "treatment": "soft pooling",
    "baseline": "more convolution",
    "matched": tuple(arm.name for arm in ARMS),
}

CLAIMS = [
    Claim(
        name="classification",
        question="Does soft pooling read a digit in clutter better than the same parameters spent on "
        "convolutions?",
        arms=ARMS,
        measure=measure,
        margin=10,
        columns=("accuracy at 10 px", "accuracy at 24 px", "peak on the digit", "accuracy, maps swapped"),
        design=DESIGN,
        meaning=(
            "Soft pooling finds the digit without being told where it is, and reads it more often than any "
            "other arm, at every size. Trained with another image's map, next to nothing of that is left, "
            "and a map that missed and is held on the digit brings back most of what was lost: where it "
            "looks is a cause of what it answers. But max pooling, which has no weights to learn, comes "
            "nearest. The two gates of channels gain nothing over empty slots, and CBAM gains less than "
            "more convolution: its last gates hardly differ between places, and the average keeps them all. "
            "All this is after 400 steps; who catches up later was not run."
        ),
        budgets={"live": Budget(steps=220, batch=48, test=600), "full": Budget(steps=400, test=2400)},
        **SETTINGS,
    ),
    Claim(
        name="classification-small",
        question="Does soft pooling help where the digit fills the picture?",
        arms=tuple(small(arm) for arm in ARMS),
        measure=measure_small,
        margin=1,
        design="The 1,797 real digits of 8 x 8 pixels, without background or clutter; every fifth of a class "
        "is for the test. There is nothing to look away from. The network is the same, without its halvings, "
        "so that the map that is pooled has 8 x 8 places.",
        meaning=(
            "Where the object is the whole picture, there is nothing to look away from, and nothing to gain. "
            "Soft pooling still leans on its map, for with another image's map it reads much worse: that a "
            "network uses its map does not show that the map helps."
        ),
        budgets={"live": Budget(steps=60, batch=32, test=359), "full": Budget(steps=300, test=359)},
        **SETTINGS,
    ),
]
