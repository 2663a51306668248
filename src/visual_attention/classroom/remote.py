"""The grader's side of the sandbox: a student's function that can be called as if it were here.

A check gets a `Remote` for the student's function. Values that come back are compared here, in a process that
the student's code never enters, and gradients travel through the sandbox as well.
"""

import dataclasses
import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

import torch

from visual_attention import rooms
from visual_attention.classroom import wire
from visual_attention.exercises.calling import Outcome
from visual_attention.exercises.feedback import Part, Report
from visual_attention.exercises.report import checks

START = 120.0  # seconds for Python and torch to load on a busy machine
HARD_LIMIT = 60.0  # seconds for one request; a call stops by itself earlier (calling.py)


def find_check(name: str) -> Callable:
    """The check of that name among all chapters."""
    for module in rooms.parts("checks").values():
        if name in (found := checks(module)):
            return found[name]
    raise LookupError(f"no check {name} in {rooms.ROOMS}")


class Sandbox:
    """A student's notebook in a process of its own.

    Args:
        command: How to start worker.py, with or without a sandbox around it.
    """

    def __init__(self, command: list[str]):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True
        )
        os.set_blocking(self.process.stdin.fileno(), False)
        self.started = False

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()
        self.process.wait()

    def ask(self, do: str, *, seconds: float = HARD_LIMIT, **request: Any) -> Any:
        """One request and its answer; Garbled when there is none."""
        if not self.started:
            self.started = True
            self.ask("find", name="", seconds=START)
        end = time.monotonic() + seconds
        try:
            wire.write(self.process.stdin, wire.pack({"do": do, **request}, _refer), end)
            reply = wire.unpack(wire.reader(self.process.stdout, end), lambda tree: Remote(self, tree))
        except wire.Garbled:
            self.process.kill()  # a late answer must not be taken for that to the next request
            raise
        if not isinstance(reply, dict) or "ok" not in reply:
            raise wire.Garbled(str(reply)[:500])
        return reply["ok"]

    def run(self, source: str, *, everything: bool, seconds: float = HARD_LIMIT) -> str:
        """Run a cell; returns its error, if any."""
        return str(self.ask("run", source=source, everything=everything, seconds=seconds))

    def student(self, name: str) -> Any:
        """The function or class of that name, or None."""
        return self.ask("find", name=name)["found"]

    def check(self, name: str, answer: str, points: float) -> Report:
        """Run a check here on an answer there; only a check marked `apart=False` runs there."""
        check = find_check(name)
        if check.apart:
            return check(self.student(answer))
        reply = self.ask("check", check=name, name=answer, seconds=10 * HARD_LIMIT)
        parts = [
            Part(str(text), None if passed is None else bool(passed), float(worth))
            for text, passed, worth in reply["parts"]
        ]
        return Report(name.removeprefix("check_"), points, parts, attempted=bool(reply["attempted"]))


class Remote:
    """Something in the sandbox: a function, a class, or an object made by one."""

    is_remote = True

    def __init__(self, sandbox: Sandbox, reference: dict):
        self.sandbox, self.reference = sandbox, reference

    def invoke(self, args: tuple, kwargs: dict) -> Outcome:
        """Call it there; used by `check.call`."""
        state = torch.get_rng_state()
        try:
            reply = self.sandbox.ask("call", target=self, args=args, kwargs=kwargs, state=state)
            outcome = _outcome(reply["outcome"])
            number = int(reply["number"])
        except (wire.Garbled, KeyError, TypeError, ValueError, AttributeError) as error:
            return Outcome(error=f"Your code left the sandbox without an answer ({error}).")
        after = reply.get("state")
        if isinstance(after, torch.Tensor) and (after.shape, after.dtype) == (state.shape, state.dtype):
            torch.set_rng_state(after)  # so that random numbers come as if the call had been made here
        leaves = [t for t in _tensors([args, kwargs]) if t.requires_grad]
        outputs = [t for t in _tensors(outcome.value) if t.requires_grad]
        if leaves and outputs:
            linked = iter(Through.apply(self.sandbox, number, [t.detach() for t in outputs], *leaves))
            outcome.value = _replace(outcome.value, linked)
        return outcome

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        outcome = self.invoke(args, kwargs)
        if outcome.error:
            raise RuntimeError(outcome.error)
        return outcome.value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.sandbox.ask("attribute", target=self, name=name)["found"]
        except wire.Garbled as error:
            raise AttributeError(name) from error


class Through(torch.autograd.Function):
    """Lets gradients pass through a call in the sandbox."""

    @staticmethod
    def forward(ctx: Any, sandbox: Sandbox, number: int, outputs: list, *leaves: torch.Tensor) -> tuple:
        ctx.sandbox, ctx.number, ctx.shapes = sandbox, number, [leaf.shape for leaf in leaves]
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple:
        try:
            found = ctx.sandbox.ask("backward", number=ctx.number, gradients=list(gradients))
        except wire.Garbled as error:
            raise RuntimeError(str(error)) from error
        fits = [
            g is None or (isinstance(g, torch.Tensor) and g.shape == s)
            for g, s in zip(found, ctx.shapes, strict=True)
        ]
        if not all(fits):
            raise RuntimeError("the gradients do not have the shapes of the inputs")
        return None, None, None, *found


def _outcome(values: dict) -> Outcome:
    known = {field.name for field in dataclasses.fields(Outcome)}
    outcome = Outcome(**{name: value for name, value in values.items() if name in known})
    outcome.error, outcome.printed = str(outcome.error)[:1000], str(outcome.printed)[:2000]
    outcome.untouched = bool(outcome.untouched)
    outcome.changed, outcome.warned = (
        [str(text) for text in texts][:10] for texts in (outcome.changed, outcome.warned)
    )
    return outcome


def _refer(thing: Any) -> dict:
    if isinstance(thing, Remote):
        return {"number": thing.reference["number"]}
    raise wire.Unsendable(f"{type(thing).__qualname__} cannot go to the sandbox: mark the check apart=False")


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for item in value for t in _tensors(item)] if isinstance(value, (list, tuple)) else []


def _replace(value: Any, linked: Any) -> Any:
    """The same value with each tensor that has a gradient replaced by the next of `linked`."""
    if isinstance(value, torch.Tensor):
        return next(linked) if value.requires_grad else value
    if isinstance(value, (list, tuple)):
        return type(value)(_replace(item, linked) for item in value)
    if isinstance(value, dict):
        return {key: _replace(item, linked) for key, item in value.items()}
    return value
