"""What does each way save, and what does it lose? One picture for the twins, one for a real transformer.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.cost_against_loss
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from scipy import stats

from visual_attention.chapters.cost import stored_maps
from visual_attention.chapters.cost.counting import bill
from visual_attention.chapters.cost.exact import Explicit
from visual_attention.chapters.cost.network import COUNT, HEADS, WAYS, WIDTH
from visual_attention.data import packs
from visual_attention.experiments.record import Row
from visual_attention.view.figures import DASHES, PALETTE

MARKS = "osD^vP*Xh"


class Point(NamedTuple):
    """`cost`, operations as a share of the whole matrix's; `lost` with its 95 % interval (Student's t)."""

    cost: float
    lost: float
    low: float
    high: float


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with its 95 % interval by Student's t; without an interval (nan) for fewer than two values."""
    sample = np.asarray(values, dtype=float)
    mean = float(sample.mean())
    if len(sample) < 2:
        return mean, float("nan"), float("nan")
    if np.ptp(sample) == 0:
        return mean, mean, mean
    low, high = stats.ttest_1samp(sample, 0).confidence_interval()
    return mean, float(low), float(high)


def on_twins(rows: Sequence[Row]) -> dict[str, Point]:
    """Points of accuracy that each way loses against the whole matrix, paired over seeds."""
    scores = {
        name: {r["seed"]: r["value"] for r in rows if (r["arm"], r["metric"]) == (name, "accuracy")}
        for name in WAYS
    }
    found = {}
    for name, mine in scores.items():
        seeds = sorted(mine.keys() & scores["full"].keys())
        if seeds:
            found[name] = Point(share(name), *interval([scores["full"][s] - mine[s] for s in seeds]))
    return found


def share(name: str) -> float:
    """The operations of both layers of a way on the twins, as a share of those of the whole matrix."""
    inputs = torch.randn(3, 1, COUNT, WIDTH // HEADS, generator=torch.Generator().manual_seed(0)).unbind()
    whole = 2 * bill(Explicit(), *inputs).operations
    return sum(bill(way, *inputs).operations for way in WAYS[name]()) / whole


def on_stored_maps() -> dict[str, list[Point]]:
    """The share of the weight that goes elsewhere, last layer, mean over photographs, by family."""
    names = packs.names(having="patch_attention")
    runs = [stored_maps.losses(stored_maps.last_layer(n), stored_maps.likeness(n, 16)) for n in names]
    found: dict[str, list[Point]] = {}
    for same in zip(*runs, strict=True):
        point = Point(same[0].cost, *interval([100 * loss.moved for loss in same]))
        found.setdefault(same[0].family, []).append(point)
    return {family: sorted(points) for family, points in found.items()}


def draw(ax: Axes, families: Mapping[str, Sequence[Point]], *, label: str) -> Axes:
    """Draw cost against loss, a mark and a line for each family, intervals as bars.

    Args:
        ax: Where to draw.
        families: name -> its points.
        label: What is lost, and its unit.
    """
    for number, (name, points) in enumerate(families.items()):
        cost, lost, low, high = np.array(points).T
        colour, mark = PALETTE[number % len(PALETTE)], MARKS[number % len(MARKS)]
        reach = np.nan_to_num([lost - low, high - lost])
        ax.errorbar(
            cost,
            lost,
            yerr=reach,
            color=colour,
            marker=mark,
            markersize=9,
            capsize=3,
            linestyle=DASHES[number % len(DASHES)],
            linewidth=1.3,
            label=name,
        )
    ax.set(xscale="log", xlabel="operations, as a share of the whole matrix's", ylabel=label)
    ticks = [1 / 64, 1 / 16, 1 / 4, 1]
    ax.set_xticks(ticks, ["1/64", "1/16", "1/4", "1"])
    ax.minorticks_off()
    ax.set_ylim(bottom=min(0, *ax.get_ylim()))
    ax.legend(fontsize=11, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def main() -> None:
    from visual_attention.experiments import record

    for name, point in on_twins(record.load("cost")).items():
        print(f"{name:16} {point.cost:5.2f} of the operations,", end=" ")
        print(f"{point.lost:5.1f} points ({point.low:.1f} to {point.high:.1f})")
    for family, points in on_stored_maps().items():
        print(family, *(f"{p.cost:.3f}: {p.lost:.0f} %" for p in points))


if __name__ == "__main__":
    main()
