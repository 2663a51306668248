"""Runs a student's cells inside the sandbox and calls their functions for the grader.

Started by remote.py; speaks wire.py on its standard input and output. Whatever the student's code does to
this process, it can only change the values that it returns: the grader compares them in a process of its own.
"""

import ast
import builtins
import itertools
import linecache
import os
import sys
import types
from typing import Any

import torch
from IPython.core.inputtransformer2 import TransformerManager

from visual_attention.classroom import wire
from visual_attention.exercises.calling import Outcome, invoke, quiet

DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Cells:
    """The student's notebook: a namespace that cells run in."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
        self.namespace["get_ipython"] = lambda: Silent()
        self.namespace["display"] = lambda *args, **kwargs: None
        self.count = 0

    def run(self, source: str, *, everything: bool) -> str:
        """Run a cell, or only its imports, definitions and constants; returns the error, if any."""
        self.count += 1
        name = f"<cell {self.count}>"
        with quiet():
            try:
                source = TransformerManager().transform_cell(source)
                linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
                for statement in ast.parse(source, name).body:
                    if everything or is_definition(statement):
                        module = ast.Module([statement], type_ignores=[])
                        exec(compile(module, name, "exec"), self.namespace)
            except BaseException as error:
                return f"{type(error).__name__}: {error}"[:500]
        return ""


def is_definition(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, DEFINITIONS)


class Silent:
    """Stands in for IPython, whose magics have no meaning here."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class Worker:
    """Answers the grader's requests."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.objects: list[Any] = []  # what cannot be sent, by number
        self.calls: list[tuple[list, list]] = []  # for gradients: inputs and outputs of each call

    def answer(self, request: dict) -> Any:
        return getattr(self, f"do_{request.pop('do')}")(**request)

    def do_run(self, source: str, everything: bool) -> str:
        return self.cells.run(source, everything=everything)

    def do_find(self, name: str) -> Any:
        return {"found": self.cells.namespace.get(name)}

    def do_call(self, target: Any, args: tuple, kwargs: dict, state: torch.Tensor) -> dict:
        torch.set_rng_state(state)
        try:
            outcome = invoke(target, args, kwargs)
            if isinstance(outcome.value, types.GeneratorType):
                outcome.value = list(itertools.islice(outcome.value, wire.MANY))
        except BaseException as error:  # an object that refuses even to be looked at
            outcome = Outcome(error=f"Your code stopped with {type(error).__name__}")
        leaves = [t for t in tensors([*args, *kwargs.values()]) if t.requires_grad]
        self.calls.append((leaves, [t for t in tensors([outcome.value]) if t.requires_grad]))
        return {"outcome": vars(outcome), "number": len(self.calls) - 1, "state": torch.get_rng_state()}

    def do_backward(self, number: int, gradients: list) -> list:
        leaves, outputs = self.calls[number]
        with quiet():
            return list(torch.autograd.grad(outputs, leaves, gradients, allow_unused=True, retain_graph=True))

    def do_attribute(self, target: Any, name: str) -> Any:
        return {"found": getattr(target, name)}

    def do_check(self, check: str, name: str) -> dict:
        """For the few checks that need live objects: the score is made here, where it can be forged."""
        from visual_attention.classroom.remote import find_check

        report = find_check(check)(self.cells.namespace.get(name))
        parts = [(p.text, p.passed, float(p.points)) for p in report.parts]
        return {"attempted": report.attempted, "parts": parts}

    def keep(self, thing: Any) -> dict:
        self.objects.append(thing)
        kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
        return {"number": len(self.objects) - 1, "type": kind, "callable": callable(thing)}

    def find(self, reference: dict) -> Any:
        return self.objects[reference["number"]]


def tensors(value: Any) -> list[torch.Tensor]:
    """All tensors in lists, tuples and dicts, in the order in which wire.py sends them."""
    if isinstance(value, torch.Tensor):
        return [value]
    if type(value) is dict:
        value = list(value.values())
    if type(value) in (list, tuple):
        return [tensor for item in value for tensor in tensors(item)]
    return []


def main() -> None:
    """Keep the pipes for the grader, and leave the student's code neither."""
    source, sink = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    torch.set_num_threads(1)
    worker = Worker()
    while True:
        try:
            request = wire.unpack(wire.reader(source, None), worker.find)
        except wire.Garbled:  # the grader has gone
            os._exit(0)
        try:
            reply = wire.pack({"ok": worker.answer(request)}, worker.keep)
        except BaseException as error:
            reply = wire.pack({"error": f"{type(error).__name__}: {error}"[:500]}, worker.keep)
        sink.write(reply)
        sink.flush()


if __name__ == "__main__":
    sys.exit(main())
