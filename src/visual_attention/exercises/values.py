"""Take what a student's code returned as a tensor, compare it with what was wanted, say how they differ."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


class Problem(Exception):
    """What keeps an answer from being compared; the message is for the student."""


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
    if getattr(type(thing), "is_remote", False):  # it lives in the grader's sandbox
        return f"an object of type `{thing.reference.get('type')}`"
    return f"an object of type `{type(thing).__module__}.{type(thing).__qualname__}`"


def as_tensor(value: Any, want: Tensor, name: str) -> Tensor:
    """A student's result as a tensor; a plain number stands for a tensor without axes.

    Any type of number is right that can hold the right numbers: int32 for int64, float64 for float32.

    Raises:
        Problem: it is no tensor, or one of another kind of number.
    """
    if not want.ndim and isinstance(value, (bool, int, float, np.number, np.bool_)):
        value = torch.tensor(
            value.item() if isinstance(value, np.generic) else value, dtype=number_type(value)
        )
    wanted = type_of_numbers(want)
    if not isinstance(value, Tensor):
        hint = ""
        if type(value).__module__ == "numpy":
            hint = " Stay in torch: NumPy has no gradients."
        elif isinstance(value, (tuple, list)):
            hint = " Return one tensor only."
        alone = "" if want.ndim else f", or one of the {wanted} as it is"
        raise Problem(f"{start(name)} should be a torch tensor{alone}, got {kind(value)}.{hint}")
    if value.layout != torch.strided:
        raise Problem(f"{start(name)} should be an ordinary tensor, got a sparse one.")
    real = wanted == "real numbers" and value.dtype is not torch.bool and not value.is_complex()
    if not real and wanted != type_of_numbers(value):
        raise Problem(f"That is the wrong type of number: wanted {wanted}, got {dtype_name(value)}.")
    return value


def number_type(value: Any) -> torch.dtype:
    if isinstance(value, (bool, np.bool_)):
        return torch.bool
    return torch.int64 if isinstance(value, (int, np.integer)) else torch.float64


def type_of_numbers(tensor: Tensor) -> str:
    if tensor.dtype is torch.bool:
        return "booleans"
    if tensor.is_complex():
        return "complex numbers"
    return "real numbers" if tensor.is_floating_point() else "whole numbers"


def is_module(thing: Any) -> bool:
    """Whether it is a network, here or in the grader's sandbox."""
    remote = getattr(type(thing), "is_remote", False)
    return bool(thing.reference.get("module")) if remote else isinstance(thing, torch.nn.Module)


def listed(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def same(a: torch.Tensor, b: torch.Tensor, atol: float) -> bool:
    a, b = a.detach().double(), b.detach().double()
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=atol, equal_nan=True)


def difference(got: torch.Tensor, want: torch.Tensor, name: str) -> str:
    if got.shape != want.shape:
        return f"{start(name)} has the wrong shape: wanted {tuple(want.shape)}, got {tuple(got.shape)}."
    return f"{start(name)} is not right: {two_numbers(got, want)}."


def two_numbers(got: Tensor, want: Tensor) -> str:
    """What was wanted and what came at the place where they differ most, with digits enough to see it."""
    gap = (got.detach().double() - want.detach().double()).abs().nan_to_num(torch.inf)
    place = tuple(int(i) for i in torch.unravel_index(gap.argmax(), gap.shape))
    where = f" at index {place}" if place else ""
    mine, yours = want[place].item(), got[place].item()
    digits = next((d for d in (4, 6, 9, 17) if f"{mine:.{d}g}" != f"{yours:.{d}g}"), 17)
    return f"wanted {mine:.{digits}g}{where}, got {yours:.{digits}g}"


def dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def start(name: str) -> str:
    return name[:1].upper() + name[1:]


def without_gradient(got: torch.Tensor, inputs: dict[str, torch.Tensor]) -> str:
    """What is amiss with the gradient from `got` to the inputs; empty when nothing is."""
    if not isinstance(got, torch.Tensor):
        return f"A torch tensor was wanted, got {kind(got)}."
    if not got.requires_grad:
        names = " or ".join(inputs)
        return (
            f"No gradient reaches {names}: is there a `detach`, `.data`, `.item()` or `no_grad` on the way?"
        )
    try:
        found = slopes(got, list(inputs.values()))
    except RuntimeError as error:
        return f"The backward pass fails: {' '.join(str(error).split())[:200]}"
    for name, gradient in zip(inputs, found, strict=True):
        if gradient is None:
            return f"No gradient reaches {name}, though it reaches others: a `detach` on that branch only?"
        if not gradient.isfinite().all():
            return f"The gradient that reaches {name} is NaN or infinite, though the result looks right."
        if not gradient.any():
            return f"The gradient that reaches {name} is zero everywhere: it cannot learn."
    return ""


def slopes(got: Tensor, inputs: list[Tensor]) -> tuple[Tensor | None, ...]:
    """The gradient of a fixed random mixture of the results."""
    generator = torch.Generator().manual_seed(9)
    seed = torch.randn(got.shape, generator=generator, dtype=torch.float64).to(got.dtype)
    return torch.autograd.grad(got, inputs, seed, allow_unused=True, retain_graph=True)
