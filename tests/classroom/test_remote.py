"""A student's code in another process behaves for a check as it does here, and cannot forge a score."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import torch

from visual_attention.chapters.soft.checks import check_attention_pool, check_spatial_softmax
from visual_attention.classroom import sandbox
from visual_attention.classroom.remote import Sandbox
from visual_attention.classroom.worker import Cells, is_definition
from visual_attention.exercises.report import exercise

SETUP = """
import os, sys, torch
from torch import nn

def plus(x, scale=1.0): return (x + 1) * scale
def right(scores, temperature=1.0): return (scores / temperature).flatten(1).softmax(1).view_as(scores)
def rows(scores, temperature=1.0): return (scores / temperature).softmax(-1)
def stub(scores, temperature=1.0): return None
def in_place(scores, temperature=1.0): scores += 1; return right(scores, temperature)
def raises(scores, temperature=1.0): raise ValueError("no <luck>")
def leaves(scores, temperature=1.0): os._exit(0)
def noisy(scores, temperature=1.0):
    print("hello"); os.write(1, b"garbage on the pipe?"); return right(scores, temperature)
def half(features, weights): return (features * weights.detach()).sum(dim=(2, 3))
def sample(n): return torch.rand(n)
def both(x): return {"a": (2 * x, x.detach()), "b": [x.sum()]}

class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)
    def weights(self, x): return self.conv(x).sigmoid()
    def forward(self, x): return x * self.weights(x)
"""


@pytest.fixture(scope="module")
def student():
    """A worker that is not confined, for speed: the functions above by name."""
    with Sandbox(sandbox.plain()) as box:
        assert box.run(SETUP, everything=False) == ""
        yield box.student


def test_a_call_and_its_arguments(student):
    x = torch.randn(2, 3)
    outcome = student("plus").invoke((x,), {"scale": 3.0})
    assert torch.allclose(outcome.value, (x + 1) * 3) and not outcome.error
    assert student("nothing") is None


def test_checks_come_out_as_they_do_here(student):
    here: dict = {}
    exec(SETUP, here)
    for name in ("right", "rows", "stub", "in_place"):
        near, far = check_spatial_softmax(here[name]), check_spatial_softmax(student(name))
        assert str(near) == str(far), name
        assert repr(near) == {"right": "4"}.get(name, "0") and not far.fault
    assert "ValueError: no <luck>" in " ".join(check_spatial_softmax(student("raises")).messages)
    assert "`def raises" in " ".join(check_spatial_softmax(student("raises")).messages)
    assert repr(check_spatial_softmax(student("noisy"))) == "4"
    near, far = check_attention_pool(here["half"]), check_attention_pool(student("half"))
    assert str(near) == str(far) and "No gradient reaches weights, though" in str(far)


def test_gradients_travel(student):
    x = torch.randn(2, 3, requires_grad=True)
    value = student("both").invoke((x,), {}).value
    assert not value["a"][1].requires_grad
    (gradient,) = torch.autograd.grad(value["a"][0].sum() + 5 * value["b"][0], x)
    assert torch.equal(gradient, torch.full((2, 3), 7.0))


def test_random_numbers_come_as_if_the_call_were_here(student):
    torch.manual_seed(5)
    wanted = torch.rand(3), torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(student("sample").invoke((3,), {}).value, wanted[0])
    assert torch.equal(torch.rand(3), wanted[1])


def test_a_class_and_its_methods(student):
    @exercise(points=3)
    def check_gate(Gate, check):
        """A module with weights."""
        gate = check.call(Gate, 5)
        x = check.random(2, 5, 3, 7).requires_grad_()
        weights = check.tensor(check.call(gate.weights, x), shape=(2, 1, 3, 7))
        check.equal(check.call(gate, x), x * weights, points=2)
        check.gradients(check.call(gate, x), points=1, x=x)

    report = check_gate(student("Gate"))
    assert repr(report) == "3", str(report)


def test_what_cannot_be_sent_is_the_checks_fault(student):
    @exercise(points=1)
    def check_callback(student, check):
        """A function of a function."""
        check.call(student, lambda x: x)

    assert "apart=False" in check_callback(student("plus")).fault


FORGERIES = """
check_spatial_softmax = lambda f: 4
import visual_attention.chapters.soft.checks as s; s.check_spatial_softmax = lambda f: 4
import visual_attention.exercises.report as r; r.Check.equal = lambda *a, **k: True
import visual_attention.exercises.feedback as f; f.Report.score = property(lambda s: s.points)
import visual_attention.exercises.calling as c; c.is_stub = lambda f: False
torch.allclose = torch.equal = lambda *a, **k: True
sys.modules["visual_attention.chapters.soft.checks"] = sys
torch.Tensor.__eq__ = torch.Tensor.__ne__ = lambda *a: torch.tensor(True)
"""


def test_forgeries_earn_nothing():
    with Sandbox(sandbox.plain()) as box:
        box.run(SETUP, everything=True)
        for forgery in FORGERIES.strip().splitlines():
            assert box.run(forgery, everything=True) == ""
            assert box.check("check_spatial_softmax", "rows", 4).score == 0, forgery


def test_a_forged_answer_on_the_pipe_earns_nothing():
    """The worst case: the student's code finds the pipe and answers in the worker's place."""
    forge = """
import gc, io
from visual_attention.classroom import wire
def rows(scores, temperature=1.0):
    reply = {"ok": {"outcome": {"value": None, "score": 4, "points": 4}, "score": 4}}
    for thing in gc.get_objects():
        if isinstance(thing, io.BufferedWriter):
            try: thing.write(wire.pack(reply, None)); thing.flush()
            except Exception: pass
    return scores
"""
    with Sandbox(sandbox.plain()) as box:
        box.run(SETUP, everything=True)
        box.run(forge, everything=True)
        assert box.check("check_spatial_softmax", "rows", 4).score == 0


def test_an_end_without_an_answer_is_feedback():
    with Sandbox(sandbox.plain()) as box:
        box.run(SETUP, everything=True)
        report = box.check("check_spatial_softmax", "leaves", 4)
        assert report.score == 0 and "left the sandbox without an answer" in " ".join(report.messages)


def test_only_imports_definitions_and_constants_run_at_first():
    cells = Cells()
    source = "import math\nrate: float = 0.5\nresult = math.sqrt(4)\nprint(1/0)\ndef f(x): return x * rate\n"
    assert cells.run(source, everything=False) == ""
    assert "result" not in cells.namespace and cells.namespace["f"](4) == 2
    assert "ZeroDivisionError" in cells.run(source, everything=True)
    assert cells.run("%matplotlib inline\n!ls\nx = 1", everything=True) == "" and cells.namespace["x"] == 1
    assert "SyntaxError" in cells.run("def (", everything=True)
    assert not is_definition(__import__("ast").parse("while True: pass").body[0])


confined = pytest.mark.skipif(bool(sandbox.available()), reason=sandbox.available() or "-")


@confined
def test_the_sandbox_sees_no_files_and_no_network(tmp_path):
    secret = tmp_path / "gradebook.db"
    secret.write_text("grades")
    home = Path(__file__).parents[2]
    probe = f"""
import os, pathlib, socket
def tries(path):
    found = []
    for place in ({str(secret)!r}, {str(home / "pyproject.toml")!r}, {__file__!r}, "/etc/passwd"):
        if os.path.exists(place): found.append(place)
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1); found.append("network")
    except ConnectionRefusedError: pass
    except OSError: pass
    found += [name for name in os.environ if "KEY" in name or "TOKEN" in name or name == "VISIBLE"]
    try:
        os.remove(path); found.append("removed")
    except OSError: pass
    try:
        open({str(Path(sandbox.__file__))!r}, "a"); found.append("package")
    except OSError: pass
    return found + [f"{{len([p for p in os.listdir('/proc') if p.isdigit()])}} processes"]
"""
    os.environ["VISIBLE"] = "1"
    try:
        with Sandbox(sandbox.confined()) as box:
            assert box.run(probe, everything=False) == ""
            found = box.student("tries").invoke((str(secret),), {}).value
    finally:
        del os.environ["VISIBLE"]
    assert found[:-1] == [] and int(found[-1].split()[0]) <= 3
    assert secret.read_text() == "grades"


@confined
def test_the_sandbox_runs_torch_and_limits_memory():
    with Sandbox(sandbox.confined()) as box:
        box.run(
            SETUP + "\ndef hungry(x): return torch.ones(8 * 2**30, dtype=torch.uint8).sum()", everything=False
        )
        assert box.check("check_spatial_softmax", "right", 4).score == 4
        assert "RuntimeError" in box.student("hungry").invoke((1,), {}).error


def test_this_python_is_in_the_sandbox_and_the_whole_disk_is_not():
    folders = [Path(folder) for folder in sandbox.readable()]
    assert Path("/") not in folders and Path.home() not in folders
    executable = Path(sys.executable).resolve()
    assert any(f in executable.parents for f in [*folders, Path("/usr")])


@confined
def test_a_course_that_lies_below_tmp_is_seen_in_the_sandbox(tmp_path, monkeypatch):
    """The sandbox has an empty /tmp of its own; what it must read has to be laid over that."""
    shutil.copytree(sandbox.package_folder() / "visual_attention", tmp_path / "visual_attention")
    monkeypatch.setattr(sandbox, "package_folder", lambda: tmp_path)
    with Sandbox(sandbox.confined()) as box:
        assert (
            box.run(
                "import visual_attention\ndef where(x): return visual_attention.__file__", everything=False
            )
            == ""
        )
        assert box.student("where").invoke((1,), {}).value == str(
            tmp_path / "visual_attention" / "__init__.py"
        )
