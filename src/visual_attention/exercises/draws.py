"""What every check tries, without its author having to think of it: sizes, numbers and forms of the input.

An exercise says how to draw an input of given sizes. The situations here draw it again and again: with
unequal sizes on every axis, one of each, all equal, none; with numbers that repeat, that are 0, that differ
wildly in size within one batch; in double precision, and lying scattered in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

WILD = (1.0, 300.0, 0.003)  # what the numbers of the first, second, third ... image are multiplied by


class Draw:
    """Random inputs; `numbers` says of which kind, "plain", "ties" or "wild"."""

    def __init__(self, seed: int, numbers: str = "plain") -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.seed, self.numbers = seed, numbers

    def fixed(self, *shape: int) -> Tensor:
        """Normal numbers, the same kind in every situation: parameters, for instance."""
        return torch.randn(*shape, generator=self.generator)

    def __call__(self, *shape: int) -> Tensor:
        """Normal numbers; or whole ones of which many are equal and 0; or of other sizes in each image."""
        drawn = self.fixed(*shape)
        if self.numbers == "ties":
            return drawn.mul(1.5).round()
        return spread(drawn) if self.numbers == "wild" else drawn

    def vectors(self, *shape: int) -> Tensor:
        """Normal numbers, of other sizes in each image if the sizes are wild; never a vector of zeros."""
        return spread(self.fixed(*shape)) if self.numbers == "wild" else self.fixed(*shape)

    def unit(self, *shape: int) -> Tensor:
        """Numbers in (0, 1); with ties, quarters from 0 to 1."""
        drawn = torch.rand(*shape, generator=self.generator)
        return drawn.mul(4).round().div(4) if self.numbers == "ties" else drawn

    def shares(self, *shape: int, axes: int = 1) -> Tensor:
        """Weights that sum to 1 over the last axes; with ties some are exactly 0, and others equal."""
        scores = self.fixed(*shape)
        if self.numbers == "ties":
            kept = scores.flatten(-axes) >= scores.flatten(-axes).median(-1, keepdim=True).values
            return (kept / kept.sum(-1, keepdim=True)).view(shape)
        return scores.flatten(-axes).softmax(-1).view(shape)

    def mask(self, *shape: int, share: float = 0.5) -> Tensor:
        """Booleans, of which each row of the first axis has at least one that is true."""
        drawn = torch.rand(*shape, generator=self.generator)
        flat = drawn.flatten(1)
        first = flat == flat.amin(1, keepdim=True) if drawn.numel() else flat
        alone = first.bool().view(shape)
        if self.numbers == "wild":  # here a single one, there all of them
            return alone | (torch.arange(len(drawn)) % 2 == 1).view(-1, *[1] * (drawn.ndim - 1))
        return (drawn < share) | alone

    def whole(self, below: int, *shape: int) -> Tensor:
        """Whole numbers from 0 on."""
        return torch.randint(below, shape, generator=self.generator)

    def order(self, count: int) -> Tensor:
        """The numbers 0 ... count - 1, shuffled."""
        return torch.randperm(count, generator=self.generator)

    def one_of(self, *choices: Any) -> Any:
        """Another of the choices in each situation."""
        return choices[self.seed % len(choices)]


def spread(numbers: Tensor) -> Tensor:
    """The numbers, of wildly different size in neighbouring rows of the first axis."""
    scales = torch.tensor([WILD[i % len(WILD)] for i in range(len(numbers))])
    return numbers * scales.view(-1, *[1] * (numbers.ndim - 1))


@dataclass(frozen=True)
class Situation:
    """One way to draw the input of an exercise."""

    kind: str  # "base" is an ordinary input; what it gives decides on the points for values
    words: str  # after "right" or "wrong": "for a single image"
    sizes: dict[str, int]
    seed: int
    hint: str = ""
    prepare: Callable[[Tensor], Tensor] | None = None

    @property
    def numbers(self) -> str:
        return self.kind if self.kind in ("ties", "wild") else "plain"


def situations(axes: dict[str, int], *, least: dict[str, int], draws: int) -> list[Situation]:
    """All situations for axes such as {"B images": 2, "C channels": 5}; distinct primes tell axes apart."""
    words = {name.split()[0]: name.partition(" ")[2] for name in axes}
    sizes = {name.split()[0]: size for name, size in axes.items()}
    made = [
        Situation("base", as_sizes(turned), turned, seed)
        for seed, turned in enumerate(rotated(sizes, k) for k in range(draws))
    ]
    made += [
        ones(sizes, name, words[name], 20 + i) for i, name in enumerate(sizes) if least.get(name, 1) == 1
    ]
    made += [equal(sizes, least)] if len(sizes) > 1 else []
    made += [without(sizes, words)] if sizes else []
    made += [others(sizes, least, seed) for seed in (50, 51, 52)] if sizes else []
    return made + kinds(sizes, singular(next(iter(words.values()), "images")))


def rotated(sizes: dict[str, int], turns: int) -> dict[str, int]:
    numbers = list(sizes.values())
    turns %= len(numbers) or 1
    return dict(zip(sizes, numbers[turns:] + numbers[:turns], strict=True))


def as_sizes(sizes: dict[str, int]) -> str:
    """ "for B = 2, C = 5"; empty where there are no sizes."""
    return "" if not sizes else f"for {', '.join(f'{name} = {size}' for name, size in sizes.items())}"


def ones(sizes: dict[str, int], name: str, words: str, seed: int) -> Situation:
    """The same with one of something: what `squeeze` and careless broadcasting confuse."""
    hint = (
        f"An axis of size 1 must stay an axis: does a `squeeze` take it away, or is the size of {name} fixed?"
    )
    return Situation("one", f"for a single {singular(words)}", sizes | {name: 1}, seed, hint=hint)


def equal(sizes: dict[str, int], least: dict[str, int]) -> Situation:
    size = max(3, *least.values()) if least else 3
    hint = "Where sizes are equal, a wrong axis has the right shape: do you tell axes apart by their sizes?"
    return Situation("equal", "where all sizes are equal", dict.fromkeys(sizes, size), 40, hint=hint)


def others(sizes: dict[str, int], least: dict[str, int], seed: int) -> Situation:
    """Sizes drawn by lot: for what no other situation was made for."""
    drawn = torch.randint(1, 7, (len(sizes),), generator=torch.Generator().manual_seed(seed)).tolist()
    lot = {name: max(least.get(name, 1), size) for name, size in zip(sizes, drawn, strict=True)}
    return Situation("other", as_sizes(lot), lot, seed)


def without(sizes: dict[str, int], words: dict[str, str]) -> Situation:
    name = next(iter(sizes))
    hint = "Nothing in should give nothing out, in the right shape."
    return Situation("none", f"for no {singular(words[name])} at all", sizes | {name: 0}, 41, hint=hint)


def kinds(sizes: dict[str, int], one: str) -> list[Situation]:
    """Other numbers and forms, all in the same sizes."""
    return [
        Situation(
            "ties",
            "where many numbers are equal, and many are 0",
            sizes,
            42,
            hint="What becomes of a 0, and of two that are equally large?",
        ),
        Situation(
            "wild",
            f"where the numbers of one {one} are hundreds of times as large as those of another",
            sizes | {name: max(3, size) for name, size in list(sizes.items())[:1]},
            43,
            hint="Does `exp` overflow, or does something taken over all of them, such as a maximum, "
            f"leave nothing of {'an' if one[0] in 'aeiou' else 'a'} {one} with small numbers?",
        ),
        Situation(
            "double",
            "for numbers in float64",
            sizes,
            44,
            prepare=lambda t: t.double() if t.is_floating_point() else t,
            hint="Make new tensors in the input's type, as `torch.zeros_like` or `dtype=x.dtype` do.",
        ),
        Situation(
            "scattered",
            "for a transposed tensor, whose numbers lie in another order in memory",
            sizes,
            45,
            prepare=scattered,
            hint="`view` needs them in order; `reshape` and `flatten` do not.",
        ),
    ]


def scattered(tensor: Tensor) -> Tensor:
    """The same numbers in the reverse order of axes in memory."""
    axes = tuple(reversed(range(tensor.ndim)))
    return tensor.permute(axes).contiguous().permute(axes)


def singular(words: str) -> str:
    """One of what `words` names in the plural."""
    first, *rest = words.split(" ", 1)
    for ending, one in (("ies", "y"), ("ches", "ch"), ("xes", "x"), ("s", "")):
        if first.endswith(ending):
            return " ".join([first.removesuffix(ending) + one, *rest])
    return words
