"""Compare what a student's code returned with what was wanted, and say how they differ."""

from typing import Any

import torch


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


def listed(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def same(a: torch.Tensor, b: torch.Tensor, atol: float) -> bool:
    a, b = a.detach().double(), b.detach().double()
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=atol, equal_nan=True)


def difference(got: torch.Tensor, want: torch.Tensor, name: str) -> str:
    if got.shape != want.shape:
        return f"{start(name)} has the wrong shape: wanted {tuple(want.shape)}, got {tuple(got.shape)}."
    gap = (got.detach().double() - want.detach().double()).abs().nan_to_num(torch.inf)
    place = tuple(int(i) for i in torch.unravel_index(gap.argmax(), gap.shape))
    where = f" at index {place}" if place else ""
    return f"{start(name)} is not right{where}: wanted {want[place].item():.4g}, got {got[place].item():.4g}."


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
    seed = torch.randn(got.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64).to(
        got.dtype
    )
    try:
        found = torch.autograd.grad(got, list(inputs.values()), seed, allow_unused=True, retain_graph=True)
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
