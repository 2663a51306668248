"""The grader's side of the sandbox: a student's function that can be called as if it were here.

A check gets a `Remote` for the student's function. Values that come back are compared here, in a process that
the student's code never enters, and gradients travel through the sandbox as well.
"""

import contextlib
import dataclasses
import os
import pickle
import secrets
import signal
import subprocess
import time
import types
from collections.abc import Callable
from typing import Any

import torch

from visual_attention import rooms
from visual_attention.classroom import wire
from visual_attention.classroom.gradients import gradients_of, linked, with_gradient
from visual_attention.classroom.sandbox import DISK
from visual_attention.classroom.watch import Watch, family
from visual_attention.exercises.calling import Outcome
from visual_attention.exercises.feedback import Report
from visual_attention.exercises.report import checks

START = 120.0  # seconds for Python and torch to load on a busy machine
SECONDS = 30.0  # for one statement or one call; it is then interrupted
CALLS = 4  # times SECONDS is what all calls of one exercise may take together
GRACE = 5.0  # seconds more, after which a process that heeds no interrupt is killed


def find_check(name: str, chapter: str = "") -> Callable:
    """The check of that name: of that chapter, or else of the first that has it; no others are loaded."""
    for stem in sorted(rooms.stems(), key=lambda stem: stem != chapter):
        module = rooms.part(stem, "checks")
        if module and name in (found := checks(module)):
            return found[name]
    raise LookupError(f"no check {name} in {rooms.ROOMS}")


class Sandbox:
    """A student's notebook in a process of its own, and each exercise in a fork of that.

    Args:
        command: How to start worker.py, with or without a sandbox around it.
        seconds: The longest that one statement or one call may run.
        chapter: The stem of the chapter whose checks are looked at first.
    """

    def __init__(self, command: list[str], *, seconds: float = SECONDS, chapter: str = ""):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True
        )
        os.set_blocking(self.process.stdin.fileno(), False)
        self.seconds, self.chapter, self.watch = seconds, chapter, Watch(self.process.pid)
        self.alive, self.begun, self.starved = True, False, False
        self.size = 0  # how many processes stand there while no exercise is examined
        self.callbacks: list[Callable] = []  # functions of the check's, by number
        self.graphs: list[tuple[list, list]] = []  # inputs and outputs of each call of them
        self.left = float("inf")  # seconds that the calls of the exercise under examination may still take

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.end()

    def end(self) -> None:
        """Kill it and all that it started."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # the group that start_new_session made
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()

    def ask(self, do: str, *, seconds: float | None = None, **request: Any) -> Any:
        """One request and its answer; Garbled, and the sandbox at an end, when there is none."""
        if not self.alive:
            raise wire.Garbled(wire.ENDED)
        began = time.monotonic()
        end = began + min(seconds or self.seconds + GRACE, self.left)
        try:
            reply = self._exchange({"do": do, **request}, end)
            while "callback" in reply:
                reply = self._exchange(self._called_back(reply), end)
        except wire.Garbled as garbled:
            self.end()  # a late answer must not be taken for that to the next request
            self.starved = isinstance(garbled, wire.Starved)
            raise
        finally:
            self.left -= time.monotonic() - began
        if "ok" not in reply:
            self.begun = self.begun and "gone" not in reply
            raise wire.Garbled(str(reply.get("gone") or reply.get("error"))[:500])
        return reply["ok"]

    def _exchange(self, message: dict, end: float) -> dict:
        turn = secrets.token_hex(wire.TURN // 2)  # a reply written before it was asked for cannot bear it
        wire.write(self.process.stdin, wire.pack({**message, "turn": turn}, self._refer), end)
        read = wire.reader(self.process.stdout, end, self.watch)
        reply = wire.unpack(read, lambda tree: Remote(self, tree))
        if not isinstance(reply, dict) or reply.get("turn") != turn:
            raise wire.Garbled("it spoke in the sandbox's name")
        return reply

    def _called_back(self, call: dict) -> dict:
        """The answer calls a function that the check handed to it, or wants the gradients of such a call."""
        try:
            if "gradients" in call:
                leaves, outputs = self.graphs[call["callback"]]
                return {"value": list(gradients_of(outputs, leaves, call["gradients"]))}
            with torch.enable_grad():
                value = self.callbacks[call["callback"]](*call["args"], **call["kwargs"])
            self.graphs.append((with_gradient([call["args"], call["kwargs"]]), with_gradient(value)))
            return {"value": value, "graph": len(self.graphs) - 1}
        except Exception as error:
            return {"raised": f"{type(error).__name__}: {error}"[:300]}

    def _refer(self, thing: Any) -> dict:
        """What stands for something that is no value: the sandbox's own objects, functions, networks.

        A network goes there as a pickle, which nobody would accept the other way.
        """
        if isinstance(thing, Remote):
            return {"number": thing.reference["number"]}
        if isinstance(thing, types.FunctionType):
            self.callbacks.append(thing)
            return {"callback": len(self.callbacks) - 1}
        if isinstance(thing, torch.nn.Module):
            return {"pickle": pickle.dumps(thing)}
        kind = type(thing).__qualname__
        raise wire.Unsendable(f"{kind} cannot go to the sandbox")

    def backward(self, number: int, gradients: list) -> list:
        """The gradients that a call there leads to."""
        try:
            return self.ask("backward", number=number, gradients=gradients)
        except wire.Garbled as error:
            raise RuntimeError(str(error)) from error

    def warm(self) -> None:
        """Wait until it has started."""
        self.ask("warm", seconds=START)
        self.size = len(family(self.process.pid))

    def begin(self) -> None:
        """Examine the next exercise in a new process; Garbled if the last one has left anything behind."""
        self.left = float("inf")
        if self.begun:
            self.ask("end")
        filled = self.ask("begin")
        self.begun = True
        self.callbacks.clear()
        self.graphs.clear()
        many = self.size and len(family(self.process.pid)) > self.size + 1
        if many or not isinstance(filled, int) or filled > DISK // 4:
            self.end()
            raise wire.Garbled(wire.ENDED)

    def student(self, name: str) -> Any:
        """The function or class of that name, or None."""
        return self.ask("find", name=name)["found"]

    def check(self, name: str, answer: str) -> Report:
        """Run a check here on an answer there; the check's own time is not counted."""
        check = find_check(name, self.chapter)
        self.left = CALLS * self.seconds
        return check(self.student(answer))


class Remote:
    """Something in the sandbox: a function, a class, or an object made by one."""

    is_remote = True

    def __init__(self, sandbox: Sandbox, reference: dict):
        self.sandbox, self.reference = sandbox, reference

    def invoke(self, args: tuple, kwargs: dict) -> Outcome:
        """Call it there; used by `check.call`."""
        state = torch.get_rng_state()
        try:
            seconds = self.sandbox.seconds
            reply = self.sandbox.ask(
                "call", target=self, args=args, kwargs=kwargs, state=state, limit=seconds
            )
            outcome = _outcome(reply["outcome"])
            number = int(reply["number"])
        except wire.Garbled as garbled:
            return Outcome(error=f"Your code gave no answer: {garbled}.")
        except (KeyError, TypeError, ValueError, AttributeError):
            return Outcome(error="Your code gave no answer: it spoke in the sandbox's name.")
        after = reply.get("state")
        if isinstance(after, torch.Tensor) and (after.shape, after.dtype) == (state.shape, state.dtype):
            torch.set_rng_state(after)  # so that random numbers come as if the call had been made here
        outcome.value = linked(
            outcome.value, with_gradient([args, kwargs]), lambda g: self.sandbox.backward(number, g)
        )
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


def _outcome(values: dict) -> Outcome:
    known = {field.name for field in dataclasses.fields(Outcome)}
    outcome = Outcome(**{name: value for name, value in values.items() if name in known})
    outcome.error, outcome.printed = str(outcome.error)[:1000], str(outcome.printed)[:2000]
    outcome.untouched = bool(outcome.untouched)
    outcome.changed, outcome.warned = (
        [str(text) for text in texts][:10] for texts in (outcome.changed, outcome.warned)
    )
    return outcome
