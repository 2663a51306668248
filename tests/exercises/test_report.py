"""Reports: the score, the feedback, and that nothing a student writes breaks them."""

import functools
import os
import re
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import torch

from visual_attention.exercises import calling, report
from visual_attention.exercises.report import checks, exercise


@exercise(points=3)
def check_double(student, check):
    """Twice the input."""
    for seed in (0, 1):
        x = check.random(2, 3, seed=seed)
        got = check.call(student, x)
        check.tensor(got, shape=(2, 3), shapes={(3, 2): "Transposed."}, name="your double")
        mistakes = {"That is the square of `x`.": x * x, "Halved.": lambda x=x: x / 2}
        check.equal(got, 2 * x, points=1, mistakes=mistakes)
    x = check.random(2, 3).requires_grad_()
    check.gradients(check.call(student, x), points=1, x=x)


def double(x):
    return 2 * x


def stub(x):
    """Twice the input."""
    return None


def words(report) -> str:
    return " ".join(report.messages)


def test_right_answer_has_full_marks_as_a_number():
    report = check_double(double)
    assert (repr(report), report.score, report.points, report.messages) == ("3", 3, 3, [])


def test_a_network_s_nan_is_traced_to_the_part_where_it_begins():
    @exercise(points=1)
    def check_network(student, check):
        """A layer of three numbers."""
        check.tensor(check.call(student, check.random(2, 3)), shape=(2, 4))
        check.that(True, points=1, good="Fine.", bad="")

    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 4))
    assert check_network(network).score == 1
    with torch.no_grad():
        network[1].bias[2] = torch.nan
    assert "holds NaN in 2 of 8 places" in words(check_network(network))
    assert "It begins in the weights of 1: 1 NaN or infinite of 4 numbers." in words(check_network(network))
    assert "begins" not in words(check_network(lambda x: network(x)))  # a function has no parts to look into


def test_stub_is_not_attempted():
    report = check_double(stub)
    assert (repr(report), report.attempted) == ("0", False)
    assert "Not attempted yet" in words(report)


def test_what_a_stub_is():
    def passes(x):
        pass

    def dots(x):
        """Not yet."""
        ...

    def begun(x):
        y = 2 * x  # noqa: F841

    assert [calling.is_stub(f) for f in (stub, passes, dots, begun, double)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_not_implemented_is_not_attempted():
    def unfinished(x):
        raise NotImplementedError

    assert not check_double(unfinished).attempted


def test_what_has_given_an_answer_is_no_stub():
    """A case that is still to be written costs its own marks, and is an attempt."""

    @exercise(points=2)
    def check_both(student, check):
        """Twice a number, and of two numbers."""
        check.equal(check.call(student, torch.ones(1)), 2 * torch.ones(1), points=1)
        check.equal(check.call(student, torch.ones(2)), 2 * torch.ones(2), points=1)

    def half(x):
        if len(x) > 1:
            raise NotImplementedError
        return 2 * x

    report = check_both(half)
    assert (repr(report), report.attempted) == ("1", True)
    assert "still to be written" in words(report) and "ot attempted" not in words(report)


def test_class_with_an_empty_forward_is_a_stub():
    class Gate(torch.nn.Module):
        def forward(self, x):
            return None

    @exercise(points=1)
    def check_gate(student, check):
        """A module."""
        check.call(check.call(student), check.random(2))

    assert not check_gate(Gate).attempted


def test_forgotten_return_is_told_from_a_stub():
    def forgets(x):
        x = 2 * x

    report = check_double(forgets)
    assert report.attempted and "returned `None`" in words(report)


def test_partial_marks_and_mistakes_by_name():
    report = check_double(lambda x: x * x)
    assert repr(report) == "1"  # the gradient
    assert words(report).count("That is the square of `x`.") == 2
    assert "Halved." in words(check_double(lambda x: x / 2))


def test_a_mistake_must_match_on_all_inputs():
    calls = []

    def changes(x):
        calls.append(x)
        return x * x if len(calls) == 1 else 3 * x

    @exercise(points=1)
    def check_both(student, check):
        """Twice the input."""
        inputs = [check.random(2, 3, seed=s) for s in (0, 1)]
        got = [check.call(student, x) for x in inputs]
        check.equal(got, [2 * x for x in inputs], points=1, mistakes={"Squared.": [x * x for x in inputs]})

    assert "Squared." in words(check_both(lambda x: x * x))
    assert "Squared." not in words(check_both(changes))
    assert "wanted" in words(check_both(changes))


@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        (lambda x: x.T * 2, "wanted (2, 3), got (3, 2). Transposed."),
        (lambda x: x.numpy(), "numpy.ndarray"),
        (lambda x: (x, x), "a tuple of 2"),
        (lambda x: 2.0, "the number `2.0`"),
        (lambda x: "2x", "builtins.str"),
        (lambda x: torch.nn.ReLU, "the class `ReLU`"),
        (lambda x: x.long(), "int64"),
        (lambda x: x / 0 * 0, "NaN in 6 of 6"),
        (lambda x: x / 0, "infinity"),
        (lambda x: 2 * x.detach(), "No gradient reaches x"),
        (lambda x: 2 * x.clone().mul_(1 + 1e-9).detach() + 0 * x, "zero everywhere"),
        (lambda x: x.mul_(2), "changed its input `x` in place"),
        (lambda x: x.softmax(7), "at `(lambda x: x.softmax(7)"),
        (lambda x, y: x, "cannot be called as the exercise asks"),
        (lambda x: sys.exit(), "SystemExit"),
        (lambda x: [][0], "IndexError"),
    ],
)
def test_feedback_names_what_is_wrong(answer, fragment):
    report = check_double(answer)
    assert fragment in words(report), str(report)
    assert report.score < 3 and not report.fault


def test_recursion_and_hostile_values_end_in_a_report():
    def recursion(x):
        return recursion(x)

    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError

    def raises(x):
        raise Hostile

    assert "RecursionError" in words(check_double(recursion))
    assert "Hostile" in words(check_double(raises))
    for answer in (None, 3, "text", np.ones(3), torch.ones(3)):
        assert repr(check_double(answer)) == "0"


def test_endless_loop_is_stopped():
    def endless():
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    assert "does a loop in it ever end?" in calling.invoke(endless, (), {}, seconds=0.2).error


@exercise(points=1)
def check_patiently(student, check):
    """A check that goes on after a call that failed, as those by properties do."""
    for _ in range(9):
        check.attempt(student, check.random(2))


@pytest.mark.parametrize(
    "ends,told", [(False, "does a loop in it ever end?"), (True, "is there a slow loop?")]
)
def test_an_endless_loop_is_not_called_a_slow_one_by_a_check_that_loses_patience(monkeypatch, ends, told):
    monkeypatch.setattr(report, "PATIENCE", 0.25)
    monkeypatch.setattr(report, "invoke", functools.partial(calling.invoke, seconds=0.2))

    def student(x):
        began = time.monotonic()
        while not ends or time.monotonic() - began < 0.1:
            pass
        return x

    assert told in words(check_patiently(student))


def test_nothing_reaches_stderr_or_the_warnings(capfd):
    def noisy(x):
        print("a print")
        print("to stderr", file=sys.stderr)
        os.write(2, b"below Python")
        subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('from a child')"], check=True)
        warnings.warn("a warning", stacklevel=1)
        return 2 * x

    report = check_double(noisy)
    assert tuple(capfd.readouterr()) == ("", "")
    assert repr(report) == "3"
    assert "a print to stderr" in words(report) and "a warning" in words(report)


def test_html_is_escaped_and_says_in_words_what_colour_says():
    evil = "<img src=x onerror=alert(1)>"

    def raises(x):
        raise ValueError(evil + "`<script>`" + '"' * 3)

    page = check_double(raises)._repr_html_()
    assert "<img" not in page and "<script" not in page and "&lt;img" in page
    assert 'aria-label="Feedback on double: 0 of 3 points"' in page
    assert "Not yet." in page and "Passed." in check_double(double)._repr_html_()
    colours = re.findall(r"#[0-9a-f]{3,6}|\brgb", page)
    assert len(colours) == 1, "text takes the page's colour; only the edge has one of its own"
    assert "<code>x</code>" in check_double(lambda x: x * x)._repr_html_()


def test_points_that_do_not_add_up_are_the_checks_fault():
    @exercise(points=5)
    def check_wrong_sum(student, check):
        """Nothing."""
        check.that(True, points=1, good="Good.", bad="")

    @exercise(points=1)
    def check_too_much(student, check):
        """Nothing."""
        check.that(True, points=2, good="Good.", bad="")

    assert "add up to 1 points, not 5" in check_wrong_sum(double).fault
    assert check_too_much(double).fault and repr(check_too_much(double)) == "1"


def test_a_broken_check_returns_a_report():
    @exercise(points=1)
    def check_broken(student, check):
        """Nothing."""
        raise KeyError("x")

    report = check_broken(double)
    assert repr(report) == "0" and "KeyError" in report.fault


def test_a_check_leaves_the_random_numbers_alone():
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    check_double(lambda x: x + torch.rand(2, 3))
    assert torch.equal(torch.rand(2), wanted)


def test_what_is_left_out_is_said():
    @exercise(points=3)
    def check_gate(student, check):
        """A gate before more points."""
        if not check.that(False, points=1, good="", bad="No."):
            return
        check.that(True, points=2, good="", bad="")

    report = check_gate(double)
    assert "Not examined until this is right: 2 more points." in words(report) and not report.fault


def test_checks_are_found_by_name():
    module = type(sys)("module")
    module.check_double, module.other = check_double, double
    assert checks(module) == {"check_double": check_double}
    assert (check_double.points, check_double.__name__, check_double.__doc__) == (
        3,
        "check_double",
        "Twice the input.",
    )
