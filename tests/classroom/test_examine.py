"""Each exercise for itself: what hangs, leaves or crashes costs its own marks, and the feedback says so."""

import pytest

from visual_attention.classroom import sandbox, wire
from visual_attention.classroom.examine import Broken, Examination, Question

POOL = "import torch\ndef attention_pool(features, weights): return (features * weights).sum(dim=(2, 3))"
COUNT = "def effective_places(w): return (-torch.xlogy(w, w).sum(AXES)).exp()"


def examined(*cells: str, seconds: float = 2.0) -> Examination:
    names = ["spatial_softmax", "attention_pool", "effective_places"]
    return Examination(sandbox.plain(), list(cells), answers=names, seconds=seconds, chapter="soft")


def pool(own: int | None, place: int | None = None) -> Question:
    place = own + 1 if place is None else place
    return Question("check_attention_pool", "attention_pool", 3, own, place)


def places(own: int | None, place: int | None = None) -> Question:
    place = own + 1 if place is None else place
    return Question("check_effective_places", "effective_places", 3, own, place)


@pytest.mark.slow
def test_statements_that_hang_leave_or_crash_are_left_out_once_and_named():
    cells = [
        "import os, ctypes, time\nwhile True: pass",
        "import os\n" + POOL + "\nos._exit(3)",
        "import torch, os\nAXES = (1, 2, 3)",
        COUNT + "\nos.kill(os.getpid(), 11)\nwhile True: pass",
    ]
    with examined(*cells) as examination:
        report = examination.report(pool(1))
        assert report.score == 3, str(report)
        first = examination.sandbox
        assert examination.report(pool(1)).score == 3 and examination.sandbox is first, "found once"
        report = examination.report(places(3))
        assert report.score == 3, str(report)
        assert sorted(examination.fatal) == [(1, 3), (3, 1), (3, 2)], "the loop of cell 0 is not run"
        assert "left the process with status 3" in examination.fatal[1, 3]
        assert "SIGSEGV" in examination.fatal[3, 1] and "after 2 seconds" in examination.fatal[3, 2]


@pytest.mark.slow
def test_what_failed_is_told_to_whom_it_concerns():
    cells = [
        "from nowhere import AXES\nunused = 1 / 0",
        "import torch\n" + COUNT + "\nprint(effective_places(scores))\nassert False, 'mine'",
        "def atention_pool(features, weights): return 1",
        "def effective_places(w",
        "def spatial_softmax(s, t): return s",
    ]
    with examined(*cells) as examination:
        report = str(examination.report(places(1)))
        assert "NameError: name 'AXES' is not defined" in report
        assert "`from nowhere import AXES` stopped with ModuleNotFoundError" in report
        assert "AssertionError: mine" in report and "1 / 0" not in report and "scores" not in report
        report = str(examination.report(pool(2)))
        assert "nothing was called `attention_pool`. There is a `atention_pool`: was it renamed?" in report
        report = examination.report(pool(None, 5))
        assert "no cell of your notebook defines `attention_pool`" in str(report) and report.score == 0
        report = str(examination.report(places(3)))
        assert "A cell was left out: SyntaxError" in report and "renamed" not in report


@pytest.mark.slow
def test_names_may_stand_below_and_a_training_above_is_not_run():
    """Only if a name is missing, definitions are looked for in the whole notebook."""
    below = [COUNT, "import torch\nAXES = (1, 2, 3)"]
    with examined("model = train()\nwhile True: pass", *below) as examination:
        assert examination.report(places(1)).score == 3 and examination.fatal == {}
    dynamic = ["import torch\nHIDDEN = (1, 2, 3)", COUNT.replace("AXES", "eval('HIDDEN')")]
    with examined(*dynamic) as examination:
        assert examination.report(places(1)).score == 3


@pytest.mark.slow
def test_what_nobody_thought_of_costs_one_exercise_and_is_a_fault(monkeypatch):
    with examined(POOL, "AXES = (1, 2, 3)\n" + COUNT) as examination:
        sandbox_check = "visual_attention.classroom.remote.Sandbox.check"
        with monkeypatch.context() as patch:
            patch.setattr(sandbox_check, lambda *a: {}["odd"])
            assert "could not be examined" in str(examination.report(pool(0)))
            patch.setattr(sandbox_check, lambda *a: 1 / 0)
            report = examination.report(pool(0))
            assert report.score == 0 and "ZeroDivisionError" in report.fault
        assert examination.report(places(1)).score == 3


SLEEPS = "import torch, time\n" + "\n".join(f"a{n} = time.sleep(30)" for n in range(9)) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "lines", "told"),
    [
        ({"FATAL": 2}, 3, "more than 2 lines hang or end the process that runs them"),
        ({"LINES": 2}, 2, "its cells take too long together"),
    ],
)
def test_too_many_lines_that_hang_end_the_waiting_for_that_exercise(monkeypatch, limits, lines, told):
    """Neither their number nor their time is without end, and the next exercise has limits of its own."""
    for name, limit in limits.items():
        monkeypatch.setattr(f"visual_attention.classroom.examine.{name}", limit)
    with examined(SLEEPS + POOL, "import torch\nAXES = (1, 2, 3)\n" + COUNT, seconds=1.0) as examination:
        report = examination.report(pool(0))
        assert report.score == 0 and report.attempted and told in str(report), str(report)
        assert len(examination.fatal) == lines, "the other lines were not waited for"
        assert examination.report(places(1)).score == 3


@pytest.mark.slow
def test_an_answer_that_never_came_to_be_is_not_called_untouched():
    """What is left of it is a stub, but a line of its cell was stopped, or left the process."""
    stub = "def attention_pool(features, weights): pass"
    for line, told in (("while True: pass", "does it ever end?"), ("os._exit(3)", "with status 3")):
        with examined(f"import os\n{line}\n{stub}") as examination:
            report = examination.report(pool(0))
        assert report.attempted and report.score == 0 and told in report.parts[0].text, str(report)
        assert report.parts[0].passed is False and "ot attempted" not in str(report)
    with examined(f"import os\n# later\n{stub}") as examination:
        report = examination.report(pool(0))
        assert not report.attempted and "ot attempted" in str(report)


def test_a_sandbox_that_does_not_start_is_not_the_students_fault():
    with (
        Examination(["false"], [POOL]) as examination,
        pytest.raises(Broken, match="the sandbox does not start"),
    ):
        examination.report(pool(0))


@pytest.mark.slow
def test_nor_is_a_machine_without_memory(monkeypatch):
    with examined(POOL) as examination:
        assert examination.report(pool(0)).score == 3
        monkeypatch.setattr("visual_attention.classroom.watch.available", lambda: 0)
        monkeypatch.setattr("visual_attention.classroom.wire.GLANCE", 0.0)
        with pytest.raises(Broken, match="memory ran out"):
            examination.report(pool(0))
    assert issubclass(wire.Starved, wire.Garbled)
