"""Does what an approximation loses vanish when it is trained for longer? Four times the steps of the record.

An attack on the claim, made after its run: no rule decides here, and the seeds are fewer. Each way keeps the
rate that it was given. Three more networks: two with four layers of a cheap way, so that word gets round
twice, and linear attention with other features.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.longer
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visual_attention.chapters.cost import tuning
from visual_attention.chapters.cost.compressed import Linear
from visual_attention.chapters.cost.exact import Explicit
from visual_attention.chapters.cost.local import Columns, Rows
from visual_attention.chapters.cost.network import SIDE, WAYS, TwinFinder, curve
from visual_attention.data import twins
from visual_attention.experiments import lines
from visual_attention.training import seeded

STEPS, BATCH, PICTURES = 4 * 480, 32, 300


class Exponentials(Linear):
    """Linear attention whose features are exponentials of each number and of its opposite."""

    def weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        asked, offered = (torch.cat([x, -x], dim=-1).clamp(-8, 8).exp() for x in (queries, keys))
        products = asked @ offered.mT
        return products / products.sum(dim=-1, keepdim=True)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return self.weights(queries, keys) @ values  # so few tokens that the brackets need not move


# name: the way whose rate it has, and its layers
Others = dict[str, tuple[str, Callable[[], tuple[Explicit, ...]]]]
OTHERS: Others = {
    "rows, columns, 4 layers": ("rows, columns", lambda: 2 * (Rows(SIDE), Columns(SIDE))),
    "shifted windows, 4 layers": ("shifted windows", lambda: 2 * WAYS["shifted windows"]()),
    "linear, exponentials": ("linear", lambda: (Exponentials(), Exponentials())),
}
SEEDS = dict.fromkeys(("full", "merged to 8", "dropped to 8"), 3)
SEEDS |= dict.fromkeys(("rows, columns", "shifted windows", "linear", "uniform"), 2) | dict.fromkeys(
    OTHERS, 1
)
RECORD = Path(__file__).parent / "records" / "longer.jsonl"


def measure(way: str, seed: int, *, steps: int = STEPS, others: Others = OTHERS) -> dict:
    """Train one network, and score it after a quarter, a half and all of the steps, as the record does.

    Args:
        way: One of the claim's arms, or of the others.
        seed: Fixes the network's start and all pictures.
        steps: How long it is trained.
        others: Ways that are no arm of the claim.
    """
    drawn = twins.batch(PICTURES, split="test", generator=torch.Generator().manual_seed(10_000 + seed))
    like, layers = others[way] if way in others else (way, WAYS[way])
    rate = tuning.rates(tuning.tried())[like]
    with seeded(seed):
        model = TwinFinder(layers())
    points = curve(model, seed, drawn, steps=steps, batch=BATCH, lr=rate)
    found = {str(point.steps): round(point.accuracy, 1) for point in points}
    return {"way": way, "seed": seed, "rate": rate, "accuracy": found}


def load(file: Path = RECORD) -> list[dict]:
    """All rows of a record: way, seed, rate, and the accuracy in percent after so many steps."""
    return lines.read(file)


def missing(rows: list[dict]) -> list[tuple[str, int]]:
    """The runs that are still to be made, seed by seed."""
    done = {(row["way"], row["seed"]) for row in rows}
    wanted = [(way, seed) for seed in range(max(SEEDS.values())) for way in SEEDS if seed < SEEDS[way]]
    return [run for run in wanted if run not in done]


def means(rows: list[dict]) -> dict[str, tuple[list[float], int]]:
    """way -> its mean accuracy after a quarter, half and all of the steps, and over how many seeds."""
    found = {}
    for way in dict.fromkeys(row["way"] for row in rows):
        curves = [list(row["accuracy"].values()) for row in rows if row["way"] == way]
        found[way] = ([float(mean) for mean in np.mean(curves, axis=0)], len(curves))
    return found


def main() -> None:
    torch.set_num_threads(1)
    for way, seed in missing(load()):
        row = measure(way, seed)
        lines.append(RECORD, [row])
        print(row, flush=True)


if __name__ == "__main__":
    main()
