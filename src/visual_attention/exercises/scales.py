"""By which factor must an input be multiplied for an answer to be right? A wrong scale hides in a softmax.

The factor is sought for each input alone; it counts if the same expression in the exercise's sizes fits all.
"""

import math
from collections.abc import Callable

from torch import Tensor

from visual_attention.exercises.asked import Case, Exercise, matches
from visual_attention.exercises.relations import factors
from visual_attention.exercises.substitutes import names_of

GRID = [k / 2 for k in range(-16, 17)]  # logarithms to base 2 at which the search begins
GOLDEN = (5**0.5 - 1) / 2


def scaled_input(asked: Exercise, seen: list[tuple[Case, Tensor]]) -> str:
    """What an input must be multiplied by, in words; empty where no factor fits."""
    for place, (value, name) in enumerate(zip(seen[0][0].args, names_of(asked.right), strict=False)):
        if not (isinstance(value, Tensor) and value.is_floating_point()):
            continue
        found = []
        for case, got in seen:
            found.append(scale(asked, case, got, place))
            if found[-1] is None:
                break
        if None not in found and any(abs(math.log2(f)) > 1e-3 for f in found):
            return (
                f"Yours would be right if `{name}` were multiplied by {told(found, seen)}: is a scale wrong?"
            )
    return ""


def scale(asked: Exercise, case: Case, got: Tensor, place: int) -> float | None:
    """The factor of one argument at which the right answer is what was given."""

    def answer(power: float) -> Tensor | None:
        args = (*case.args[:place], case.args[place] * 2.0**power, *case.args[place + 1 :])
        return asked.attempted(asked.right, args, case.observe)

    def gap(power: float) -> float:
        found = answer(power)
        if found is None or found.shape != got.shape:
            return math.inf
        return float((found.double() - got.double()).abs().nan_to_num(math.inf).mean())

    first = min(GRID, key=gap)
    if math.isinf(gap(first)):
        return None
    best = narrowed(gap, first - 0.5, first + 0.5)
    return 2.0**best if matches(got, answer(best), case) else None


def narrowed(gap: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley between two ends is lowest."""
    for _ in range(30):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if gap(left) < gap(right) else (left, high)
    return (low + high) / 2


def told(found: list[float], seen: list[tuple[Case, Tensor]]) -> str:
    """The factor in the letters of the exercise, if one expression fits all inputs."""
    sizes = [case.situation.sizes for case, _ in seen]
    for words, value in factors(list(sizes[0])):
        if all(math.isclose(f, value(given), rel_tol=2e-3) for f, given in zip(found, sizes, strict=True)):
            return f"{words} ({found[0]:.3g} here)"
    return ", then ".join(f"{f:.3g}" for f in found[:2])
