"""A student's code in another process behaves for a check as it does here, and cannot forge a score."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.classroom.conftest import run_in
from visual_attention.chapters.soft.checks import check_attention_pool, check_spatial_softmax
from visual_attention.chapters.spatial.checks import check_which_then_where
from visual_attention.classroom import sandbox, wire
from visual_attention.classroom.remote import Remote, Sandbox
from visual_attention.classroom.watch import family
from visual_attention.classroom.worker import KEPT
from visual_attention.exercises.report import exercise
from visual_attention.exercises.values import is_module

SETUP = """
import os, signal, sys, threading, time, torch
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

def apply(x, function): return function(x) + function(x, less=1.0) + function(x) * 0
def leaves_later(x): threading.Timer(0.1, os._exit, [3]).start(); return x
def deaf(x):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True: pass
def rest(seconds): time.sleep(seconds); return 0
def breed(count, wait=20):
    for _ in range(count):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    time.sleep(wait)
    return count
def hungry(x): return torch.ones(8 * 2**30, dtype=torch.uint8).sum()
def fills(folder):
    written = 0
    for number in range(40):
        try:
            with open(f"{folder}/{number}", "wb") as file:
                for _ in range(100): written += file.write(bytes(2**20))
        except OSError: pass
    return written
def where(x):
    import visual_attention
    return visual_attention.__file__
def slope(f, x):
    x = x.requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]
def around(f, x): return f(2 * x)
def moved(network):
    with torch.no_grad():
        for parameter in network.parameters(): parameter += 2
    return network
def bytes_of(): return bytes([128, 4, 78, 46])
class Reduced:
    def __reduce__(self): return print, ("run",)
def pickled(): return Reduced()
def cbam(x, which, where): x = x * which(x); return x * where(x)
def cbam_swapped(x, which, where): x = x * where(x); return x * which(x)

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
        box.warm()
        box.begin()
        assert run_in(box, SETUP) == []
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


def test_functions_of_the_checks_can_be_called_from_there(student):
    calls = []

    def triple(x, *, less=0.0):
        calls.append(x)
        return 3 * x - less

    outcome = student("apply").invoke((torch.ones(2), triple), {})
    assert torch.equal(outcome.value, torch.full((2,), 5.0)) and len(calls) == 3 and not outcome.error
    outcome = student("apply").invoke((torch.ones(2), lambda x: 1 / 0), {})
    assert "ZeroDivisionError" in outcome.error
    assert torch.equal(student("plus").invoke((torch.ones(2),), {}).value, torch.full((2,), 2.0))


def test_gradients_pass_through_functions_of_the_checks(student):
    """The check's function is differentiated in the sandbox, and from here through the sandbox."""
    weight = torch.tensor(3.0, requires_grad=True)
    x = torch.randn(4, requires_grad=True)

    def cube(x):
        return weight * x**3

    value = student("slope").invoke((cube, x.detach()), {}).value
    assert torch.allclose(value, 9 * x.detach() ** 2) and not value.requires_grad
    value = student("around").invoke((cube, x), {}).value
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert torch.allclose(gradient, 2 * 9 * (2 * x.detach()) ** 2, atol=1e-4)


def test_the_check_that_hands_functions_to_the_answer(student):
    assert repr(check_which_then_where(student("cbam"))) == "3"
    report = check_which_then_where(student("cbam_swapped"))
    assert repr(report) == "0" and "The order is swapped" in str(report)


def test_networks_go_there_and_what_becomes_of_them_can_be_called(student):
    torch.manual_seed(0)
    network, x = torch.nn.Linear(3, 2), torch.randn(5, 3)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    given = student("moved").invoke((network,), {}).value
    assert is_module(given) and not is_module(student("moved")) and is_module(network)
    assert torch.allclose(given(x), network(x) + 2 * x.sum(1, keepdim=True) + 2)
    now = list(given.parameters())
    assert all(torch.allclose(n, b + 2) for n, b in zip(now, before, strict=True))
    assert all(map(torch.equal, network.parameters(), before)), "the grader's own is untouched"


def test_only_the_last_calls_are_kept(student):
    x = torch.ones(2, requires_grad=True)
    first = student("plus").invoke((x,), {}).value
    for _ in range(KEPT):
        student("plus").invoke((x,), {})
    with pytest.raises(RuntimeError):
        torch.autograd.grad(first.sum(), x)


def test_what_cannot_be_sent_is_the_checks_fault(student):
    @exercise(points=1)
    def check_set(student, check):
        """A function of a set."""
        check.call(student, {1, 2})

    assert "set cannot go to the sandbox" in check_set(student("plus")).fault


def test_nothing_that_comes_back_is_unpickled(student):
    """Pickles go one way only."""
    outcome = student("bytes_of").invoke((), {})
    assert outcome.value == b"\x80\x04N."
    assert type(student("pickled").invoke((), {}).value) is Remote


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
FORGED = """
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


@pytest.fixture(scope="module")
def boxes():
    """Workers that are shared as long as they live, by the command that starts them."""
    kept: dict[str, Sandbox] = {}
    yield kept
    for box in kept.values():
        box.end()


def begun(boxes: dict[str, Sandbox], name: str, command: list[str]) -> Sandbox:
    """A process of its own for one test, that has run SETUP."""
    if name not in boxes or not boxes[name].alive:
        boxes[name] = Sandbox(command, seconds=2.0, chapter="soft")
        boxes[name].warm()
    boxes[name].begin()
    assert run_in(boxes[name], SETUP) == []
    return boxes[name]


@pytest.fixture
def box(boxes):
    return begun(boxes, "plain", sandbox.plain())


LOADED = """
import sys
from visual_attention.classroom.remote import find_check
print(find_check("check_spatial_softmax", "soft").points)
print(*sorted({name.split(".")[2] for name in sys.modules if name.startswith("visual_attention.chapters.")}))
print(find_check("check_spatial_softmax", "a name of its own").points)
"""


def test_a_check_is_looked_for_in_its_chapter_first_and_no_other_is_loaded():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "soft", "4"], done.stdout


def test_forgeries_earn_nothing(box):
    for forgery in FORGERIES.strip().splitlines():
        assert run_in(box, forgery) == []
        assert box.check("check_spatial_softmax", "rows").score == 0, forgery


def test_each_exercise_starts_afresh(box):
    assert box.student("rows") is not None
    run_in(box, "torch.softmax = None\nimport builtins; builtins.zip = None")
    box.begin()
    assert box.student("rows") is None and run_in(box, "import torch; torch.softmax(torch.ones(2), 0)") == []


def test_an_end_without_an_answer_is_feedback_and_the_next_exercise_goes_on(box):
    report = box.check("check_spatial_softmax", "leaves")
    assert report.score == 0 and "left the process with status 0" in " ".join(report.messages)


def test_one_that_leaves_between_two_calls_is_told(box):
    outcome = box.student("leaves_later").invoke((1,), {})
    assert outcome.value == 1
    time.sleep(0.5)
    with pytest.raises(wire.Garbled, match="left the process between two calls"):
        box.student("plus")
    box.begin()
    assert box.alive and box.student("plus") is None


def test_a_forged_answer_on_the_pipe_earns_nothing(box):
    """The worst case: the student's code finds the pipe and answers in the worker's place."""
    run_in(box, FORGED)
    report = box.check("check_spatial_softmax", "rows")
    assert report.score == 0 and "in the sandbox's name" in str(report) and not box.alive


@pytest.mark.slow
def test_one_that_heeds_no_interrupt_is_killed(box, monkeypatch):
    monkeypatch.setattr("visual_attention.classroom.remote.GRACE", 0.5)
    began = time.monotonic()
    outcome = box.student("deaf").invoke((1,), {})
    assert "heeded no interrupt" in outcome.error and time.monotonic() - began < 10 and not box.alive


@pytest.mark.slow
def test_the_calls_of_an_exercise_are_limited_and_the_checks_own_time_is_not(box, monkeypatch):
    """On a busy machine a check may be slow, and the answer is not to blame."""

    @exercise(points=1)
    def check_rest(student, check):
        """A function that rests, and a check that does."""
        for _ in range(3):
            check.call(student, 0.4)
            time.sleep(pause)
        check.that(True, points=1, good="It rested.", bad="")

    monkeypatch.setattr("visual_attention.classroom.remote.find_check", lambda name, chapter: check_rest)
    monkeypatch.setattr("visual_attention.classroom.remote.CALLS", 1.5)  # times two seconds
    pause = 1.5
    report = box.check("check_rest", "rest")
    assert report.score == 1, str(report)
    monkeypatch.setattr("visual_attention.classroom.remote.CALLS", 0.5)
    pause = 0.0
    report = box.check("check_rest", "rest")
    assert report.score == 0 and "still running when its time was up" in str(report) and not box.alive


def test_processes_and_memory_are_watched(box, monkeypatch):
    monkeypatch.setattr("visual_attention.classroom.watch.PROCESSES", 5)
    error = box.student("breed").invoke((8,), {}).error
    assert "more than 5 processes" in error and not box.alive


def test_memory_is_watched_over_all_processes(box, monkeypatch):
    monkeypatch.setattr("visual_attention.classroom.watch.MEMORY", 2**20)
    assert "GB of memory" in box.student("rest").invoke((3,), {}).error and not box.alive


def test_a_machine_that_runs_out_of_memory_is_not_the_students_fault(box, monkeypatch):
    monkeypatch.setattr("visual_attention.classroom.watch.available", lambda: 0)
    box.student("rest").invoke((3,), {})
    assert box.starved and not box.alive


confined = pytest.mark.skipif(bool(sandbox.available()), reason=sandbox.available() or "-")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the package below /tmp, where the sandbox has a folder of its own."""
    place = tmp_path_factory.mktemp("package")
    shutil.copytree(sandbox.package_folder() / "visual_attention", place / "visual_attention")
    return place


@pytest.fixture
def jail(boxes, place, monkeypatch):
    """The real sandbox."""
    monkeypatch.setattr(sandbox, "package_folder", lambda: place)
    monkeypatch.setenv("VISIBLE", "SECRET")
    return begun(boxes, "confined", sandbox.confined())


@pytest.fixture
def listening():
    """The port of somebody on this machine who takes any call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(
            ("127.0.0.1", port), timeout=1
        ).close()  # from outside of the sandbox it can be had
        yield port


@confined
def test_the_sandbox_sees_no_files_and_no_network(jail, place, tmp_path, listening):
    secret = tmp_path / "gradebook.db"
    secret.write_text("grades")
    home = Path(__file__).parents[2]
    package = place / "visual_attention/classroom/sandbox.py"
    places = [str(secret), str(home / "pyproject.toml"), __file__, "/etc/passwd", str(Path.home() / ".ssh")]
    probe = f"""
import os, socket
def tries(path):
    found = [place for place in {places!r} if os.path.exists(place)]
    try:
        socket.create_connection(("127.0.0.1", {listening}), timeout=1); found.append("network")
    except OSError: pass
    for process in filter(str.isdigit, os.listdir("/proc")):
        if "SECRET" in open(f"/proc/{{process}}/environ").read(): found.append(f"environment of {{process}}")
    try:
        os.remove(path); found.append("removed")
    except OSError: pass
    for name in ({str(package)!r}, "/new", "/dev/new", "/usr/new"):
        try:
            open(name, "a"); found.append("written " + name)
        except OSError: pass
    return found + [f"{{len([p for p in os.listdir('/proc') if p.isdigit()])}} processes"]
"""
    assert run_in(jail, probe) == []
    found = jail.student("tries").invoke((str(secret),), {}).value
    assert found[:-1] == [] and int(found[-1].split()[0]) <= 3
    assert secret.read_text() == "grades"


@confined
def test_the_sandbox_runs_torch_and_limits_memory(jail, place):
    assert jail.check("check_spatial_softmax", "right").score == 4
    assert "RuntimeError" in jail.student("hungry").invoke((1,), {}).error
    assert jail.student("where").invoke((1,), {}).value == str(place / "visual_attention/__init__.py")


@confined
def test_the_disk_is_limited_and_the_next_exercise_finds_it_empty(jail):
    filled = jail.student("fills").invoke(("/tmp",), {})
    assert sandbox.DISK // 2 < filled.value <= sandbox.DISK
    with pytest.raises(wire.Garbled):
        jail.begin()
    assert not jail.alive, "whoever goes on has to start another"


def test_this_python_is_in_the_sandbox_and_the_whole_disk_is_not():
    folders = [Path(folder) for folder in sandbox.readable()]
    assert Path("/") not in folders and Path.home() not in folders
    executable = Path(sys.executable).resolve()
    assert any(f in executable.parents for f in [*folders, Path("/usr")])


@confined
def test_what_is_left_behind_ends_the_sandbox(jail):
    assert jail.student("breed").invoke((1, 0), {}).value == 1
    with pytest.raises(wire.Garbled):
        jail.begin()
    assert not jail.alive and family(jail.process.pid) == [jail.process.pid]
