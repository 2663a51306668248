"""How an answer that is not right is related to the right one: after which step would it be right?

Every function takes the answers to some inputs and returns a sentence that holds for all of them, or "".
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from visual_attention.exercises.shapes import expressions


@dataclass
class Answer:
    """What was given and what was wanted for one input."""

    got: Tensor
    want: Tensor
    slack: Tensor  # how far they may lie apart, of the shape of `want`
    sizes: dict[str, int]
    args: tuple = ()
    whole: bool = False  # whether whole numbers came where fractions are wanted

    def right(self, got: Tensor | None, factor: float = 1.0) -> bool:
        """Whether something made of `got` is what was wanted, or the factor times that."""
        return close(got, factor * self.want, self.slack * max(abs(factor), 1e-3))


def close(got: Tensor | None, want: Tensor, slack: Tensor) -> bool:
    """Whether two tensors are equal up to the slack; NaN equals NaN, infinity equals itself."""
    if got is None or got.shape != want.shape:
        return False
    got, want = got.double(), want.double()
    equal = ((got - want).abs() <= slack) | (got == want) | (got.isnan() & want.isnan())
    return bool(equal.all())


def step_missing(answers: list[Answer], names: list[str]) -> str:
    """The step after which all answers would be right."""
    steps = itertools.chain(NUMBERS.items(), of_axes(answers[0], names))
    for words, step in steps:
        if all(answer.right(attempt(step, answer.got)) for answer in answers):
            return words
    return ""


def only_the_shape(answers: list[Answer]) -> bool:
    """Whether the numbers are right, in order, and only the shape is not."""
    return all(
        a.got.shape != a.want.shape
        and a.got.numel() == a.want.numel()
        and a.right(a.got.reshape(a.want.shape))
        for a in answers
    )


def attempt(step: Callable[[Tensor], Tensor], got: Tensor) -> Tensor | None:
    try:
        return step(got.double())
    except (RuntimeError, IndexError, ValueError):
        return None


NUMBERS: dict[str, Callable[[Tensor], Tensor]] = {
    "It would be right with the opposite sign.": lambda g: -g,
    "It would be right if you took it off 1: 1 minus yours.": lambda g: 1 - g,
    "1 over yours would be right: do you divide the wrong way round?": lambda g: 1 / g,
    "Its exponential would be right: an `exp` is missing, or a `log` too much.": torch.exp,
    "Its logarithm would be right: a `log` is missing, or an `exp` too much.": torch.log,
    "Its square would be right: a root too much, or a square missing.": torch.square,
    "Its square root would be right: a square too much, or a root missing.": torch.sqrt,
    "Its absolute value would be right: signs are lost where there should be none.": torch.abs,
    "It would be right if all below 0 were set to 0.": torch.relu,
    "It would be right after a sigmoid: is one missing?": torch.sigmoid,
    "It would be right without the sigmoid.": torch.logit,
    "It would be right if it were rounded to whole numbers.": torch.round,
    "It would be right if it were rounded down.": torch.floor,
    "It would be right if it were rounded up.": torch.ceil,
}


def of_axes(answer: Answer, names: list[str]) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """Steps that move, join or sum axes."""
    got = answer.got
    for k in range(got.ndim):
        yield (
            f"It would be right after `flip({k})`: {axis(names, k)} runs backwards.",
            lambda g, k=k: g.flip(k),
        )
        for step in (-1, 1):
            yield (
                f"It would be right after `roll({step}, dims={k})`: along {axis(names, k)} all is one off.",
                lambda g, k=k, s=step: g.roll(s, k),
            )
    for i, j in itertools.combinations(range(got.ndim), 2):
        yield f"It would be right after exchanging axes {i} and {j}.", lambda g, i=i, j=j: g.transpose(i, j)
    for order in itertools.permutations(range(got.ndim)) if 2 < got.ndim < 5 else ():
        yield f"It would be right after `permute{order}`.", lambda g, order=order: g.permute(order)
    yield from over_axes(answer)


def over_axes(answer: Answer) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """Steps that take a sum, a mean, a softmax over some axes."""
    for count in (1, 2, 3):
        for axes in itertools.combinations(range(answer.got.ndim), count):
            over = f"axis {axes[0]}" if count == 1 else f"axes {', '.join(map(str, axes))}"
            yield (
                f"It would be right after a softmax over {over}: is it missing?",
                lambda g, a=axes: (g - g.logsumexp(a, keepdim=True)).exp(),
            )
            yield (
                f"It would be right if you divided it by its sum over {over}.",
                lambda g, a=axes: g / g.sum(a, keepdim=True),
            )
            yield f"It would be right after a sum over {over}.", lambda g, a=axes: g.sum(a)
            yield f"It would be right after a mean over {over}.", lambda g, a=axes: g.mean(a)


def axis(names: list[str], place: int) -> str:
    name = names[place] if place < len(names) else ""
    return f"axis {place}" + (f", {name}," if name and not name.isdigit() else "")


def factor(answers: list[Answer]) -> str:
    """Whether all answers are right up to a factor or an offset, and where that comes from."""
    if any(a.got.shape != a.want.shape or not a.want.isfinite().all() for a in answers):
        return ""
    times, many = [ratio(a) for a in answers], any(a.want.numel() > 1 for a in answers)
    if None not in times and all(a.right(a.got, t) for a, t in zip(answers, times, strict=True)):
        return told_factor(times, [a.sizes for a in answers], many=many)
    plus = [(a.got - a.want).double().mean() for a in answers]
    if many and all(a.right(a.got - p) for a, p in zip(answers, plus, strict=True)):
        same = max(plus) - min(plus) < 1e-4
        return f"It is right but for {f'{plus[0]:.4g}' if same else 'one number'} added to all of it."
    return ""


def ratio(answer: Answer) -> float | None:
    """The factor that fits best, where there is something to multiply."""
    got, want = answer.got.double(), answer.want.double()
    square = (want * want).sum()
    found = float((got * want).sum() / square) if square > 0 else math.nan
    return found if math.isfinite(found) and abs(found) > 1e-9 else None


def told_factor(times: list[float], sizes: list[dict[str, int]], *, many: bool) -> str:
    """The factor in letters of the exercise; one that changes says nothing of single numbers."""
    for words, value in factors(list(sizes[0])):
        wanted = [value(given) for given in sizes]
        if all(math.isclose(t, w, rel_tol=2e-3) for t, w in zip(times, wanted, strict=True)):
            here = "" if words.replace("/", "").isdigit() else f" ({times[0]:.4g} here)"
            return f"It is right up to the factor {words}{here}: yours is {more(times[0])} by it."
    if max(times) - min(times) < 2e-3 * abs(times[0]):
        return f"It is right up to the factor {times[0]:.4g}."
    if not many:
        return ""
    listed = ", then ".join(f"{t:.4g}" for t in times[:2])
    return f"It is right up to a factor, which changes with the input: {listed}."


def more(times: float) -> str:
    return "larger" if abs(times) > 1 else "smaller"


def factors(letters: list[str]) -> Iterator[tuple[str, Callable[[dict], float]]]:
    for number in (2, 3, 4, 10, 100):
        yield str(number), lambda s, n=number: n
        yield f"1/{number}", lambda s, n=number: 1 / n
    for words, value in expressions(letters):
        if words == "1":
            continue
        yield words, value
        joined = f"({words})" if "*" in words or "+" in words else words
        yield f"1/{joined}", lambda s, v=value: 1 / max(v(s), 1e-9)
        yield f"the square root of {words}", lambda s, v=value: v(s) ** 0.5
        yield f"1 over the square root of {words}", lambda s, v=value: max(v(s), 1e-9) ** -0.5


def factor_apart(answers: list[Answer], names: list[str]) -> str:
    """Whether each image, each channel, each row ... is right up to a factor or an offset of its own."""
    if any(a.got.shape != a.want.shape or not a.got.isfinite().all() for a in answers):
        return ""
    dims = answers[0].want.ndim
    for count in range(1, dims):
        for kept in itertools.combinations(range(dims), count):
            over = [k for k in range(dims) if k not in kept]
            if min(math.prod(a.want.shape[k] for k in over) for a in answers) < 3:
                continue
            each = " and ".join(names[k] if k < len(names) else f"axis {k}" for k in kept)
            if all(a.right(fitted(a, over)) for a in answers):
                return (
                    f"Along {each}, each part is right up to a factor of its own: is something divided by a "
                    "sum, or multiplied by a number, that belongs to something else?"
                )
            if all(a.right(a.got - (a.got - a.want).double().mean(over, keepdim=True)) for a in answers):
                return f"Along {each}, each part is right but for one number that is added to all of it."
    return ""


def fitted(answer: Answer, over: list[int]) -> Tensor:
    """The answer with each part multiplied by the factor that brings it nearest to what is wanted."""
    got, want = answer.got.double(), answer.want.double()
    square = (got * got).sum(over, keepdim=True)
    return got * ((got * want).sum(over, keepdim=True) / square.clamp_min(1e-300))
