"""What could this machine do at the best, and how near to it does each way of attention come?

Paper: Samuel Williams, Andrew Waterman and David Patterson, "Roofline: An Insightful Visual Performance Model
    for Multicore Architectures", Communications of the ACM 52(4), 2009.
Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.roofline
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from scipy import stats
from torch.utils.benchmark import Timer

from visual_attention.view.figures import ACCENT, INK, MUTED

SIDE = 1024  # of the matrices whose product is timed
FAR, NEAR = 2**26, 2**16  # bytes copied: far more than a cache holds, few enough for the nearest one


class Ceilings(NamedTuple):
    """The best that the machine did: operations a second, bytes a second from memory and from the cache."""

    operations: float
    memory: float
    cache: float


class Exponent(NamedTuple):
    """time ~ N ** value, with the 95 % interval of the fit (Student's t)."""

    value: float
    low: float
    high: float


def timed(call: Callable[[], object], seconds: float) -> tuple[float, float, float]:
    """Median and quartiles of a call's seconds on one thread, repeated for at least `seconds`.

    The seconds are the processor's: those that it gave to other programs in between are not counted.
    """
    clock = Timer("call()", globals={"call": call}, num_threads=1, timer=time.process_time)
    times = clock.blocked_autorange(min_run_time=seconds).times
    low, middle, high = np.quantile(times, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)


def ceilings(seconds: float = 0.3) -> Ceilings:
    """Measure the machine: a product of two matrices, a copy in memory, a copy within the cache."""
    a, b = torch.randn(2, SIDE, SIDE)
    product = torch.empty(SIDE, SIDE)
    rates = [2 * SIDE**3 / timed(lambda: torch.mm(a, b, out=product), seconds)[1]]
    for size in (FAR, NEAR):
        source, target = torch.zeros(2, size // 4)
        rates.append(2 * size / timed(lambda t=target, s=source: t.copy_(s), seconds)[1])
    return Ceilings(*rates)


def exponent(counts: Sequence[float], times: Sequence[float]) -> Exponent:
    """Fit a straight line through log N and log time.

    Raises:
        ValueError: if there are fewer than three sizes: two points make a line and leave no doubt.
    """
    if len(set(counts)) < 3:
        raise ValueError(f"wanted 3 sizes or more to fit an exponent, got {len(set(counts))}")
    line = stats.linregress(np.log(counts), np.log(times))
    reach = stats.t.ppf(0.975, len(counts) - 2) * line.stderr
    return Exponent(float(line.slope), float(line.slope - reach), float(line.slope + reach))


def draw(ax: Axes, roof: Ceilings, points: Mapping[str, tuple[float, float]]) -> Axes:
    """Draw the roof and each way below it.

    Args:
        ax: Where to draw.
        roof: What the machine can do.
        points: name -> operations a byte, operations a second.
    """
    reach = np.geomspace(0.25, 4 * max(64.0, *(intensity for intensity, _ in points.values())), 200)
    for speed, name, dash in ((roof.cache, "cache", ":"), (roof.memory, "memory", "-")):
        ax.plot(reach, np.minimum(roof.operations, speed * reach) / 1e9, dash, color=INK, label=name)
    for number, (name, (intensity, speed)) in enumerate(points.items(), start=1):
        colour = ACCENT if name in ("explicit", "fused", "blocks") else MUTED
        ax.plot(intensity, speed / 1e9, "o", color=colour, markersize=15)
        ax.text(intensity, speed / 1e9, str(number), color="white", ha="center", va="center", weight="bold")
        ax.plot([], [], "o", color=colour, label=f"{number} {name}")
    ax.set(xscale="log", yscale="log", xlabel="operations for each byte moved")
    ax.set_ylabel("billion operations a second")
    ax.legend(fontsize=11, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def main() -> None:
    roof = ceilings()
    print(f"products of matrices: {roof.operations / 1e9:.0f} billion operations a second")
    print(f"copies: {roof.memory / 1e9:.0f} billion bytes a second in memory")
    print(f"        {roof.cache / 1e9:.0f} billion bytes a second within the cache")
    print(f"the roof bends at {roof.operations / roof.memory:.0f} operations a byte")


if __name__ == "__main__":
    main()
