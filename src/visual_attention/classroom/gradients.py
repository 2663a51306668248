"""Gradients that pass between processes: what was computed there is linked to what it came from here."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor


def tensors(value: Any) -> list[Tensor]:
    """All tensors in lists, tuples and dicts, in the order in which wire.py sends them."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for item in value for t in tensors(item)] if isinstance(value, list | tuple) else []


def with_gradient(value: Any) -> list[Tensor]:
    return [tensor for tensor in tensors(value) if tensor.requires_grad]


def gradients_of(outputs: list[Tensor], leaves: list[Tensor], gradients: list[Tensor]) -> tuple:
    return torch.autograd.grad(outputs, leaves, gradients, allow_unused=True, retain_graph=True)


def linked(value: Any, leaves: list[Tensor], ask: Callable[[list], list]) -> Any:
    """The value with its tensors linked to the leaves.

    Args:
        value: As it came from the other process; what has a gradient there says so.
        leaves: What went there and may get a gradient.
        ask: Turns gradients of the value's tensors into those of the leaves, over there.
    """
    outputs = with_gradient(value)
    if not leaves or not outputs:
        return value
    return _replaced(value, iter(Through.apply(ask, [tensor.detach() for tensor in outputs], *leaves)))


def _replaced(value: Any, found: Iterator[Tensor]) -> Any:
    """The same value with each tensor that has a gradient replaced by the next one found."""
    if isinstance(value, Tensor):
        return next(found) if value.requires_grad else value
    if isinstance(value, list | tuple):
        return type(value)(_replaced(item, found) for item in value)
    if isinstance(value, dict):
        return {key: _replaced(item, found) for key, item in value.items()}
    return value


class Through(torch.autograd.Function):
    """Asks the other process for gradients; whatever comes back has to have the leaves' shapes."""

    @staticmethod
    def forward(ctx: Any, ask: Callable[[list], list], outputs: list, *leaves: Tensor) -> tuple:
        ctx.ask, ctx.shapes = ask, [leaf.shape for leaf in leaves]
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple:
        found = ctx.ask(list(gradients))
        fits = isinstance(found, list) and len(found) == len(ctx.shapes)
        for gradient, shape in zip(found, ctx.shapes, strict=True) if fits else ():
            fits &= gradient is None or (isinstance(gradient, Tensor) and gradient.shape == shape)
        if not fits:
            raise RuntimeError("the gradients do not have the shapes of the inputs")
        return None, None, *found
