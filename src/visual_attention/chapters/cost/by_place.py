"""Do dropping and merging gain anything by choosing? The same savings, with the choice taken away.

An attack on the claim, made after its run: no rule decides here. A chequered half of the tokens is asked in
place of the promising half, fixed neighbours are merged in place of like keys, and more keys are kept, so
that dropping costs as much as merging. Steps, pictures and scores are those of the claim, seed by seed; each
way has the rate that was found for the way that it stands in for.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.by_place
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from visual_attention.chapters.cost import longer
from visual_attention.chapters.cost.compressed import Dropped, Merged
from visual_attention.chapters.cost.cost_against_loss import interval
from visual_attention.chapters.cost.exact import Explicit
from visual_attention.chapters.cost.local import Local
from visual_attention.chapters.cost.network import COUNT, SIDE
from visual_attention.experiments import lines
from visual_attention.experiments.record import Row

STEPS, SEEDS = 480, 5
RECORD = Path(__file__).parent / "records" / "by_place.jsonl"


class Checkerboard(Local):
    """Each token asks the tokens of one colour of a chequered grid, whatever they hold.

    Args:
        side: As in `Local`, 2 or more.
        colour: 0 asks the colour of the first token, 1 the other.

    Raises:
        ValueError: if ``side`` is below 2, or ``colour`` is neither 0 nor 1; at call, as in `Local`.
    """

    def __init__(self, side: int, *, colour: int = 0):
        super().__init__(side)
        if side < 2 or colour not in (0, 1):
            raise ValueError(f"wanted 2 or more rows and a colour of 0 or 1, got {side} and {colour}")
        self.colour = colour

    def asked(self) -> Tensor:
        """Whether each token is of the colour that is asked, (N,)."""
        row, column = self._places()
        return (row + column) % 2 == self.colour

    def allowed(self) -> Tensor:
        return self.asked().expand(self.side**2, -1)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        self._check(queries)
        count = (self.side**2 + 1 - self.colour) // 2
        asked = self.asked().to(queries.device).int().argsort(descending=True, stable=True)[:count]
        return Explicit()(queries, keys[:, asked], values[:, asked])


class Neighbours(Merged):
    """Tokens 0 and 1 are asked as one, and so are 2 and 3, and all such pairs, whatever their keys.

    Args:
        keep: M, how many pairs there are.

    Raises:
        ValueError: at call, if there are not two tokens for each pair.
    """

    def home(self, keys: Tensor) -> Tensor:
        if keys.shape[1] != 2 * self.keep:
            raise ValueError(f"wanted {2 * self.keep} tokens for {self.keep} pairs, got {keys.shape[1]}")
        place = torch.arange(keys.shape[1], device=keys.device)
        return (place - place % 2).repeat(len(keys), 1)


# name: the way whose rate it has, and its layers
WAYS: longer.Others = {
    "checkerboard": ("dropped to 8", lambda: (Checkerboard(SIDE), Checkerboard(SIDE, colour=1))),
    "neighbours merged": ("merged to 8", lambda: (Neighbours(COUNT // 2), Neighbours(COUNT // 2))),
    "dropped to 10": ("dropped to 8", lambda: (Dropped(10), Dropped(10))),
}


def load() -> list[dict]:
    """All rows of the record: way, seed, rate, and the accuracy in percent after so many steps."""
    return longer.load(RECORD)


def missing(rows: Sequence[dict]) -> list[tuple[str, int]]:
    """The runs that are still to be made, seed by seed."""
    done = {(row["way"], row["seed"]) for row in rows}
    return [(way, seed) for seed in range(SEEDS) for way in WAYS if (way, seed) not in done]


def above(rows: Sequence[dict], way: str, claimed: Sequence[Row], arm: str) -> tuple[float, float, float]:
    """By how many points a way ends above an arm of the claim's record, with its 95 % interval over seeds."""
    theirs = {r["seed"]: r["value"] for r in claimed if (r["arm"], r["metric"]) == (arm, "accuracy")}
    mine = {row["seed"]: row["accuracy"][str(STEPS)] for row in rows if row["way"] == way}
    return interval([mine[seed] - theirs[seed] for seed in sorted(mine.keys() & theirs.keys())])


def main() -> None:
    torch.set_num_threads(1)
    for way, seed in missing(load()):
        row = longer.measure(way, seed, steps=STEPS, others=WAYS)
        lines.append(RECORD, [row])
        print(row, flush=True)


if __name__ == "__main__":
    main()
