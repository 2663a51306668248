"""Why is hard attention hard to train, and what helps?

One of sixteen cells is chosen by a blurred overview and read. The arms are one network, trained by different
estimates of the gradient of that choice. With sixteen cells the exact gradient is known, and each estimate is
held against it.

Run: python -m visual_attention.experiments run hard-choice hard-gradient --seeds 5 --jobs 2
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.hard import cells
from visual_attention.experiments.claim import Arm, Budget, Claim
from visual_attention.mechanisms.patch_choice import (
    PatchChoice,
    exact_loss,
    gumbel_choice_loss,
    reinforce_choice_loss,
    soft_choice_loss,
)
from visual_attention.training import evaluate, fit

LEARNING_RATE = 3e-3  # one for all arms
DRAWS = 400  # estimates of the gradient at one model and one batch


class Reader(PatchChoice):
    """The network of all arms, with the estimate that trains it."""

    def __init__(self, estimate: Callable[[PatchChoice, Tensor, Tensor], Tensor], *, soft: bool = False):
        super().__init__(10, patch=8, image_size=32, overview=8, hidden=64)
        self.estimate = estimate
        self.soft = soft

    def weights(self, x: Tensor) -> Tensor:
        """What the model was trained to use: one cell, or a blend of all."""
        return torch.softmax(self.scores(x), dim=1) if self.soft else super().weights(x)


class RandomCell(Reader):
    """Reads a random cell, which nobody chose."""

    def weights(self, x: Tensor) -> Tensor:
        count = self.scores(x).shape[1]
        return F.one_hot(torch.randint(count, (len(x),), device=x.device), count).to(x.dtype)


def no_baseline(model: PatchChoice, x: Tensor, labels: Tensor) -> Tensor:
    """REINFORCE that expects nothing."""
    return reinforce_choice_loss(model, x, labels, baseline=False)


def cool_gumbel(model: PatchChoice, x: Tensor, labels: Tensor) -> Tensor:
    """Straight-through Gumbel-softmax at a low temperature."""
    return gumbel_choice_loss(model, x, labels, temperature=0.3)


def as_chosen(model: PatchChoice, x: Tensor, labels: Tensor) -> Tensor:
    """The loss under the model's own weights, which carry no gradient."""
    return F.cross_entropy(model(x), labels)


def batches(seed: int, size: int, *, split: str = "train") -> Iterator[cells.DigitCells]:
    """Batches without end."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield cells.batch(size, split=split, generator=generator)


def train(model: Reader, seed: int, budget: Budget, *, progress: bool = False) -> list[float]:
    """Train on fresh pictures; the seed fixes the pictures, the same for all arms."""
    drawn = batches(seed, budget.batch)
    return fit(
        model,
        lambda step: next(drawn),
        lambda model, batch: model.estimate(model, batch.images, batch.labels),
        steps=budget.steps,
        lr=LEARNING_RATE,
        progress=progress,
    )


def measure_choice(model: Reader, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train, then the accuracy, and how often the whole digit's cell was chosen, both in percent."""
    train(model, seed, budget)
    test = [next(batches(10_000 + seed, budget.test, split="test"))]
    right = evaluate(model, test, lambda model, batch: model(batch.images).argmax(1) == batch.labels)
    found = evaluate(model, test, lambda model, batch: model.weights(batch.images).argmax(1) == batch.cells)
    return {"accuracy": 100 * right, "digit found": 100 * found}


def gradient(model: Reader, loss: Tensor) -> Tensor:
    """With regard to the weights that choose, as one vector."""
    parts = torch.autograd.grad(loss, list(model.choose.parameters()))
    return torch.cat([part.flatten() for part in parts])


def compare_gradients(
    model: Reader, batch: cells.DigitCells, estimate: Callable, *, draws: int = DRAWS
) -> dict[str, float]:
    """An estimate of the gradient against the exact one, at one model and one batch.

    Returns:
        Four numbers by name, where lengths are measured by that of the exact gradient. The "variance" is
        the mean squared distance of an estimate from their mean, "noise" its logarithm to the base 2 (1 less
        is half the variance), "cosine" that of the mean estimate with the exact gradient, and "bias" the
        squared distance of the two, freed of what chance adds to it.
    """
    exact = gradient(model, exact_loss(model, batch.images, batch.labels))
    size = exact.square().sum()
    estimates = torch.stack(
        [gradient(model, estimate(model, batch.images, batch.labels)) for _ in range(draws)]
    )
    mean = estimates.mean(dim=0)
    variance = (estimates - mean).square().sum() / (draws - 1)
    bias = ((mean - exact).square().sum() - variance / draws) / size
    ratio = (variance / size).item()
    return {
        "variance": ratio,
        "noise": math.log2(ratio),
        "cosine": F.cosine_similarity(mean, exact, dim=0).item(),
        "bias": bias.item(),
    }


def measure_gradient(model: Reader, arm: Arm, seed: int, budget: Budget) -> dict[str, float]:
    """Train by REINFORCE with its baseline, alike for all arms, then look at the arm's own estimate."""
    estimate, model.estimate = model.estimate, reinforce_choice_loss
    train(model, seed, budget)
    return compare_gradients(model, next(batches(20_000 + seed, 64)), estimate, draws=budget.test)


def reader(estimate: Callable, *, soft: bool = False) -> Callable[[], nn.Module]:
    """How an arm builds its model."""
    return lambda: Reader(estimate, soft=soft)


WITH = Arm(
    "REINFORCE, baseline",
    "attention",
    reader(reinforce_choice_loss),
    "A drawn cell is judged by how much better it did than a small network expected.",
)
ALONE = Arm("REINFORCE alone", "without", reader(no_baseline), "A drawn cell is judged by its loss as it is.")
GUMBEL = Arm(
    "Gumbel-softmax",
    "rival",
    reader(gumbel_choice_loss),
    "A drawn cell, and on the way back the gradient of a blend, at temperature 1.",
)
COOL = Arm("Gumbel-softmax, cool", "rival", reader(cool_gumbel), "The same at temperature 0.3.")
DESIGN = (
    "Sixteen cells of 8 x 8 pixels; one holds a whole handwritten digit, six hold halves of others. A "
    "network with one hidden layer sees the picture averaged over 4 x 4 pixels and scores the cells, a "
    "second one reads the chosen cell. "
)
CLAIMS = [
    Claim(
        name="hard-choice",
        chapter="mechanisms/hard",
        statement="Hard attention is complex and hard to optimise; in general by reinforcement learning.",
        question="Does a learned baseline help REINFORCE to choose?",
        arms=(
            WITH,
            ALONE,
            GUMBEL,
            COOL,
            Arm(
                "exact gradient", "rival", reader(exact_loss), "All sixteen cells are read for each picture."
            ),
            Arm(
                "soft blend",
                "rival",
                reader(soft_choice_loss, soft=True),
                "Reads the weighted sum of all cells.",
            ),
            Arm("random cell", "control", lambda: RandomCell(as_chosen), "Reads a cell that nobody chose."),
        ),
        measure=measure_choice,
        metric="accuracy",
        treatment=WITH.name,
        baseline=ALONE.name,
        margin=10,
        meaning=(
            "Without a baseline the choice is hardly learnt at all, and the exact gradient is far better "
            "than its estimate. But noise is not everything: Gumbel-softmax, whose gradient is biased, "
            "trains better than the exact gradient does, and about as well as a soft blend."
        ),
        budgets={"live": Budget(steps=300, test=1000), "full": Budget(steps=1500, test=2000)},
        design=DESIGN + "All arms are one network and differ in what trains it.",
    ),
    Claim(
        name="hard-gradient",
        chapter="mechanisms/hard",
        statement="A baseline lowers the variance of the sampled gradient and leaves it right on average.",
        question="How far are the estimates from the exact gradient?",
        arms=(WITH, ALONE, GUMBEL, COOL),
        measure=measure_gradient,
        metric="noise",
        treatment=WITH.name,
        baseline=ALONE.name,
        margin=1,
        unit="doublings of the variance",
        lower=True,
        meaning=(
            "Seven doublings are a factor of about 140. With the baseline no bias was found; without it, "
            "two hundred estimates are too few to tell. Gumbel-softmax is quieter than both, and off on "
            "average: its bias is a quarter of the exact gradient's squared length, less when it is cool."
        ),
        budgets={"live": Budget(steps=200, test=60), "full": Budget(steps=200, test=200)},
        design=DESIGN
        + "One model, trained a while by REINFORCE with a baseline; two hundred estimates of the "
        "gradient of one batch by each arm, against the exact gradient by enumeration.",
    ),
]
