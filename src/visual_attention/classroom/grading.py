"""Work through many students in several processes, with progress, in bounded memory, until all are done.

Each process is grader.py. When one dies, the student it was busy with gets a second try; no other is lost.
"""

import contextlib
import fcntl
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

TRIES = 2
TURNS = 25  # students that one process serves before a new one takes its place: its memory is then given back
LONGEST = 1800.0  # seconds for one student


class Died(Exception):
    """The process that was busy with a student has ended; the message says how."""


class Grader:
    """One grader.py.

    Args:
        course: The course folder.
        environment: Environment variables.
        lock: A file descriptor that it inherits, by which others see that it still runs.
    """

    def __init__(self, course: Path, environment: dict[str, str], lock: int):
        self.course, self.environment, self.lock = course, environment, lock
        self.process: subprocess.Popen | None = None
        self.turns = 0
        self.turn, self.over = threading.Lock(), False  # once it is over, no process is started any more

    def work(self, act: str, assignment: str, student: str) -> dict:
        """What became of one student."""
        if self.process is None or self.turns >= TURNS:
            self.stop()
            self.start()
        self.turns += 1
        try:
            if self.process is None:
                raise OSError("it is over")
            self.process.stdin.write(json.dumps([act, assignment, student]) + "\n")
            self.process.stdin.flush()
            return json.loads(self.line())
        except (OSError, ValueError) as error:
            self.kill()
            raise Died(f"the process that graded it ended ({self.stop()})") from error

    def line(self) -> str:
        end = time.monotonic() + LONGEST
        if not select.select([self.process.stdout], [], [], end - time.monotonic())[0]:
            raise OSError("out of time")
        return self.process.stdout.readline()

    def start(self) -> None:
        self.turns = 0
        with self.turn:
            if self.over:
                return
            self.process = subprocess.Popen(
                [sys.executable, "-m", "visual_attention.classroom.grader"],
                cwd=self.course,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # Ctrl+C is for the one who started the round
                pass_fds=[self.lock],
            )

    def stop(self) -> int:
        """End it after its last answer; returns its status."""
        if self.process is None:
            return 0
        with contextlib.suppress(OSError):  # it has ended without reading to the end
            self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    def kill(self, *, over: bool = False) -> None:
        """End it now, with whatever runs under it; `over` for good."""
        with self.turn:
            self.over, process = self.over or over, self.process
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Round:
    """All students of an assignment, one after the other in each of several processes.

    Args:
        act: `grade` or `feedback`.
        done: Called, one call at a time, with each student's outcome: `student`, `why` it failed, and `log`.
    """

    def __init__(self, act: str, assignment: str, students: list[str], done: Callable[[dict], None]):
        self.act, self.assignment, self.done = act, assignment, done
        self.waiting: queue.SimpleQueue = queue.SimpleQueue()
        for student in students:
            self.waiting.put((student, 1))
        self.count = len(students)
        self.turn, self.stopped = threading.Lock(), threading.Event()
        self.troubles: list[BaseException] = []

    def run(self, course: Path, *, jobs: int, environment: dict[str, str]) -> None:
        """Returns when all are done; when it is interrupted, all processes are ended."""
        bar = tqdm(total=self.count, desc=self.act, unit="student", disable=None)
        with alone(course) as lock, bar:
            graders = [Grader(course, environment, lock) for _ in range(min(jobs, self.count))]
            threads = [threading.Thread(target=self.serve, args=[grader, bar]) for grader in graders]
            for thread in threads:
                thread.start()
            try:
                while any(thread.is_alive() for thread in threads) and not self.stopped.wait(0.1):
                    pass
            finally:  # little is left to do here unless this was interrupted
                self.stopped.set()
                for grader in graders:
                    grader.kill(over=True)
                for grader, thread in zip(graders, threads, strict=True):
                    thread.join()
                    grader.stop()
        if self.troubles:
            raise self.troubles[0]

    def serve(self, grader: Grader, bar: tqdm) -> None:
        """What one thread does: give its process one student after the other."""
        try:
            while not self.stopped.is_set():
                student, tries = self.waiting.get_nowait()
                outcome = self.tried(grader, student)
                if self.stopped.is_set():
                    return
                if outcome["why"] and tries < TRIES:
                    self.waiting.put((student, tries + 1))
                    continue
                with self.turn:
                    self.done(outcome)
                    bar.update()
        except queue.Empty:
            grader.stop()
        except BaseException as trouble:
            self.troubles.append(trouble)
            self.stopped.set()

    def tried(self, grader: Grader, student: str) -> dict:
        try:
            return grader.work(self.act, self.assignment, student)
        except Died as died:
            return {"student": student, "why": str(died), "log": [f"[ERROR] {died}"]}


@contextlib.contextmanager
def alone(course: Path) -> Iterator[int]:
    """Only one round at a time in a course; waits for what a round that was killed has left running."""
    with open(course / ".grading.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another round in this course to end ...", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
