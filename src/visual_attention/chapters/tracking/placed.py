"""Is a tracker ahead because it chooses parts, or because it knows where in the window a place lies?

The things of this world stand near the middles of a 3 x 3 grid's cells. The tracker of one stream has learned
positions; both correlations and one vector have none. Here correlation and one vector get them: 64 learned
vectors, added to what the head reads of the window, on ten seeds, at the rates that the contest chose for
both without. And all of these are trained and tested where things stand on no grid, at the same rates. Asked
by an outsider, after the record had been seen.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.placed
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.tracking import claims, finders
from visual_attention.chapters.tracking.fusion import PLACES, Answer, Finder, Head
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import Contender, Setting
from visual_attention.experiments.verdict import Interval, paired

OWN = "two ways"
RATES = {OWN: 1e-2, "correlation": 1e-2, "one vector": 3e-2}  # as the contest chose them
PLACED = {name: f"{name}, with positions" for name in ("correlation", "one vector")}
RIVALS = (*PLACED, *PLACED.values())
SEEDS, SEEDS_OFF = 10, 4
JUDGED_OFF = 1400  # 200 things in 100 scenes, for there are fewer seeds


class _Placed(nn.Module):
    """A head that is told where each place lies: a learned vector is added to what it reads of the window."""

    def __init__(self, head: Head, dim: int):
        super().__init__()
        self.head, self.position = head, nn.Parameter(0.02 * torch.randn(PLACES, dim))

    def forward(self, x: Tensor) -> Answer:
        """(B, 64, D') -> `Answer`; the window's part of x are its last numbers."""
        return self.head(x + F.pad(self.position, (x.shape[2] - self.position.shape[1], 0)))


def network(kind: type[Finder]) -> Callable[[Setting], nn.Module]:
    """How the contest's rival is built with positions."""

    def build(setting: Setting) -> nn.Module:
        model = claims.network(kind)(setting)
        model.head = _Placed(model.head, setting["dim"])
        return model

    return build


CONTEST = claims.QUESTION
KINDS = {"correlation": finders.Correlation, "one vector": finders.OneVector}
ADDED = tuple(
    Contender(
        PLACED[name],
        "rival",
        network(kind),
        "The same, but each place knows where in the window it lies.",
        "two linear layers, positions",
    )
    for name, kind in KINDS.items()
)
QUESTION = replace(
    CONTEST, contenders=(*(CONTEST.contender(name) for name in RATES), *ADDED)
)  # on the grid, as in the contest
OFF = replace(
    QUESTION,
    setting={**CONTEST.setting, "grid": False},
    recipe=replace(CONTEST.recipe, examples=JUDGED_OFF),
)


def _run(question, name: str, seeds: int) -> Again:
    rate = RATES[name.removesuffix(", with positions")]
    return Again("tracking-placed", question, question.middle, name, rate, seeds)


ON_GRID = {name: _run(QUESTION, name, SEEDS) for name in PLACED.values()}
OFF_GRID = {name: _run(OFF, name, SEEDS_OFF) for name in (OWN, *RIVALS)}


def scores(name: str, *, grid: bool = True) -> np.ndarray:
    """Targets found after the last step, in percent, by seed; of the contest where nothing was added."""
    runs = ON_GRID if grid else OFF_GRID
    return runs[name].scores if name in runs else answer(CONTEST).curve(CONTEST.middle, name)[:, -1]


def lead(name: str, *, grid: bool = True) -> Interval:
    """How far *two ways* is ahead, seed by seed, in points."""
    return paired(scores(OWN, grid=grid), scores(name, grid=grid))


def main() -> None:
    """Make what the record lacks, and print who is how far behind."""
    for runs, seeds in ((ON_GRID, SEEDS), (OFF_GRID, SEEDS_OFF)):
        for seed in range(seeds):  # what is painted for a seed serves all
            for one in runs.values():
                replace(one, seeds=seed + 1).make()
    for grid in (True, False):
        print(f"{'on' if grid else 'off'} the grid: {OWN} {scores(OWN, grid=grid).mean():.1f} %")
        for name in RIVALS:
            print(
                f"  {name}: {scores(name, grid=grid).mean():.1f} %, behind by {told(lead(name, grid=grid))}"
            )


if __name__ == "__main__":
    main()
