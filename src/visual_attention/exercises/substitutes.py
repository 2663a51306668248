"""What a wrong answer would be right for: another input. "As if all images had the first one's weights."

The reference is asked what it says to an altered input; an answer that says the same has done the alteration.
"""

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from visual_attention.exercises.shapes import expressions

Alteration = Callable[[tuple, dict[str, int]], tuple]  # arguments and sizes -> other arguments


def names_of(function: Callable) -> list[str]:
    """The parameters by their names."""
    return list(inspect.signature(function).parameters)


def substitutes(args: tuple, names: list[str], sizes: dict[str, int]) -> Iterator[tuple[str, Alteration]]:
    """Alterations of the arguments, each with the words that follow "Yours would be right if"."""
    yield from exchanges(args, names)
    for place, (value, name) in enumerate(zip(args, names, strict=False)):
        for words, alter in of(value, list(sizes), batch=next(iter(sizes.values()), 0)):
            yield words.replace("%", f"`{name}`"), at(place, alter)
    for words, alter in together(args, names):
        yield words, alter


def at(place: int, alter: Callable[[Any, dict], Any]) -> Alteration:
    """Alter one argument."""
    return lambda args, sizes: (*args[:place], alter(args[place], sizes), *args[place + 1 :])


def exchanges(args: tuple, names: list[str]) -> Iterator[tuple[str, Alteration]]:
    for i, j in itertools.combinations(range(len(args)), 2):
        if alike(args[i], args[j]):

            def exchange(args: tuple, sizes: dict, i: int = i, j: int = j) -> tuple:
                swapped = list(args)
                swapped[i], swapped[j] = args[j], args[i]
                return tuple(swapped)

            yield f"`{names[i]}` and `{names[j]}` had changed places", exchange


def alike(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.ndim == b.ndim and a.is_floating_point() == b.is_floating_point()
    return isinstance(a, (int, float)) and isinstance(b, (int, float)) or callable(a) and callable(b)


def of(value: Any, letters: list[str], batch: int) -> Iterator[tuple[str, Callable[[Any, dict], Any]]]:
    """Alterations of one argument; % stands for its name."""
    if isinstance(value, Tensor):
        yield from rows(value, batch)
        if value.dtype is torch.bool:
            yield "% were turned round, true for false", lambda v, s: ~v
            yield "% were true everywhere", lambda v, s: torch.ones_like(v)
        elif value.is_floating_point():
            yield from numbers(value)
            yield from scales(letters)
        else:
            yield from counts()
    elif isinstance(value, bool):
        yield "% were turned round", lambda v, s: not v
    elif isinstance(value, (int, float)):
        yield from scalars(letters)


def rows(value: Tensor, batch: int) -> Iterator[tuple[str, Callable]]:
    """Alterations that move or mix entries."""
    if value.ndim and value.shape[0] == batch > 1:
        yield "all of the batch had the first one's %", lambda v, s: v[:1].expand_as(v)
        yield "all of the batch had the last one's %", lambda v, s: v[-1:].expand_as(v)
        if value.is_floating_point():
            yield "all of the batch had the mean of %", lambda v, s: v.mean(0, keepdim=True).expand_as(v)
    for k in range(value.ndim):
        yield f"% ran backwards along axis {k}", lambda v, s, k=k: v.flip(k)
        yield f"% were shifted by one place along axis {k}", lambda v, s, k=k: v.roll(1, k)
        yield f"% were shifted by one place, backwards, along axis {k}", lambda v, s, k=k: v.roll(-1, k)
        if value.is_floating_point():
            yield f"% were averaged over axis {k}", lambda v, s, k=k: v.mean(k, keepdim=True).expand_as(v)
    for i, j in itertools.combinations(range(value.ndim), 2):
        yield f"axes {i} and {j} of % were exchanged", lambda v, s, i=i, j=j: v.transpose(i, j)
        yield (
            f"axes {i} and {j} of % were mixed up by a `reshape`, where one has to move",
            (lambda v, s, i=i, j=j: v.transpose(i, j).reshape(v.shape)),
        )
        yield (
            f"axes {i} and {j} of % were mixed up by a `reshape` for a move",
            (lambda v, s, i=i, j=j: v.reshape(v.transpose(i, j).shape).transpose(i, j)),
        )


def numbers(value: Tensor) -> Iterator[tuple[str, Callable]]:
    """Alterations of the values of a tensor."""
    yield "% were 0: is it used at all?", lambda v, s: torch.zeros_like(v)
    yield "% were 1 everywhere: is it used at all?", lambda v, s: torch.ones_like(v)
    for words, change in {
        "% had the opposite sign": torch.neg,
        "% were 1 minus what it is": lambda v: 1 - v,
        "% were its absolute value": torch.abs,
        "% were set to 0 where it is negative": torch.relu,
        "% were squared": torch.square,
        "% were its square root": torch.sqrt,
        "% were 1 over what it is": torch.reciprocal,
        "% went through `exp` first": torch.exp,
        "% went through `log` first": torch.log,
        "% went through a sigmoid first": torch.sigmoid,
        "% were cut off at 0 and 1": lambda v: v.clamp(0, 1),
        "% were rounded": torch.round,
        "% were rounded down": torch.floor,
        "% were larger by 1": lambda v: v + 1,
        "% were smaller by 1": lambda v: v - 1,
    }.items():
        yield words, lambda v, s, change=change: change(v)
    for k in range(value.ndim):
        yield f"% went through a softmax over axis {k} first", lambda v, s, k=k: v.softmax(k)
        yield f"% were brought to length 1 along axis {k}", lambda v, s, k=k: v / v.norm(dim=k, keepdim=True)
        yield f"% had its sum along axis {k} divided out", lambda v, s, k=k: v / v.sum(k, keepdim=True)
        yield f"% had its mean along axis {k} taken off", lambda v, s, k=k: v - v.mean(k, keepdim=True)
    if value.ndim > 2:
        yield (
            "% went through a softmax over all but the first axis",
            (lambda v, s: v.flatten(1).softmax(1).view_as(v)),
        )


def scales(letters: list[str]) -> Iterator[tuple[str, Callable]]:
    """A tensor multiplied or divided by a number that follows from the sizes."""
    for number in (2.0, 3.0, 4.0, 10.0):
        yield f"% were multiplied by {number:g}", lambda v, s, n=number: v * n
        yield f"% were divided by {number:g}", lambda v, s, n=number: v / n
    for words, value in expressions(letters[1:]):  # a scale that follows from the batch would be odd
        if words.count("*") > 1 or "+" in words or "-" in words or words[0].isdigit():
            continue
        yield f"% were multiplied by {words}", lambda v, s, e=value: v * e(s)
        yield f"% were divided by {words}", lambda v, s, e=value: v / e(s)
        yield f"% were multiplied by the square root of {words}", lambda v, s, e=value: v * e(s) ** 0.5
        yield f"% were divided by the square root of {words}", lambda v, s, e=value: v / e(s) ** 0.5


def counts() -> Iterator[tuple[str, Callable]]:
    """Whole numbers."""
    yield "% were larger by 1", lambda v, s: v + 1
    yield "% were smaller by 1", lambda v, s: v - 1
    yield "% were 0 everywhere: is it used at all?", lambda v, s: torch.zeros_like(v)


def scalars(letters: list[str]) -> Iterator[tuple[str, Callable]]:
    """A plain number."""
    for words, change in {
        "% were 1: is it used?": lambda v: type(v)(1),
        "% were 0: is it used?": lambda v: type(v)(0),
        "% were 0.5: is it used?": lambda v: 0.5,
        "% were 2: is it used?": lambda v: type(v)(2),
        "% were 1 over what it is: do you multiply for divide?": lambda v: 1 / v,
        "% had the opposite sign": lambda v: -v,
        "% were larger by 1": lambda v: v + 1,
        "% were smaller by 1": lambda v: v - 1,
        "% were twice as large": lambda v: 2 * v,
        "% were half as large": lambda v: v / 2,
        "% were squared": lambda v: v * v,
        "% were its square root": lambda v: v**0.5,
        "% were a hair smaller: what happens exactly at it?": lambda v: v - 1e-6,
        "% were a hair larger: what happens exactly at it?": lambda v: v + 1e-6,
    }.items():
        yield words, lambda v, s, change=change: change(v)
    for letter in letters:
        yield f"% were {letter}", lambda v, s, letter=letter: s[letter]


def together(args: tuple, names: list[str]) -> Iterator[tuple[str, Alteration]]:
    """The same alteration of all tensors at once."""
    tensors = [i for i, value in enumerate(args) if isinstance(value, Tensor) and value.is_floating_point()]
    if len(tensors) < 2:
        return

    def all_of(change: Callable[[Tensor], Tensor]) -> Alteration:
        return lambda args, sizes: tuple(change(a) if i in tensors else a for i, a in enumerate(args))

    yield "all inputs had the opposite sign", all_of(torch.neg)
    for k in range(min(args[i].ndim for i in tensors)):
        yield f"all inputs ran backwards along axis {k}", all_of(lambda v, k=k: v.flip(k))
    yield "the last two axes of all inputs were exchanged", all_of(lambda v: v.transpose(-1, -2))
