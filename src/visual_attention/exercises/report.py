"""Checks that name the mistake: a decorator turns a function of checks into feedback and a score.

A check never raises, whatever the student's code does. Its repr is the score, which nbgrader reads as
partial credit; its HTML is the feedback. See tests/exercises/contract.py for what every check must keep.

Example:
    >>> @exercise(points=1)
    ... def check_double(student, check):
    ...     "Twice the input."
    ...     x = check.random(2, 3)
    ...     got = check.call(student, x)
    ...     check.tensor(got, shape=(2, 3))
    ...     check.equal(got, 2 * x, points=1, mistakes={"That is the square of the input.": x * x})
    >>> check_double(lambda x: 2 * x)
    1
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from visual_attention.exercises.calling import Outcome, invoke, quiet
from visual_attention.exercises.feedback import Part, Report

NOT_ATTEMPTED = "Not attempted yet: fill in the cell above, run it, then run this check again."


class Stop(Exception):
    """Ends a check early; its feedback is already in the report."""


class Check:
    """What the author of a check works with; collects the report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.reached = 0.0  # points of all parts that were examined

    def random(self, *shape: int, seed: int = 0) -> torch.Tensor:
        """Normal float32 numbers from a generator of their own. Use distinct primes as sizes."""
        return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))

    def call(self, function: Callable, *args: Any, may_change: bool = False, **kwargs: Any) -> Any:
        """Call the student's code. Errors, None and changed inputs end the check with feedback.

        Args:
            function: What to call: the student's function, class, or an object made by it.
            may_change: Whether the exercise allows arguments to change in place.
        """
        if not callable(function):
            self.stop(f"A function or a class was wanted here, got {kind(function)}.")
        outcome = getattr(function, "invoke", functools.partial(invoke, function))(args, kwargs)
        self._hear(outcome)
        if outcome.error:
            self.stop(outcome.error)
        if outcome.untouched:
            self.report.attempted = False
            self.note(NOT_ATTEMPTED)
            raise Stop
        if outcome.value is None:
            self.stop("Your code returned `None`: does every path through it end in a `return`?")
        if outcome.changed and not may_change:
            self.stop(
                f"Your code changed its input {', '.join(outcome.changed)} in place, by an operation such as "
                "`x -= ...`, `x[...] = ...` or `x.exp_()`. The caller still needs it: work on a new tensor."
            )
        return outcome.value

    def tensor(
        self,
        got: Any,
        *,
        shape: Sequence[int] | None = None,
        dtype: torch.dtype | None = None,
        finite: bool = True,
        name: str = "your result",
        shapes: Mapping[tuple[int, ...], str] | None = None,
    ) -> torch.Tensor:
        """End the check unless `got` is a tensor as wanted.

        Args:
            shape: The size wanted.
            dtype: The type wanted; any floating-point type when left out.
            finite: Whether NaN and infinity are errors.
            shapes: Wrong shapes -> the mistake that leads to each.
        """
        if not isinstance(got, torch.Tensor):
            hint = ""
            if type(got).__module__ == "numpy":
                hint = " Stay in torch: NumPy has no gradients."
            elif isinstance(got, (tuple, list)):
                hint = " Return one tensor only."
            self.stop(f"{_start(name)} should be a torch tensor, got {kind(got)}.{hint}")
        if shape is not None and tuple(got.shape) != tuple(shape):
            why = (shapes or {}).get(tuple(got.shape), "")
            text = f"{_start(name)} has the wrong shape: wanted {tuple(shape)}, got {tuple(got.shape)}. {why}"
            self.stop(text.strip())
        if got.dtype != dtype if dtype is not None else not got.is_floating_point():
            wanted = str(dtype or "a floating-point type").removeprefix("torch.")
            self.stop(f"{_start(name)} has the wrong type of number: wanted {wanted}, got {_dtype(got)}.")
        if finite and not got.isfinite().all():
            what = "NaN" if got.isnan().any() else "infinity"
            self.stop(
                f"{_start(name)} holds {what} in {int((~got.isfinite()).sum())} of {got.numel()} places: "
                "a division by zero, or the exponential of a large number?"
            )
        return got

    def equal(
        self,
        got: torch.Tensor | Sequence[torch.Tensor],
        want: torch.Tensor | Sequence[torch.Tensor],
        *,
        points: float,
        name: str = "your result",
        atol: float = 1e-5,
        mistakes: Mapping[str, Any] | None = None,
        good: str = "",
    ) -> bool:
        """Points if `got` equals `want`; otherwise the feedback of the mistake that leads to the same `got`.

        Args:
            got: The student's tensor, or a list of them, one for each input: all must be right.
            want: What is right, in the same form.
            mistakes: Feedback -> the result of that mistake, or a function of no arguments that computes it.
            good: What to say when right.
        """
        gots, wants = _listed(got), _listed(want)
        wrong = next(
            (i for i, (g, w) in enumerate(zip(gots, wants, strict=True)) if not _same(g, w, atol)), None
        )
        if wrong is None:
            return self.that(True, points=points, good=good or f"{_start(name)} is right.", bad="")
        for text, result in (mistakes or {}).items():
            result = _listed(result() if callable(result) else result)
            if len(result) == len(gots) and all(_same(g, r, atol) for g, r in zip(gots, result, strict=True)):
                return self.that(False, points=points, good="", bad=text)
        return self.that(False, points=points, good="", bad=_difference(gots[wrong], wants[wrong], name))

    def that(self, condition: Any, *, points: float, good: str, bad: str) -> bool:
        """Points if the condition holds."""
        passed = bool(condition)
        self.reached += points
        self.report.parts.append(Part(good if passed else bad, passed, points))
        return passed

    def note(self, text: str) -> None:
        """Feedback that costs nothing."""
        if text not in (part.text for part in self.report.parts):
            self.report.parts.append(Part(text, None))

    def stop(self, text: str) -> None:
        """End the check with this feedback; points already earned stay."""
        self.report.parts.append(Part(text, False, 0))
        raise Stop

    def _hear(self, outcome: Outcome) -> None:
        if outcome.printed.strip():
            self.note(f"While it ran, your code printed: `{' '.join(outcome.printed.split())[:160]}`")
        for warning in outcome.warned[:3]:
            self.note(f"While it ran, there was a warning: {warning}")


def exercise(*, points: float) -> Callable[[Callable[[Any, Check], None]], Callable[[Any], Report]]:
    """Make a check of `check_name(student, check)`; the result is called as `check_name(student)`."""

    def decorate(body: Callable[[Any, Check], None]) -> Callable[[Any], Report]:
        @functools.wraps(body)
        def examine(student: Any) -> Report:
            report = Report(body.__name__.removeprefix("check_"), points)
            check = Check(report)
            try:
                with quiet(), torch.random.fork_rng(devices=[]):
                    torch.manual_seed(0)
                    body(student, check)
                    if abs(check.reached - points) > 1e-9:
                        report.fault = f"the parts add up to {check.reached:g} points, not {points:g}"
            except Stop:
                rest = points - check.reached
                if report.attempted and 0 < rest < points:
                    check.note(f"Not examined yet because of this: {rest:g} more points.")
            except BaseException as error:
                report.fault = f"{type(error).__name__}: {error}"
                report.parts.append(
                    Part(
                        f"The check could not go on with what your code returned ({type(error).__name__}).",
                        False,
                    )
                )
            return report

        del examine.__wrapped__  # so that help() shows one argument
        examine.points = points
        return examine

    return decorate


def checks(module: Any) -> dict[str, Callable[[Any], Report]]:
    """All checks of a chapter's module, by name."""
    return {name: f for name, f in vars(module).items() if name.startswith("check_") and hasattr(f, "points")}


def kind(thing: Any) -> str:
    """How to call a value in feedback, without trusting its repr."""
    if thing is None:
        return "`None`"
    if isinstance(thing, type):
        return f"the class `{thing.__name__}`"
    if isinstance(thing, torch.Tensor):
        return f"a tensor of shape {tuple(thing.shape)}"
    if isinstance(thing, (bool, int, float)):
        return f"the number `{thing!r}`"
    if isinstance(thing, (tuple, list)):
        return f"a {type(thing).__name__} of {len(thing)}"
    return f"an object of type `{type(thing).__module__}.{type(thing).__qualname__}`"


def _listed(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _same(a: torch.Tensor, b: torch.Tensor, atol: float) -> bool:
    a, b = a.detach().double(), b.detach().double()
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=atol, equal_nan=True)


def _difference(got: torch.Tensor, want: torch.Tensor, name: str) -> str:
    if got.shape != want.shape:
        return f"{_start(name)} has the wrong shape: wanted {tuple(want.shape)}, got {tuple(got.shape)}."
    gap = (got.detach().double() - want.detach().double()).abs().nan_to_num(torch.inf)
    place = tuple(int(i) for i in torch.unravel_index(gap.argmax(), gap.shape))
    where = f" at index {place}" if place else ""
    return (
        f"{_start(name)} is not right{where}: wanted {want[place].item():.4g}, got {got[place].item():.4g}."
    )


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _start(name: str) -> str:
    return name[:1].upper() + name[1:]
