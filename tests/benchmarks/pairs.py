"""How much longer does one way of computing take than another, told on a busy machine?

The two run right after each other, and the median of many such pairs' ratios counts: a busy machine slows
both of a pair, and neither a lucky run nor an interrupted one moves the median. Pairs are added until it is
clear on which side of the limit the median lies.
"""

import math
import statistics
import time
from collections.abc import Callable

import torch

FEW, MANY = 16, 800  # pairs


def seconds(run: Callable, x: torch.Tensor, *, backward: bool) -> float:
    """Seconds of the processor, not of the clock on the wall."""
    start = time.process_time()
    out = run(x)
    if backward:
        out.sum().backward()
    return time.process_time() - start


def median_ratio(run: Callable, plain: Callable, x: torch.Tensor, *, backward: bool, limit: float) -> float:
    """The median of seconds(run) / seconds(plain), from as many pairs as tell it from the limit."""
    ratios = []
    with torch.set_grad_enabled(backward):
        for which in (run, plain):
            seconds(which, x, backward=backward)  # the first of each finds cold memory
        while len(ratios) < MANY and not (len(ratios) >= FEW and told_from(limit, ratios)):
            order = (run, plain) if len(ratios) % 2 else (plain, run)
            took = {which: seconds(which, x, backward=backward) for which in order}
            ratios.append(took[run] / took[plain])
    return statistics.median(ratios)


def told_from(limit: float, ratios: list[float]) -> bool:
    """Whether the limit lies outside three standard errors around the median, counted in ranks."""
    below = sum(r <= limit for r in ratios)
    return abs(below - len(ratios) / 2) > 1.5 * math.sqrt(len(ratios))
