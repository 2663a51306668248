"""Many students in several processes: all of them, each once, whatever ends meanwhile."""

import gc
import subprocess
import sys
import textwrap
import time

import pytest

from visual_attention.classroom import grading
from visual_attention.classroom.grading import Round, alone

WORKER = """
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w")
for line in sys.stdin:
    act, assignment, student = json.loads(line)
    with open(f"done-{os.getpid()}.txt", "a") as file: print(student, os.getpid(), file=file)
    if student.startswith("dies") or (student == "once" and not os.path.exists("once")):
        open(student, "w").close()
        os._exit(9)
    if student.startswith("slow"): time.sleep(60)
    why = "bad" if student == "bad" else ""
    print(json.dumps({"student": student, "why": why, "log": []}), file=answers, flush=True)
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder in which a stand-in for grader.py answers at once."""
    package = tmp_path / "visual_attention/classroom"
    package.mkdir(parents=True)
    for file, text in {"__init__.py": "", "../__init__.py": "", "grader.py": WORKER}.items():
        (package / file).write_text(text)
    monkeypatch.setattr(grading, "TURNS", 3)
    return tmp_path


def run(course, students, jobs=2) -> dict[str, str]:
    outcomes = []
    Round("grade", "soft", students, outcomes.append).run(
        course, jobs=jobs, environment={"PYTHONPATH": str(course), "PATH": "/usr/bin:/bin"}
    )
    assert len(outcomes) == len({o["student"] for o in outcomes})
    return {outcome["student"]: outcome["why"] for outcome in outcomes}


def seen(course) -> list[list[str]]:
    """Student and process of each try; every process has a file of its own."""
    return [line.split() for path in course.glob("done-*.txt") for line in path.read_text().splitlines()]


def test_each_student_comes_once_and_processes_are_renewed(course):
    students = [f"s{n}" for n in range(10)]
    assert run(course, students) == dict.fromkeys(students, "")
    assert sorted(student for student, _ in seen(course)) == sorted(students)
    pids = [pid for _, pid in seen(course)]
    assert max(pids.count(pid) for pid in pids) <= 3 and len(set(pids)) >= 4


def test_one_that_dies_or_fails_has_a_second_try_and_takes_nobody_along(course):
    outcomes = run(course, ["a", "dies", "b", "once", "bad", "c"])
    assert {s for s, why in outcomes.items() if not why} == {"a", "b", "c", "once"}
    assert "ended (9)" in outcomes["dies"] and outcomes["bad"] == "bad"
    tries = [student for student, _ in seen(course)]
    assert {student: tries.count(student) for student in tries} == {
        **dict.fromkeys("abc", 1),
        "dies": 2,
        "once": 2,
        "bad": 2,
    }


@pytest.mark.slow
def test_one_that_never_answers_is_given_up(course, monkeypatch):
    monkeypatch.setattr(grading, "LONGEST", 0.5)
    outcomes = run(course, ["slow", "a"], jobs=1)
    assert "ended" in outcomes["slow"] and outcomes["a"] == ""


def test_an_error_of_ours_is_not_swallowed(course):
    def done(outcome):
        raise OSError("disk full")

    began = time.monotonic()
    with pytest.raises(OSError, match="disk full"):
        Round("grade", "soft", ["a", "slow"], done).run(
            course, jobs=2, environment={"PYTHONPATH": str(course)}
        )
    assert seen(course) and not any(is_running(int(pid)) for _, pid in seen(course)), "none is left behind"
    assert time.monotonic() - began < 40, "nobody waits for the slow one"
    gc.collect()  # a pipe that is still open warns, and a warning is an error


def test_an_interrupt_ends_all_processes(course):
    code = f"""
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background ignores
        from pathlib import Path
        from visual_attention.classroom.grading import Round
        Round("grade", "soft", ["slow1", "slow2"], print).run(
            Path({str(course)!r}), jobs=2, environment={{"PYTHONPATH": {str(course)!r}}})
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    until(lambda: len(seen(course)) == 2)
    process.send_signal(2)
    assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
    pids = [int(pid) for _, pid in seen(course)]
    until(lambda: not any(is_running(pid) for pid in pids))


def until(true, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_only_one_round_at_a_time(tmp_path, capfd):
    code = f"""
        from pathlib import Path
        from visual_attention.classroom.grading import alone
        with alone(Path({str(tmp_path)!r})):
            print("in", flush=True)
    """
    with alone(tmp_path):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert "Waiting for another round" in process.stderr.readline()
        assert process.poll() is None
    assert process.communicate(timeout=30)[0] == "in\n"
