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
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from visual_attention.exercises.calling import LATE, Outcome, invoke, quiet
from visual_attention.exercises.feedback import Part, Report
from visual_attention.exercises.values import (
    difference,
    dtype_name,
    kind,
    listed,
    same,
    start,
    without_gradient,
)
from visual_attention.training import find_nonfinite

PATIENCE = 40.0  # seconds for all calls of one check together
NOT_ATTEMPTED = "Not attempted yet: fill in the cell above, run it, then run this check again."


class About(NamedTuple):
    """What a teacher wants to know of an exercise before handing it out."""

    title: str  # as in the notebook's heading
    concept: str
    minutes: int
    level: str = ""  # "warm-up", "takes thought", or neither


class Stop(Exception):
    """Ends a check early; its feedback is already in the report."""


class Check:
    """What the author of a check works with; collects the report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.reached = 0.0  # points of all parts that were examined
        self.called: functools.partial | None = None  # the student's code that was called last
        self.seconds = 0.0  # that the student's code has run
        self.late = ""  # what was said of a call that had to be stopped
        self.heard: list[Callable] = []  # what has given an answer, and so is no stub
        self.means: set[str] = set()  # by which it came to its results, see means.py

    def random(self, *shape: int, seed: int = 0) -> torch.Tensor:
        """Normal float32 numbers from a generator of their own. Use distinct primes as sizes."""
        return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))

    def call(self, function: Callable, *args: Any, may_change: bool = False, **kwargs: Any) -> Any:
        """Call the student's code. Errors, None and changed inputs end the check with feedback.

        Args:
            function: What to call: the student's function, class, or an object made by it.
            may_change: Whether the exercise allows arguments to change in place.
        """
        value, problem = self.attempt(function, *args, may_change=may_change, **kwargs)
        if problem:
            self.stop(problem)
        return value

    def part_of_network(self, function: Callable) -> Callable[..., torch.Tensor]:
        """The student's function as a part of a network that is trained through it.

        Each call is one of `call`; real numbers come back in the type of the first argument, because an
        answer in another type is right, too, but the layers around it have one type only.
        """

        def part(first: torch.Tensor, *args: Any) -> torch.Tensor:
            value = self.call(function, first, *args)
            return value.to(first.dtype) if isinstance(value, torch.Tensor) else value

        return part

    def attempt(
        self, function: Callable, *args: Any, may_change: bool = False, **kwargs: Any
    ) -> tuple[Any, str]:
        """Call the student's code; returns its value, or None and what went wrong, for the student to read.

        A stub ends the check, and so does code that has taken too long in all its calls together. What has
        given an answer before is no stub, whatever it says now.
        """
        if not callable(function):
            return None, f"A function or a class was wanted here, got {kind(function)}."
        if self.seconds > PATIENCE:
            slow = f"Your code took {self.seconds:.0f} seconds for a few small inputs: is there a slow loop?"
            self.stop(self.late or slow)
        self.called = functools.partial(function, *args, **kwargs)
        began = time.monotonic()
        outcome = getattr(function, "invoke", functools.partial(invoke, function))(args, kwargs)
        self.seconds += time.monotonic() - began
        self.late = outcome.error if outcome.error.startswith(LATE) else self.late
        self._hear(outcome)
        heard = any(known is function for known in self.heard)
        if outcome.untouched and heard:
            return None, "Your code stopped with NotImplementedError: is a part of it still to be written?"
        if outcome.untouched:
            self.report.attempted = False
            self.note(NOT_ATTEMPTED)
            raise Stop
        self.heard += [] if heard else [function]
        self.means |= {str(means) for means in listed(outcome.means)}
        if outcome.error:
            return None, outcome.error
        if outcome.value is None:
            return None, "Your code returned `None`: does every path through it end in a `return`?"
        if outcome.changed and not may_change:
            return None, (
                f"Your code changed its input {', '.join(outcome.changed)} in place, by an operation such as "
                "`x -= ...`, `x[...] = ...` or `x.exp_()`. The caller still needs it: work on a new tensor."
            )
        return outcome.value, ""

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
            self.stop(f"{start(name)} should be a torch tensor, got {kind(got)}.{hint}")
        if shape is not None and tuple(got.shape) != tuple(shape):
            why = (shapes or {}).get(tuple(got.shape), "")
            text = f"{start(name)} has the wrong shape: wanted {tuple(shape)}, got {tuple(got.shape)}. {why}"
            self.stop(text.strip())
        if got.dtype != dtype if dtype is not None else not got.is_floating_point():
            wanted = str(dtype or "a floating-point type").removeprefix("torch.")
            self.stop(f"{start(name)} has the wrong type of number: wanted {wanted}, got {dtype_name(got)}.")
        if finite and not got.isfinite().all():
            what = "NaN" if got.isnan().any() else "infinity"
            self.stop(
                f"{start(name)} holds {what} in {int((~got.isfinite()).sum())} of {got.numel()} places: "
                f"a division by zero, or the exponential of a large number?{self._begins()}"
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
        gots, wants = listed(got), listed(want)
        wrong = next(
            (i for i, (g, w) in enumerate(zip(gots, wants, strict=True)) if not same(g, w, atol)), None
        )
        if wrong is None:
            return self.that(True, points=points, good=good or f"{start(name)} is right.", bad="")
        for text, result in (mistakes or {}).items():
            result = listed(result() if callable(result) else result)
            if len(result) == len(gots) and all(same(g, r, atol) for g, r in zip(gots, result, strict=True)):
                return self.that(False, points=points, good="", bad=text)
        return self.that(False, points=points, good="", bad=difference(gots[wrong], wants[wrong], name))

    def gradients(self, got: torch.Tensor, *, points: float, **inputs: torch.Tensor) -> bool:
        """Points if a finite gradient, not all zero, reaches each of the inputs; keywords name them."""
        bad = without_gradient(got, inputs)
        return self.that(not bad, points=points, good=f"Gradients reach {' and '.join(inputs)}.", bad=bad)

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

    def close(self) -> None:
        """Say what was left out; a check that only praised must have examined all its points."""
        rest = self.report.points - self.reached
        failed = any(part.passed is False for part in self.report.parts)
        if abs(rest) < 1e-9 or not self.report.attempted:
            return
        if not failed or rest < 0:
            self.report.fault = f"the parts add up to {self.reached:g} points, not {self.report.points:g}"
        elif self.reached:
            self.note(f"Not examined until this is right: {rest:g} more points.")

    def _begins(self) -> str:
        """Where numbers stop being finite in what was called last, if that is a network."""
        if self.called is None or not isinstance(self.called.func, torch.nn.Module):
            return ""
        begins = find_nonfinite(self.called.func, None, lambda network, _: self.called())
        return f" It begins in {begins}." if begins else ""

    def _hear(self, outcome: Outcome) -> None:
        heard = sum(part.text.startswith("While it ran") for part in self.report.parts)
        if outcome.printed.strip() and heard < 3:
            self.note(f"While it ran, your code printed: `{' '.join(outcome.printed.split())[:160]}`")
        for warning in outcome.warned[: max(0, 3 - heard)]:
            self.note(f"While it ran, there was a warning: {warning}")


def exercise(
    *, points: float, about: About | None = None
) -> Callable[[Callable[[Any, Check], None]], Callable[[Any], Report]]:
    """Make a check of `check_name(student, check)`; the result is called as `check_name(student)`.

    Args:
        points: What the parts of the check add up to.
        about: For the list of all exercises.
    """

    def decorate(body: Callable[[Any, Check], None]) -> Callable[[Any], Report]:
        @functools.wraps(body)
        def examine(student: Any) -> Report:
            report = Report(body.__name__.removeprefix("check_"), points)
            check = Check(report)
            try:
                with quiet(), torch.random.fork_rng(devices=[]):
                    torch.manual_seed(0)
                    body(student, check)
                check.close()
            except Stop:
                check.close()
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
        examine.points, examine.about = points, about
        return examine

    return decorate


def checks(module: Any) -> dict[str, Callable[[Any], Report]]:
    """All checks of a chapter's module, by name."""
    return {name: f for name, f in vars(module).items() if name.startswith("check_") and hasattr(f, "points")}
