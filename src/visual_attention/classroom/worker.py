"""Runs a student's cells inside the sandbox and calls their functions for the grader.

Started by remote.py; speaks wire.py on its standard input and output. Whatever the student's code does to
this process, it can only change the values that it returns: the grader compares them in a process of its own.

The first process loads torch and reads the cells, but runs none. Each exercise is examined in a fork of it,
so that nothing that one answer does, not even leaving or crashing, reaches the next.
"""

import contextlib
import difflib
import importlib
import itertools
import mmap
import os
import pickle
import signal
import sys
import types
from collections.abc import Callable
from typing import Any, BinaryIO

import torch

from visual_attention.classroom import wire
from visual_attention.classroom.cells import Cells
from visual_attention.classroom.gradients import gradients_of, linked, with_gradient
from visual_attention.classroom.sandbox import FOLDERS
from visual_attention.exercises.calling import Outcome, at_most, invoke, quiet

KEPT = 200  # calls of which gradients can still be asked for


class Worker:
    """Answers the grader's requests."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.source, self.sink = source, sink
        self.cells = Cells()
        self.objects: list[Any] = []  # what cannot be sent, by number
        self.disk = on_disk()
        self.calls: dict[int, tuple[list, list]] = {}  # for gradients: inputs and outputs of the last calls
        self.numbers = itertools.count()
        # Shared with the fork: whether the grader waits for an answer, and the mark that it has to bear.
        self.busy, self.turn = mmap.mmap(-1, 1), mmap.mmap(-1, wire.TURN)

    def serve(self, *, first: bool) -> None:
        """Answer until the grader goes, or, in a fork, until it ends the exercise."""
        while True:
            try:
                request = dict(self.read())
            except (wire.Garbled, TypeError, ValueError):  # the grader has gone, or its pipe is spoilt
                os._exit(0)
            self.take_turn(request.pop("turn", ""))
            do = request.pop("do", "")
            if first and do == "begin":
                self.fork()
            elif first and do not in ("read", "warm"):
                self.write({"gone": "it left the process between two calls"})
            else:
                self.write(self.reply(do, request))
            if do == "end" and not first:
                os._exit(0)

    def fork(self) -> None:
        """A process for one exercise; says so if it ended and left the grader waiting."""
        child = os.fork()
        if child == 0:
            self.write({"ok": on_disk() - self.disk})
            self.serve(first=False)
        _, status = os.waitpid(child, 0)
        if self.busy[0]:
            self.write({"gone": how_it_ended(status)})

    def reply(self, do: str, request: dict) -> dict:
        try:
            return {"ok": getattr(self, f"do_{do}")(**request)}
        except BaseException as error:
            return {"error": f"{type(error).__name__}: {error}"[:500]}

    def read(self) -> Any:
        return wire.unpack(wire.reader(self.source, None), self.find)

    def write(self, reply: dict) -> None:
        """Answer the request that came last."""
        turn = {"turn": self.turn[:].decode()}
        try:
            message = wire.pack(reply | turn, self.keep)
        except BaseException as error:
            message = wire.pack({"error": f"{type(error).__name__}: {error}"[:500], **turn}, self.keep)
        self.busy[0] = 0
        self.sink.write(message)
        self.sink.flush()

    def take_turn(self, mark: str) -> None:
        self.turn[:] = mark.encode()
        self.busy[0] = 1

    def do_warm(self) -> None:
        """Load what torch loads, slowly, at the first gradient: once, not once an exercise."""
        with contextlib.suppress(ImportError):
            importlib.import_module("torch.fx.experimental.symbolic_shapes")

    def do_read(self, cell: int, source: str) -> dict:
        with quiet():
            try:
                return {"lines": self.cells.read(cell, source), "error": ""}
            except Exception as error:
                return {"lines": [], "error": f"{type(error).__name__}: {error}"[:300]}

    def do_plan(self, answer: str, own: int | None, until: int, definitions: bool) -> list:
        return self.cells.plan(answer, own, until, definitions=definitions)

    def do_step(self, cell: int, number: int, limit: float) -> tuple[str, bool]:
        return self.cells.step(cell, number, limit)

    def do_end(self) -> None:
        """The exercise has been examined; serve() then ends the process."""

    def do_find(self, name: str) -> Any:
        return {"found": self.cells.namespace.get(name)}

    def do_near(self, name: str, others: list) -> str:
        """The student's function whose name is most like this one, other exercises' left out."""
        own = [n for n, f in self.cells.namespace.items() if getattr(f, "__module__", "") == "__main__"]
        return "".join(difflib.get_close_matches(name, set(own) - set(others), 1))

    def do_call(self, target: Any, args: tuple, kwargs: dict, state: torch.Tensor, limit: float) -> dict:
        torch.set_rng_state(state)
        try:
            outcome = invoke(target, args, kwargs, seconds=limit)
            if isinstance(outcome.value, types.GeneratorType):
                with quiet(), at_most(limit):
                    outcome.value = list(itertools.islice(outcome.value, wire.MANY))
        except BaseException as error:  # an object that refuses even to be looked at
            outcome = Outcome(error=f"Your code stopped with {type(error).__name__}")
        number = next(self.numbers)
        self.calls[number] = with_gradient([args, kwargs]), with_gradient(outcome.value)
        self.calls.pop(number - KEPT, None)
        return {"outcome": vars(outcome), "number": number, "state": torch.get_rng_state()}

    def do_backward(self, number: int, gradients: list) -> list:
        leaves, outputs = self.calls[number]
        with quiet():
            return list(gradients_of(outputs, leaves, gradients))

    def do_attribute(self, target: Any, name: str) -> Any:
        return {"found": getattr(target, name)}

    def keep(self, thing: Any) -> dict:
        self.objects.append(thing)
        kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
        module = isinstance(thing, torch.nn.Module)
        return {"number": len(self.objects) - 1, "type": kind, "callable": callable(thing), "module": module}

    def find(self, reference: dict) -> Any:
        if "callback" in reference:
            return self.callback(reference["callback"])
        if "pickle" in reference:  # the grader is trusted here; it trusts nobody itself
            return pickle.loads(reference["pickle"])
        return self.objects[reference["number"]]

    def callback(self, number: int) -> Callable:
        """A function of the check's that the answer may call, and differentiate."""

        def function(*args: Any, **kwargs: Any) -> Any:
            found = self.call_back({"callback": number, "args": args, "kwargs": kwargs})
            graph = {"callback": found.get("graph")}
            leaves = with_gradient([args, kwargs]) if torch.is_grad_enabled() else []
            return linked(
                found["value"], leaves, lambda g: self.call_back({**graph, "gradients": g})["value"]
            )

        return function

    def call_back(self, message: dict) -> dict:
        self.write(message)
        answer = self.read()
        self.take_turn(answer["turn"])
        if "raised" in answer:
            raise RuntimeError(answer["raised"])
        return answer


def on_disk() -> int:
    """Bytes in the folders of the sandbox's own that can be written to; without a sandbox there are none."""
    found = [os.statvfs(folder) for folder in filter(None, os.environ.get(FOLDERS, "").split(":"))]
    return sum((about.f_blocks - about.f_bfree) * about.f_frsize for about in found)


def how_it_ended(status: int) -> str:
    """What became of a process, from os.waitpid's status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"it crashed Python itself ({signal.Signals(number).name})"
    return f"it left the process with status {os.WEXITSTATUS(status)}, as `os._exit` does"


def main() -> None:
    """Keep the pipes for the grader, and leave the student's code neither."""
    source, sink = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    torch.set_num_threads(1)
    Worker(source, sink).serve(first=True)


if __name__ == "__main__":
    sys.exit(main())
