"""Call a student's function so that nothing it does hurts the check: errors, endless loops, prints, warnings.

nbgrader scores a cell that wrote to stderr as zero, so everything written is caught and handed back as text.
"""

import contextlib
import dis
import inspect
import io
import linecache
import os
import signal
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from visual_attention.exercises.means import means_of

LATE = "Your code was stopped after"  # so begins what is said of a call that took too long
STUB_INSTRUCTIONS = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP"}


class OutOfTime(BaseException):
    """Raised inside a student's function that runs too long; no `except Exception` swallows it."""


@dataclass
class Outcome:
    """What came of one call: the value, or the reason why there is none, and all that was said meanwhile."""

    value: Any = None
    error: str = ""  # one sentence for the student; empty when the call returned
    untouched: bool = False  # the stub is as it was handed out
    changed: list[str] = field(default_factory=list)  # arguments that the call changed in place
    printed: str = ""
    warned: list[str] = field(default_factory=list)
    means: list[str] = field(default_factory=list)  # what an exercise may forbid; see means.py


def invoke(function: Callable, args: tuple, kwargs: dict, *, seconds: float = 20.0) -> Outcome:
    """Call `function` and return an Outcome, whatever happens inside."""
    before = snapshot(args, kwargs)
    outcome = Outcome(means=means_of(function))
    with quiet() as said, settings_kept():
        try:
            with at_most(seconds):
                outcome.value = function(*args, **kwargs)
        except OutOfTime:
            outcome.error = f"{LATE} {seconds:g} seconds: does a loop in it ever end?"
        except BaseException as error:
            outcome.untouched = isinstance(error, NotImplementedError) and raised_on_purpose(error)
            outcome.error = "" if outcome.untouched else story(error, function)
        else:
            outcome.untouched = outcome.value is None and is_stub(function)
    outcome.printed, outcome.warned = said.printed, said.warned
    if changed := [name for name, old, new in before if differs(old, new)]:
        names = parameter_names(function)
        outcome.changed = [names.get(name, f"argument {name}") for name in changed]
    return outcome


def is_stub(function: Callable) -> bool:
    """Whether a function's body does nothing at all: it is still the stub that was handed out."""
    code = getattr(function, "__code__", None) or getattr(
        getattr(function, "forward", None), "__code__", None
    )
    return code is not None and {step.opname for step in dis.get_instructions(code)} <= STUB_INSTRUCTIONS


def raised_on_purpose(error: BaseException) -> bool:
    """Whether a `raise` in the student's own lines made the error: torch raises NotImplementedError, too."""
    frame = error.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    if frame.tb_frame.f_code.co_filename in (__file__, torch.__file__) or frame.tb_lasti < 0:
        return False
    own = Path(torch.__file__).parent not in Path(frame.tb_frame.f_code.co_filename).parents
    return own and dis.opname[frame.tb_frame.f_code.co_code[frame.tb_lasti]] == "RAISE_VARARGS"


@contextlib.contextmanager
def settings_kept() -> Iterator[None]:
    """Let gradients flow, and undo what a student's code changes for all of torch."""
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    try:
        yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)


def story(error: BaseException, function: Callable) -> str:
    """Tell an exception in one sentence with the student's own line."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # an exception whose own text raises
        text = type(error).__name__
    text = " ".join(text.split())[:300]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    if not frames:
        return f"Your code cannot be called as the exercise asks: {text}."
    code = getattr(function, "__code__", None)
    own = [f for f in frames if code is not None and f.filename == code.co_filename]
    frame = (own or frames)[-1]
    line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()[:100]
    place = f" at `{line}`" if line else f" in line {frame.lineno}"
    return f"Your code stopped{place} with {text}"


@dataclass
class Said:
    printed: str = ""
    warned: list[str] = field(default_factory=list)


@contextlib.contextmanager
def quiet() -> Iterator[Said]:
    """Catch prints, warnings and whatever reaches stderr, by Python or below it."""
    said, text = Said(), io.StringIO()
    with (
        stderr_descriptor_kept_apart(),
        contextlib.redirect_stdout(text),
        contextlib.redirect_stderr(text),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            said.printed = text.getvalue()[:2000]
            said.warned = list(dict.fromkeys(str(w.message)[:300] for w in caught or []))


@contextlib.contextmanager
def stderr_descriptor_kept_apart() -> Iterator[None]:
    """Send file descriptor 2 to a temporary file: C++ code and subprocesses write there."""
    try:
        saved = os.dup(2)
    except OSError:  # no such descriptor: an embedded interpreter
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Interrupt the body after some seconds, where there is an alarm (not on Windows, not in threads)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def snapshot(args: tuple, kwargs: dict) -> list[tuple[int | str, torch.Tensor, torch.Tensor]]:
    """Copies of all tensors among the arguments, one level deep in lists and tuples."""
    copies = []
    for name, value in [*enumerate(args), *kwargs.items()]:
        for tensor in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(tensor, torch.Tensor):
                copies.append((name, tensor.detach().clone(), tensor))
    return copies


def differs(old: torch.Tensor, new: torch.Tensor) -> bool:
    new = new.detach()
    if old.shape != new.shape or old.dtype != new.dtype:
        return True
    if torch.equal(old, new):  # nearly always, and several times as fast as what nan needs
        return False
    return bool(((old != new) & ~(old.isnan() & new.isnan())).any())


def parameter_names(function: Callable) -> dict[int | str, str]:
    """Positions and keywords -> how the student named them."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}
    return {**{i: f"`{n}`" for i, n in enumerate(names)}, **{n: f"`{n}`" for n in names}}
