"""Checks that try an answer in every situation, and say what is special about those in which it is wrong.

An exercise states what is right and how to draw an input; see draws.py for what is varied without its author
having to think of it, and explanations.py for what is said.

Example:
    >>> @examined(points=3, right=lambda x: x.mean(1), axes={"B images": 2, "C channels": 5})
    ... def check_average(draw, B, C):
    ...     "(B, C) becomes the average over the channels, (B,)."
    ...     return draw(B, C)
    >>> check_average(lambda x: x.mean(dim=1))
    3
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visual_attention.exercises.asked import Exercise, Special, returned
from visual_attention.exercises.examination import Examination
from visual_attention.exercises.report import About, exercise


def special(points: float, words: str, *args: Any, observe: Callable[..., Any] | None = None) -> Special:
    """An input on which the text asks for something of its own, to be yielded by what draws the inputs.

    Args:
        words: What follows "right" in feedback: "where nothing is allowed".
        observe: What to look at here, as in `examined`.
    """
    return Special(points, words, args, observe)


def examined(
    *,
    points: float,
    right: Callable[..., Any],
    axes: dict[str, int],
    name: str = "your result",
    mistakes: Mapping[str, Callable[..., Any] | tuple[Callable[..., Any], ...]] | None = None,
    least: dict[str, int] | None = None,
    draws: int = 2,
    none: bool = False,
    gradients: Sequence[str] = (),
    without: Sequence[str] = (),
    observe: Callable[..., Any] = returned,
    held: float = 1.0,
    allowed: float = 1.0,
    after: tuple[float, Callable[..., Any]] | None = None,
    about: About | None = None,
) -> Callable[[Callable[..., Any]], Callable[[Any], Any]]:
    """Make a check of a function that draws inputs; the result is called as `check_name(student)`.

    The decorated function gets a `Draw` and the sizes by their letters. It returns the arguments of an input,
    or yields several: plain ones first, then what `special` makes.

    Args:
        points: Special inputs have points of their own, `held` are for holding in every situation, `allowed`
            for the means where `without` is given, and the rest is for ordinary inputs.
        right: The reference: a function of the same arguments as the student's.
        axes: The sizes of an ordinary input, {"B images": 2, "C channels": 5}: distinct primes, batch first.
        name: What feedback calls the result.
        mistakes: Feedback -> a function that makes this mistake, or several that make it in different ways.
        least: Letters -> the smallest size that makes sense, where that is not 1.
        draws: How many ordinary inputs there are; more where a result is a single number.
        none: Whether the text asks for an answer to an empty batch.
        gradients: Parameters that the gradient must reach, where the text asks for it.
        without: Means that the text forbids, of means.py.
        observe: What to look at: a function of `call`, which calls the answer, and of the arguments.
        after: Points, and a function of the answer and the check that examines more once ordinary inputs are
            right: whether a network learns with it, for instance.
        about: As in report.exercise.
    """

    def decorate(draw: Callable[..., Any]) -> Callable[[Any], Any]:
        asked = Exercise(
            *(draw, right, points, axes, name, mistakes or {}, least or {}, draws, none, gradients, without),
            *(observe, held, allowed, after),
        )

        @exercise(points=points, about=about)
        @functools.wraps(draw)
        def body(student: Any, check: Any) -> None:
            Examination(asked, student, check).run()

        body.asked = asked
        return body

    return decorate
