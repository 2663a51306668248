"""By which means an answer reaches its result: a loop, torch's own attention, autograd.

Read from the bytecode of the function and of the student's own functions that it calls, without running it.
"""

import dis
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch

LOOP = "a loop"
ATTENTION = "torch's own attention"
AUTOGRAD = "autograd"

NAMES = {
    ATTENTION: {
        "scaled_dot_product_attention",
        "MultiheadAttention",
        "multi_head_attention_forward",
        "flex_attention",
        "TransformerEncoderLayer",
    },
    AUTOGRAD: {"backward", "autograd", "requires_grad_", "jacobian", "jacrev", "jacfwd", "vjp", "grad"},
}


def means_of(function: Callable) -> list[str]:
    """Which of the means that an exercise may forbid occur in a function; none where there is no bytecode."""
    try:
        return list(remembered(function))
    except Exception:  # an object that refuses even to be looked at
        return []


@functools.lru_cache(maxsize=16)  # a check calls one function dozens of times
def remembered(function: Callable) -> tuple[str, ...]:
    found = set()
    for code, scope in codes(function, set()):
        found |= {LOOP} if any(turns(step.opname) for step in dis.get_instructions(code)) else set()
        words = set(code.co_names) | {known(scope[name]) for name in code.co_names if name in scope}
        found |= {means for means, names in NAMES.items() if words & names}
    return tuple(sorted(found))


def turns(instruction: str) -> bool:
    """Whether an instruction goes round, as `for`, `while` and comprehensions do."""
    return instruction == "FOR_ITER" or instruction.startswith(("JUMP_BACKWARD", "POP_JUMP_BACKWARD"))


def codes(function: Any, seen: set[int]) -> Iterator[tuple[types.CodeType, dict]]:
    """The code of a function, of what it defines, and of the functions beside it that it calls."""
    function = type(function) if isinstance(function, torch.nn.Module) else function
    function = getattr(function, "forward", function) if isinstance(function, type) else function
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType) or id(function) in seen:
        return
    seen.add(id(function))
    inner = dict(zip(function.__code__.co_freevars, contents(function), strict=False))
    scope = {**function.__globals__, **inner}
    for code in within(function.__code__):
        yield code, scope
        for name in (*code.co_names, *code.co_freevars):
            near = scope.get(name)
            home = getattr(near, "__module__", None)
            if home == function.__module__ and isinstance(near, (types.FunctionType, type)):
                yield from codes(near, seen)


def within(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions and comprehensions written in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from within(constant)


def contents(function: types.FunctionType) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or ()]


def known(thing: Any) -> str:
    """The name under which a thing was born, whatever it is called here."""
    if isinstance(thing, types.ModuleType):
        return thing.__name__.rpartition(".")[2]
    named = isinstance(thing, (type, types.FunctionType, types.BuiltinFunctionType))
    return thing.__name__ if named else type(thing).__name__
