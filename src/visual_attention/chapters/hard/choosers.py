"""Which gradient teaches a network to choose one of sixteen cells? One network, and what differs.

Run: python -m visual_attention.chapters.hard.choosers
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.hard import cells
from visual_attention.mechanisms.patch_choice import (
    PatchChoice,
    entropy,
    exact_loss,
    gumbel_choice_loss,
    reinforce_choice_loss,
    soft_choice_loss,
)
from visual_attention.training import fit, seeded

GRID, OVERVIEW = 4, 8  # cells a side, pixels of the overview a side: 2 x 2 of them for each cell

Estimate = Callable[[PatchChoice, Tensor, Tensor], Tensor]


class SharedScores(nn.Module):
    """Score each cell by the same small network, from the four pixels that the overview has of it.

    Shape:
        overview, row by row (B, 64) -> scores (B, 16).
    """

    def __init__(self, hidden: int):
        super().__init__()
        side = OVERVIEW // GRID
        self.net = nn.Sequential(nn.Linear(side * side, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, overview: Tensor) -> Tensor:
        side = OVERVIEW // GRID
        rows = overview.view(-1, GRID, side, GRID, side)  # (B, row, y, column, x)
        return self.net(rows.transpose(2, 3).flatten(3)).flatten(1)  # (B, 4, 4, 1) -> (B, 16)


class Chooser(PatchChoice):
    """Glance at the blurred picture, choose one of sixteen cells, and read the digit in it.

    Args:
        estimate: gives what training lowers, from the network, images and labels.
        hidden: width of the hidden layers.
        shared: whether all cells are scored by one small network, or all together by a layer that has to
            learn each place for itself.
        bonus: how much of the choice's entropy is added to the reward.

    Shape:
        (B, 1, 32, 32) -> scores of the digits (B, 10).
    """

    def __init__(self, estimate: Estimate, *, hidden: int = 64, shared: bool = True, bonus: float = 0.0):
        super().__init__(10, patch=cells.SIDE, image_size=GRID * cells.SIDE, overview=OVERVIEW, hidden=hidden)
        if shared:
            self.choose = SharedScores(hidden)
        self.estimate = estimate
        self.bonus = bonus

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        """What training lowers."""
        value = self.estimate(self, x, labels)
        return value - self.bonus * entropy(self.scores(x)).mean() if self.bonus else value


class SoftChooser(Chooser):
    """Reads the weighted sum of all cells: soft attention, nothing is chosen."""

    def weights(self, x: Tensor) -> Tensor:
        return torch.softmax(self.scores(x), dim=1)


class AnothersCell(Chooser):
    """All its parts, but it looks at the cell that another picture's overview calls for."""

    def scores(self, x: Tensor) -> Tensor:
        return super().scores(x).roll(1, dims=0)


class FullestCell(Chooser):
    """Reads the cell whose darkest quarter has the most ink: whole digits have ink in each, halves do not.

    The layers that choose are never asked.
    """

    def weights(self, x: Tensor) -> Tensor:
        quarters = F.avg_pool2d(x, cells.SIDE // 2)  # (B, 1, 8, 8)
        least = -F.max_pool2d(-quarters, 2).flatten(1)  # (B, 16)
        return F.one_hot(least.argmax(dim=1), least.shape[1]).to(x.dtype)


def as_chosen(model: PatchChoice, x: Tensor, labels: Tensor) -> Tensor:
    """The loss under the network's own weights, which carry no gradient."""
    return F.cross_entropy(model(x), labels)


reinforce_alone = partial(reinforce_choice_loss, baseline=False)


def gradient(model: PatchChoice, loss: Tensor) -> Tensor:
    """With regard to the weights that choose, as one vector."""
    parts = torch.autograd.grad(loss, list(model.choose.parameters()))
    return torch.cat([part.flatten() for part in parts])


def compare_gradients(
    model: PatchChoice, batch: cells.DigitCells, estimate: Estimate, *, draws: int
) -> dict[str, float]:
    """An estimate of the gradient against the exact one, at one network and one batch.

    Returns:
        Two numbers by name, in squared lengths of the exact gradient: "variance" is the mean squared distance
        of an estimate from their mean, "bias" the squared distance of their mean from the exact gradient,
        freed of what chance adds to it.
    """
    exact = gradient(model, exact_loss(model, batch.images, batch.labels))
    size = exact.square().sum()
    estimates = torch.stack(
        [gradient(model, estimate(model, batch.images, batch.labels)) for _ in range(draws)]
    )
    mean = estimates.mean(dim=0)
    variance = (estimates - mean).square().sum() / (draws - 1)
    bias = (mean - exact).square().sum() - variance / draws
    return {"variance": (variance / size).item(), "bias": (bias / size).item()}


def drawn_loss(choice_loss: Callable[..., Tensor], *, bonus: float = 0.05) -> Estimate:
    """An estimate from a function of `doors.choice_loss`'s kind: draw a cell, read it, ask the function."""

    def estimate(model: PatchChoice, x: Tensor, labels: Tensor) -> Tensor:
        scores = model.scores(x)
        drawn = torch.multinomial(scores.detach().softmax(dim=1), 1)[:, 0]
        read = model.read_with(x, F.one_hot(drawn, scores.shape[1]).to(x.dtype))
        losses = F.cross_entropy(read, labels, reduction="none")
        expected = model.expect(model.glance(x))[:, 0]
        return choice_loss(scores, drawn, losses, expected, bonus)

    return estimate


def learn(estimate: Estimate, *, steps: int = 300, seed: int = 0) -> tuple[Chooser, list[float]]:
    """Train a chooser by an estimate; gives it with the loss of each step."""
    with seeded(seed):
        model = Chooser(estimate)
        generator = torch.Generator().manual_seed(seed)
        losses = fit(
            model,
            lambda step: cells.batch(64, split="train", generator=generator),
            lambda model, batch: model.loss(batch.images, batch.labels),
            steps=steps,
            lr=1e-2,
            schedule="constant",
            progress=False,
        )
    return model, losses


def found(model: Chooser, *, count: int = 500, seed: int = 1) -> tuple[float, float]:
    """How often the whole digit's cell is chosen, and how often the digit is named, on new pictures."""
    batch = cells.batch(count, split="test", generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        right = model.weights(batch.images).argmax(dim=1) == batch.cells
        named = model(batch.images).argmax(dim=1) == batch.labels
    return right.float().mean().item(), named.float().mean().item()


ESTIMATES = {
    "REINFORCE alone": reinforce_alone,
    "REINFORCE, baseline": reinforce_choice_loss,
    "Gumbel-softmax": gumbel_choice_loss,
    "exact gradient": exact_loss,
    "soft blend": soft_choice_loss,
}


def gradients(seed: int, *, steps: int = 150, draws: int = 60) -> dict[str, dict[str, float]]:
    """Train a chooser for a while by REINFORCE with a baseline, then hold estimates against the exact one."""
    model, _ = learn(reinforce_choice_loss, steps=steps, seed=seed)
    with seeded(seed):
        batch = cells.batch(64, split="train")
        return {
            name: compare_gradients(model, batch, ESTIMATES[name], draws=draws)
            for name in ("REINFORCE alone", "REINFORCE, baseline", "Gumbel-softmax")
        }


def main() -> None:
    torch.manual_seed(0)
    drawn = cells.batch(64, split="train")
    for name, estimate in ESTIMATES.items():
        print(f"{name:20} loss {Chooser(estimate).loss(drawn.images, drawn.labels).item():.2f}")


if __name__ == "__main__":
    main()
