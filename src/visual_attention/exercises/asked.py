"""What an exercise asks, as data: the right answer, the inputs on which it is tried, the known mistakes."""

import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from visual_attention.exercises.draws import Draw, Situation, situations
from visual_attention.exercises.relations import Answer, close
from visual_attention.exercises.substitutes import names_of, substitutes


@dataclass(frozen=True)
class Special:
    """An input on which the text asks for something of its own, with points of its own."""

    points: float
    words: str
    args: tuple
    observe: Callable[..., Any] | None = None


@dataclass
class Case:
    """One input: what is right for it, and how exactly."""

    part: int
    situation: Situation
    args: tuple
    want: Tensor
    slack: Tensor
    observe: Callable[..., Any]

    def answer(self, got: Tensor) -> Answer:
        whole = self.want.is_floating_point() and not got.is_floating_point()
        given = (got.detach().double(), self.want.double(), self.slack)
        return Answer(*given, self.situation.sizes, self.args, whole)

    @property
    def words(self) -> str:
        return self.situation.words


@dataclass
class Exercise:
    """What an exercise asks for; see `examined` for the fields."""

    draw: Callable[..., Any]
    right: Callable[..., Any]
    points: float
    axes: dict[str, int]
    name: str
    mistakes: Mapping[str, Callable[..., Any] | tuple[Callable[..., Any], ...]]
    least: dict[str, int]
    draws: int
    none: bool
    gradients: Sequence[str]
    without: Sequence[str]
    observe: Callable[..., Any]
    held: float = 1.0
    allowed: float = 1.0
    specials: dict[int, tuple[float, str]] = field(default_factory=dict)

    @functools.cached_property
    def cases(self) -> list[Case]:
        """All inputs, the ordinary ones of each part first."""
        made = situations(self.axes, least=self.least, draws=self.draws)
        cases = [case for situation in made for case in self.drawn_if_possible(situation)]
        kept = list({fingerprint(case): case for case in reversed(cases)}.values())[::-1]
        return sorted(kept, key=lambda case: (case.situation.kind != "base", case.part))

    def drawn_if_possible(self, situation: Situation) -> list[Case]:
        """The inputs of a situation; none where an empty batch has no right answer."""
        try:
            return self.drawn(situation)
        except Exception:
            if situation.kind == "none" and not self.none:
                return []
            raise

    def drawn(self, situation: Situation) -> list[Case]:
        """The inputs of one situation: the plain one and the special ones."""
        made = self.draw(Draw(situation.seed, situation.numbers), **situation.sizes)
        cases = []
        for given in made if isinstance(made, types.GeneratorType) else [made]:
            if not isinstance(given, Special):
                given = Special(0, "", given if isinstance(given, tuple) else (given,))
            args = given.args
            if situation.prepare:
                args = tuple(situation.prepare(a) if isinstance(a, Tensor) else a for a in args)
            observe = given.observe or self.observe
            cases.append(Case(self.part(given), situation, args, *self.truth(args, observe), observe))
        return cases

    def part(self, given: Special) -> int:
        """The number of a part; those with the same words are one. Ordinary inputs are part 0."""
        if not given.words:
            return 0
        told = (given.points, given.words)
        number = next((n for n, known in self.specials.items() if known == told), len(self.specials) + 1)
        self.specials[number] = told
        return number

    def truth(self, args: tuple, observe: Callable) -> tuple[Tensor, Tensor]:
        """What is right, in double precision, and how far from it a float32 computation may end."""
        want = self.result(self.right, tuple(doubled(a) for a in args), observe)
        rough = self.result(self.right, args, observe)
        if not want.is_floating_point():
            return want, torch.zeros(want.shape)
        noise = (rough.double() - want).abs().nan_to_num(0.0, 0.0, 0.0)
        return want, 20 * noise + tolerance(want)

    def result(self, function: Callable, args: tuple, observe: Callable) -> Tensor:
        """What a function of ours says to an input, as the student's answer is observed."""
        with torch.enable_grad():
            value = observe(lambda *given: function(*given), *copies(args))
        return value.detach() if isinstance(value, Tensor) else torch.tensor(value)

    def attempted(self, function: Callable, args: tuple, observe: Callable) -> Tensor | None:
        """The same where the function may fail."""
        try:
            return self.result(function, args, observe)
        except Exception:
            return None

    @functools.cached_property
    def variants(self) -> list[tuple[str, Callable[..., Any]]]:
        """Feedback and function of each listed mistake; one mistake may be made in several ways."""
        ways = [(text, way if isinstance(way, tuple) else (way,)) for text, way in self.mistakes.items()]
        return [(text, function) for text, functions in ways for function in functions]

    def of_mistake(self, function: Callable, case: Case) -> Tensor | None:
        """What a listed mistake gives for a case."""
        key = (id(function), id(case))
        if key not in self._known:
            self._known[key] = self.attempted(function, case.args, case.observe)
        return self._known[key]

    @functools.cached_property
    def _known(self) -> dict:
        return {}

    def base(self, part: int) -> list[Case]:
        return [case for case in self.cases if case.part == part and (case.situation.kind == "base")]

    @functools.cached_property
    def parts(self) -> int:
        return 1 + max(case.part for case in self.cases)

    @functools.cached_property
    def worth(self) -> dict[int, float]:
        """The points of each part; -1 stands for holding in every situation, -2 for the means."""
        self.cases  # noqa: B018, for specials
        worth = {part: points for part, (points, _) in self.specials.items()}
        worth[-1] = self.held
        worth |= {-2: self.allowed} if self.without else {}
        return {0: self.points - sum(worth.values())} | worth

    def substitutes(self, cases: list[Case]) -> list[tuple[str, list[Tensor]]]:
        """What is right for altered inputs, in words and for each of the cases."""
        key = tuple(id(case) for case in cases)
        if key not in self._known:
            self._known[key] = list(self.altered(cases))
        return self._known[key]

    def altered(self, cases: list[Case]) -> Iterator[tuple[str, list[Tensor]]]:
        first = cases[0]
        for words, alter in substitutes(first.args, names_of(self.right), first.situation.sizes):
            results = [self.attempted(self.right, self.after(alter, case), case.observe) for case in cases]
            if None not in results:
                yield words, results

    def after(self, alter: Callable, case: Case) -> tuple:
        try:
            return alter(copies(case.args), case.situation.sizes)
        except (RuntimeError, IndexError, ArithmeticError, ValueError, TypeError):
            return ()  # which no function of ours takes


def returned(call: Callable, *args: Any) -> Any:
    """What most exercises look at: the value that an answer returns."""
    return call(*args)


def tolerance(want: Tensor) -> Tensor:
    """A hundred-thousandth of the largest number of the same image, or a ten-thousandth of each."""
    finite = want.nan_to_num(0.0, 0.0, 0.0).abs()
    rest = tuple(range(1, want.ndim))
    largest = finite.amax(rest, keepdim=True) if rest and want.numel() else finite
    return 1e-4 * finite + 1e-5 * largest + 1e-6


def matches(got: Tensor, other: Tensor | None, case: Case) -> bool:
    """Whether an answer equals another result for the same input."""
    if other is None or got.shape != other.shape:
        return False
    slack = tolerance(other.double())
    return close(got, other, slack + case.slack if case.slack.shape == other.shape else slack)


def doubled(value: Any) -> Any:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def copies(args: tuple) -> tuple:
    """The arguments for one call: nothing that happens to them reaches the next."""
    return tuple(a.detach().clone() if isinstance(a, Tensor) else a for a in args)


def fingerprint(case: Case) -> tuple:
    """Equal for the same input in the same part; a situation that changes nothing is not tried."""
    told = [
        (tuple(a.shape), tuple(a.stride()), str(a.dtype), a.contiguous().view(torch.uint8).numpy().tobytes())
        if isinstance(a, Tensor) and a.ndim
        else repr(a)
        for a in case.args
    ]
    return (case.part, *told)
