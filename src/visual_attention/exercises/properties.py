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

import torch
from torch import Tensor

from visual_attention.exercises import explanations
from visual_attention.exercises.asked import Case, Exercise, Special, copies, returned
from visual_attention.exercises.relations import close
from visual_attention.exercises.report import Check, exercise
from visual_attention.exercises.substitutes import names_of
from visual_attention.exercises.values import Problem, as_tensor, slopes, start, without_gradient

KINDS = {
    "one": "single ones",
    "equal": "equal sizes",
    "none": "nothing at all",
    "ties": "numbers that repeat",
    "wild": "numbers of very unlike size",
    "double": "float64",
    "scattered": "transposed tensors",
}


def special(points: float, words: str, *args: Any, observe: Callable[..., Any] | None = None) -> Special:
    """An input on which the text asks for something of its own, to be yielded by what draws the inputs.

    Args:
        words: What follows "right" in feedback: "where nothing is allowed".
        observe: What to look at here, as in `examined`.
    """
    return Special(points, words, args, observe)


class Examination:
    """One answer in all situations: points for what is right, and a sentence for what is not."""

    def __init__(self, asked: Exercise, student: Any, check: Check) -> None:
        self.asked, self.student, self.check = asked, student, check
        self.seen: dict[int, Tensor | Problem] = {}  # by the identity of a case

    def run(self) -> None:
        """Ordinary inputs first: where these are wrong, nothing else is asked."""
        if self.values(0):
            passed = [0] + [part for part in range(1, self.asked.parts) if self.values(part)]
            self.holds(passed)
            self.means()

    def values(self, part: int) -> bool:
        """The points for a part: all its ordinary inputs must be right."""
        cases = self.asked.base(part)
        right = all(self.right(case) for case in cases)
        words = f" {self.asked.specials[part][1]}" if part else ""
        bad = "" if right else self.why(part, cases, words)
        good = f"{start(self.asked.name)} {self.be} right{words}."
        return self.check.that(right, points=self.asked.worth[part], good=good, bad=bad)

    def holds(self, passed: list[int]) -> None:
        """The points for being right in every other situation, in the parts right in ordinary ones."""
        cases = [case for case in self.asked.cases if case.part in passed and case.situation.kind != "base"]
        counted = [case for case in cases if case.situation.kind != "none" or self.asked.none]
        wrong = [case for case in counted if not self.right(case)]
        bad = self.in_which(wrong, counted) if wrong else self.gradients(passed)
        self.check.that(not bad, points=self.asked.worth[-1], good=self.held(counted), bad=bad)
        if not bad:
            for case in cases:
                if not self.right(case):
                    self.check.note(f"No marks hang on it, but {case.words}: {self.alone(case)}")

    def held(self, cases: list[Case]) -> str:
        kinds = [words for kind, words in KINDS.items() if any(case.situation.kind == kind for case in cases)]
        *most, last = kinds or ["other inputs"]
        return f"It holds for {', '.join(most)}{' and ' if most else ''}{last}, too."

    def means(self) -> None:
        """The point for not using what the text forbids."""
        if self.asked.without:
            used = [means for means in self.asked.without if means in self.check.means]
            bad = f"The numbers are right, but the text asks for an answer without {' and '.join(used)}."
            self.check.that(
                not used, points=self.asked.worth[-2], good="By the means that the text allows.", bad=bad
            )

    @property
    def be(self) -> str:
        noun = self.asked.name.split()[1]
        return "are" if noun.endswith("s") and not noun.endswith("ss") else "is"

    def got(self, case: Case) -> Tensor | Problem:
        """The student's answer to a case, or what keeps it from being compared."""
        if id(case) not in self.seen:
            self.seen[id(case)] = self.ask(case.args, case)
        return self.seen[id(case)]

    def ask(self, args: tuple, case: Case) -> Tensor | Problem:
        def call(*given: Any) -> Any:
            value, problem = self.check.attempt(self.student, *given)
            if problem:
                raise Problem(problem)
            return value

        try:
            return as_tensor(case.observe(call, *copies(args)), case.want, self.asked.name).detach()
        except Problem as problem:
            return problem

    def right(self, case: Case) -> bool:
        got = self.got(case)
        return isinstance(got, Tensor) and close(got, case.want, case.slack)

    def why(self, part: int, cases: list[Case], words: str) -> str:
        """Why ordinary inputs are not right."""
        head = f"{start(self.asked.name)} {self.be} not right{words}"
        problems = [self.got(case) for case in cases if isinstance(self.got(case), Problem)]
        others = [case for case in self.asked.cases if case.part == part and case.situation.kind != "none"]
        wrong = next(case for case in cases if not self.right(case))
        right = [case for case in others if self.right(case)]
        seen = self.answered(cases)
        if len(problems) == len(cases):
            name = explanations.named_where_it_stops(self.asked, [(case, self.got(case)) for case in others])
            told = name or explanations.contrast(wrong, right, lambda: "yes")
            told = f"{problems[0]} {told}".strip()
            return f"{start(words.strip())}: {told}" if words else told
        if name := explanations.named(
            self.asked, seen, self.elsewhere(part), lambda: self.answered(self.asked.cases)
        ):
            return f"{start(words.strip())}: {name}" if words else name
        contrast = explanations.contrast(wrong, right, lambda: self.mixed(*seen[0]))
        if problems:
            return f"{contrast} {problems[0]}".strip()
        told = (
            explanations.special(self.asked, seen)
            or contrast
            or self.by_asking_again(*seen[0])
            or explanations.vague(self.asked, seen)
        )
        return joined(head, told, explanations.numbers(seen))

    def elsewhere(self, part: int) -> list[tuple[Case, Tensor]]:
        """Finite answers to the ordinary inputs of the other parts: a mistake gives the same there, too."""
        ordinary = [
            case for other in range(self.asked.parts) if other != part for case in self.asked.base(other)
        ]
        return [(case, got) for case, got in self.answered(ordinary) if got.isfinite().all()]

    def by_asking_again(self, case: Case, got: Tensor) -> str:
        """What more calls tell: images that mix, arguments that are not used, changes with another effect."""
        again = self.again(case)
        return (
            self.mixed(case, got)
            or explanations.unused(self.asked, case, got, again)
            or explanations.answers_to_a_change(self.asked, case, got, again)
        )

    def mixed(self, case: Case, got: Tensor) -> str:
        return explanations.mixed(case, got, self.again(case))

    def again(self, case: Case) -> Callable[[tuple], Tensor | None]:
        """What the student says to other arguments than those of a case."""

        def ask(args: tuple) -> Tensor | None:
            answer = self.ask(args, case)
            return answer if isinstance(answer, Tensor) else None

        return ask

    def answered(self, cases: list[Case]) -> list[tuple[Case, Tensor]]:
        return [(case, got) for case in cases if isinstance(got := self.got(case), Tensor)]

    def in_which(self, wrong: list[Case], counted: list[Case]) -> str:
        """In which situations an answer that is right on ordinary inputs is wrong, and how."""
        every = self.answered([case for case in self.asked.cases if case.part == wrong[0].part])
        if name := explanations.named(self.asked, every, [], list):
            return name
        also = [words for words in dict.fromkeys(case.words for case in wrong) if words != wrong[0].words]
        more = f" It is also wrong {'; '.join(also[:2])}." if also else ""
        how = f"{self.alone(wrong[0])} {wrong[0].situation.hint}{more}"
        return f"Right on ordinary inputs, but not {wrong[0].words}: {how}"

    def alone(self, case: Case) -> str:
        """What is wrong with the answer to one case."""
        got = self.got(case)
        if isinstance(got, Problem):
            return lowered(str(got))
        words = self.asked.specials[case.part][1] + ", " if case.part else ""
        told = explanations.special(self.asked, [(case, got)]) or explanations.vague(
            self.asked, [(case, got)]
        )
        return f"{words}{lowered(joined('', told, explanations.numbers([(case, got)])))}"

    def gradients(self, passed: list[int]) -> str:
        """What is amiss with the gradients that the text asks for; empty if nothing is."""
        for case in self.asked.base(0)[:1] + [
            case for part in passed[1:] for case in self.asked.base(part)[:1]
        ]:
            if self.asked.gradients and (bad := self.gradient(case)):
                return bad if not case.part else f"{start(self.asked.specials[case.part][1])}: {lowered(bad)}"
        return ""

    def gradient(self, case: Case) -> str:
        args, leaves = self.leaves(case)
        value, problem = self.check.attempt(self.student, *args)
        if problem:
            return f"When gradients are wanted: {problem}"
        args, twins = self.leaves(case)
        right = slopes(self.asked.right(*args), list(twins.values()))
        due = {name: leaf for (name, leaf), slope in zip(leaves.items(), right, strict=True) if slope.any()}
        if due and (bad := without_gradient(value, due)):
            return bad
        found = [
            torch.zeros_like(r) if f is None else f
            for f, r in zip(slopes(value, list(leaves.values())), right, strict=True)
        ]
        for name, mine, other in zip(leaves, found, right, strict=True):
            if not torch.allclose(mine, other, rtol=1e-3, atol=1e-4 * float(other.abs().max())):
                return (
                    f"The result is right, but the gradient that reaches {name} is not: is a part of the way "
                    "cut by `detach`, or made from numbers that carry no gradient?"
                )
        return ""

    def leaves(self, case: Case) -> tuple[tuple, dict[str, Tensor]]:
        """Arguments of which some are leaves that a gradient must reach."""
        names, args = names_of(self.asked.right), copies(case.args)
        leaves = {
            name: value.requires_grad_()
            for name, value in zip(names, args, strict=False)
            if name in self.asked.gradients
        }
        return args, leaves


def joined(head: str, told: str, numbers: str) -> str:
    """What is not right, why, and two numbers to look at."""
    numbers = f" ({start(numbers)}.)" if told and numbers else f": {numbers}." if numbers else ""
    if not head:
        return f"{told}{numbers}".lstrip(": ")
    return f"{head}. {told}{numbers}" if told else f"{head}{numbers}"


def lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


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
    apart: bool = True,
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
        apart: As in report.exercise.
    """

    def decorate(draw: Callable[..., Any]) -> Callable[[Any], Any]:
        asked = Exercise(
            *(draw, right, points, axes, name, mistakes or {}, least or {}, draws, none, gradients, without),
            *(observe, held, allowed),
        )

        @exercise(points=points, apart=apart)
        @functools.wraps(draw)
        def body(student: Any, check: Any) -> None:
            Examination(asked, student, check).run()

        body.asked = asked
        return body

    return decorate
