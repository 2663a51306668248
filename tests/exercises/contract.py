"""What every check of the course keeps: full marks, none, and a message of its own for each mistake.

A chapter's test is a table and a call:

    WRONG = {"check_spatial_softmax": [(softmax_over_columns, "a softmax over the wrong axis"), ...]}

    def test_checks():
        contract(soft, solutions("soft"), WRONG)

The answers of a check may also be a dict, {"a softmax over the wrong axis": softmax_over_columns}.
"""

import functools
import importlib.util
import inspect
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from visual_attention.exercises.asked import returned
from visual_attention.exercises.report import checks

ROOT = Path(__file__).parents[2]
LEAST = 8  # wrong answers for each check


def solutions(stem: str) -> ModuleType:
    """book/solutions/<stem>.py as a module."""
    spec = importlib.util.spec_from_file_location(f"solutions_{stem}", ROOT / "book/solutions" / f"{stem}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def contract(module: ModuleType, solved: ModuleType, wrong: dict, *, least: int = LEAST) -> None:
    """Hold all checks of a module to the contract; lists everything that is amiss at once."""
    found, amiss = checks(module), []
    if set(found) != set(wrong):
        amiss.append(f"checks are {sorted(found)}, the table has {sorted(wrong)}")
    for name in sorted(set(found) & set(wrong)):
        answers = wrong[name]
        if isinstance(answers, dict):
            answers = [(answer, fragment) for fragment, answer in answers.items()]
        amiss += [f"{name}: {text}" for text in shortcomings(found[name], name, solved, answers, least)]
    assert not amiss, "\n" + "\n".join(amiss)


def shortcomings(check, name: str, solved: ModuleType, wrong: list, least: int):
    """Everything in which one check falls short."""
    if not (check.__doc__ or "").strip():
        yield "has no docstring that says what is asked"
    solution = getattr(solved, name.removeprefix("check_"), None)
    if solution is None:
        yield f"no {name.removeprefix('check_')} among the solutions"
        return
    touched: set[str] = set()
    yield from of_solution(check, solution, touched)
    yield from of_stub(check)
    yield from of_wrong_answers(check, wrong, least)
    yield from of_rubbish(check)
    if inspect.isfunction(solution):
        report = check(memoriser(solution))
        if report.score >= report.points:
            yield "an answer that only remembers its first result gets full marks: check a second input"
    if hasattr(check, "asked"):  # an examined check, see properties.py
        yield from of_listed_mistakes(check)
        yield from of_right_answers(check, solution, touched)
        yield from of_spoilt_answers(check, solution)


def of_solution(check, solution, touched: set[str]):
    """Full marks, twice; notes which of the changes to right answers touch what it returns."""

    def noted(tensor):
        touched.update(label for label, change in CHANGES.items() if change(tensor) is not tensor)
        return tensor

    if not inspect.isfunction(solution):  # a class: what its objects return is not seen from here
        touched.update(CHANGES)
    report = check(changed(solution, noted) if inspect.isfunction(solution) else solution)
    if report.score != report.points or repr(report) != f"{report.points:g}" or report.points != check.points:
        yield f"the solution gets {report!r} of {report.points:g}:\n{report}"
    if report.fault:
        yield f"the check is at fault: {report.fault}"
    if str(check(solution)) != str(report):
        yield "the same answer gets another report the second time"


def of_stub(check):
    def stub(*args, **kwargs):
        """What is asked."""
        return None

    report = check(stub)
    if repr(report) != "0" or report.attempted or not any("ot attempted" in m for m in report.messages):
        yield f"the stub is not told that it is not attempted yet:\n{report}"


def of_wrong_answers(check, wrong: list, least: int):
    if len(wrong) < least:
        yield f"only {len(wrong)} wrong answers, {least} wanted"
    reports = [check(answer) for answer, _ in wrong]
    for (answer, fragment), report in zip(wrong, reports, strict=True):
        label = getattr(answer, "__name__", repr(answer))
        if report.score >= report.points:
            yield f"the wrong answer {label} gets full marks"
        if report.fault or not report.attempted:
            yield f"the wrong answer {label} is not examined properly: {report.fault}\n{report}"
        if fragment not in " ".join(report.messages):
            yield f"the wrong answer {label} is not told {fragment!r}:\n{report}"
    for i, (_, fragment) in enumerate(wrong):
        for j, report in enumerate(reports):
            if i != j and fragment in " ".join(report.messages):
                name_i, name_j = (getattr(wrong[k][0], "__name__", k) for k in (i, j))
                yield f"{fragment!r} is meant for {name_i} but {name_j} is told the same"


def of_listed_mistakes(check):
    """Each mistake that a check lists is told by name, and by its own name only."""
    mistakes = check.asked.mistakes
    for text, mistake in check.asked.variants:
        report = check(mistake)
        told = [other for other in mistakes if any(other in message for message in report.messages)]
        if report.score >= report.points or report.fault or told != [text]:
            yield f"the listed mistake {text!r} is told {told}:\n{report}\n{report.fault}"


CHANGES = {  # of a tensor that is right, to one that is right, too
    "float64": lambda t: t.double() if t.is_floating_point() else t,
    "int32": lambda t: t if t.is_floating_point() or t.dtype is torch.bool else t.int(),
    "with other strides": lambda t: t.mT.contiguous().mT if t.ndim > 1 else t,
}


def of_right_answers(check, solution, touched: set[str]):
    """What differs from the solution in its type of number or in its means only is right."""
    for label in sorted(touched):
        report = check(changed(solution, CHANGES[label]))
        if report.score < report.points:
            yield f"a right answer as {label} loses marks:\n{report}"
    report = check(switches_gradients_off(solution))
    if report.score < report.points:
        yield f"a right answer that calls set_grad_enabled(False) spoils later calls:\n{report}"


def of_spoilt_answers(check, solution):
    """Right answers that one operation spoils lose marks, in every exercise, and no more than they must."""
    asked = check.asked
    observed = any(case.observe is not returned for case in asked.cases)  # e.g. slopes
    if not observed and any(1 in case.want.shape for case in asked.cases if case.situation.kind == "one"):
        report = check(changed(solution, torch.squeeze))
        if report.score >= report.points:
            yield "an answer that is squeezed gets full marks"
    report = check(changed(solution, lambda t: t.detach()))
    if (report.score < report.points) != bool(asked.gradients or sees_gradients(asked)):
        yield f"gradients count, or do not, against what the exercise says:\n{report}"


def sees_gradients(asked) -> bool:
    """Whether what the check looks at in place of a result is another thing without gradients."""
    cut = changed(asked.right, lambda t: t.detach())
    looks = [case for case in asked.cases if case.observe is not returned]
    seen = [(case.want, asked.attempted(cut, case.args, case.observe)) for case in looks]
    return any(got is None or not torch.allclose(got.double(), want.double()) for want, got in seen)


def changed(solution, change):
    """The solution with its tensors changed."""

    @functools.wraps(solution)
    def answer(*args, **kwargs):
        return each(solution(*args, **kwargs))

    def each(value):
        if isinstance(value, (tuple, list)):
            return tuple(map(each, value))
        return change(value) if isinstance(value, torch.Tensor) else value

    return answer


def switches_gradients_off(solution):
    def answer(*args, **kwargs):
        value = solution(*args, **kwargs)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return value

    return answer


def of_rubbish(check):
    """Whatever comes, the check returns a report, without full marks and with nothing on stderr."""
    for label, answer in rubbish().items():
        before, sys.stderr = sys.stderr, Loud()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                report = check(answer)
                float(repr(report)), report._repr_html_(), str(report)
        except BaseException as error:
            yield f"raises {type(error).__name__} when an answer is {label}"
            continue
        finally:
            heard, sys.stderr = sys.stderr.heard, before
        if heard:
            yield f"lets {heard[:80]!r} through to stderr when an answer is {label}"
        if report.score >= report.points:
            yield f"gives full marks when an answer is {label}"


class Loud:
    """A stand-in for stderr that remembers."""

    def __init__(self) -> None:
        self.heard = ""

    def write(self, text: str) -> int:
        self.heard += text
        return len(text)

    def flush(self) -> None:
        pass


def rubbish() -> dict:
    def recursion(*args, **kwargs):
        return recursion(*args, **kwargs)

    def leaves(*args, **kwargs):
        raise SystemExit(3)

    def raises(*args, **kwargs):
        raise ValueError("<img src=x onerror=alert(1)>")

    def noisy(*args, **kwargs):
        warnings.warn("careful", stacklevel=1)
        print("to stderr", file=sys.stderr)
        return torch.zeros(1)

    class Hostile:
        def __getattr__(self, name):
            raise RuntimeError("no")

        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

    values = {
        "text": "weights",
        "a number": 3.0,
        "True": True,
        "a NumPy array": np.ones((2, 3), dtype=np.float32),
        "a tuple": (torch.ones(2), torch.ones(2)),
        "an integer tensor": torch.ones(2, 3, dtype=torch.int64),
        "a scalar": torch.tensor(float("nan")),
        "an empty tensor": torch.empty(0),
        "a complex tensor": torch.ones(2, dtype=torch.complex64),
        "a sparse tensor": torch.eye(3).to_sparse(),
        "an object that refuses": Hostile(),
    }
    answers = {label: lambda *a, _v=value, **k: _v for label, value in values.items()}
    functions = {"recursion": recursion, "sys.exit": leaves, "an exception": raises, "noise": noisy}
    return {**answers, **functions, "not a function": 7, "None": None, "a class": Hostile}


def memoriser(solution):
    """Gives the right result for the first input, and for each later one the same again."""
    memory = []

    def first_result(*args, **kwargs):
        if not memory:
            memory.append(solution(*args, **kwargs))
        return memory[0]

    return first_result
