"""Rehearse a term: a class of made-up submissions, collected, graded, killed half-way, continued.

It tells how long this machine takes and how much memory, and whether every student got the marks that their
answers deserve. Run: python -m visual_attention.classroom rehearse --students 200 --jobs 2
"""

import csv
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from visual_attention.classroom import disturbed, hopeless, made_up  # noqa: F401  (they register their kinds)
from visual_attention.classroom.course import Course
from visual_attention.classroom.made_up import KINDS, Chapter, Handed
from visual_attention.classroom.summary import Row
from visual_attention.classroom.watch import family, held

USUAL = ("perfect", "first_only", "misspelt_word", "perfect", "untouched")  # what most of a class hands in


@dataclass
class Rehearsal:
    """A class and what becomes of it.

    Args:
        folder: A course folder of its own; it must not exist yet, or be empty.
        jobs: How many students are graded side by side.
        seconds: The longest that one line or one call may run; the course's own limit if left out.
        kinds: Which kinds of submissions there are.
    """

    folder: Path
    chapter: Chapter
    notebook: Path
    jobs: int = 2
    seconds: float | None = None
    kinds: list[str] = field(default_factory=lambda: list(KINDS))
    handed: dict[str, Handed] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)  # step -> seconds
    wrong: list[str] = field(default_factory=list)
    peak: int = 0  # bytes

    def run(self, students: int) -> bool:
        """The whole round; returns whether all went as it has to."""
        stop = threading.Event()
        observer = threading.Thread(target=self.observe, args=[stop], daemon=True)
        observer.start()
        self.hand_in(students)
        self.step("generate", self.notebook)
        self.limit()
        self.step("collect", self.chapter.name, self.downloads)
        self.grade()
        self.compare()
        self.second_collection()
        self.step("feedback", self.chapter.name, "--jobs", self.jobs)
        self.step("export", self.folder / "grades.csv")
        self.look_over()
        stop.set()
        observer.join()
        return not self.wrong

    @property
    def downloads(self) -> Path:
        return self.folder / "downloads"

    def hand_in(self, students: int) -> None:
        """Every kind once, as far as there are students, and then mostly the usual ones."""
        kinds = list(self.kinds)
        while len(kinds) < students:
            kinds += [*USUAL, self.kinds[len(kinds) % len(self.kinds)]]
        for number, name in enumerate(kinds[:students]):
            student = f"s{number:03d}_{name}"
            self.handed[student] = KINDS[name](self.chapter)
            self.handed[student].write(self.downloads, student)

    def limit(self) -> None:
        if self.seconds is not None:
            with open(self.folder / "nbgrader_config.py", "a") as file:
                print(f"c.Regrade.seconds = {self.seconds}", file=file)

    def command(self, *words: object) -> list[str]:
        here = [sys.executable, "-m", "visual_attention.classroom", "--course", str(self.folder)]
        return [*here, *map(str, words)]

    def step(self, *words: object, name: str = "") -> None:
        """One command of the classroom, timed."""
        began = time.monotonic()
        done = subprocess.run(self.command(*words), stdout=subprocess.PIPE, text=True)
        self.times[name or str(words[0])] = time.monotonic() - began
        (self.folder / f"{name or words[0]}.txt").write_text(done.stdout)
        self.expect(done.returncode == 0, f"{' '.join(map(str, words))} ended with {done.returncode}")

    def grade(self) -> None:
        """Grade, killed when half of the class is done, and again to its end."""
        words = ("grade", self.chapter.name, "--jobs", self.jobs)
        fit = sum(handed.marks is not None for handed in self.handed.values())
        log = self.folder / f"autograde-{self.chapter.name}.log"
        began = time.monotonic()
        half = subprocess.Popen(self.command(*words), stdout=subprocess.DEVNULL)
        while half.poll() is None and (log.read_text().count("\n--- ") if log.exists() else 0) < fit // 2 - 1:
            time.sleep(0.2)
        half.kill()
        half.wait()
        self.times["grade, until it was killed"] = time.monotonic() - began
        before = self.stamps()
        self.expect(0 < len(before) < fit, f"killed half-way, {len(before)} of {fit} were graded")
        self.step(*words, name="grade, to the end")
        after = self.stamps()
        self.expect(len(after) == fit, f"{len(after)} of {fit} were graded in the end")
        again = [student for student, time_ in before.items() if after.get(student) != time_]
        self.expect(len(again) <= self.jobs, f"graded twice: {', '.join(again)}")

    def stamps(self) -> dict[str, int]:
        """When each graded notebook was written."""
        course = Course(self.folder)
        graded = [row.student for row in course.summary(self.chapter.name) if row.graded]
        files = {s: course.intake(self.chapter.name).file("autograded", s) for s in graded}
        return {student: file.stat().st_mtime_ns for student, file in files.items()}

    def compare(self) -> None:
        """Every student has the marks that are deserved, or none and the reason."""
        rows = {row.student: row for row in Course(self.folder).summary(self.chapter.name)}
        self.expect(set(rows) == set(self.handed), f"lost: {sorted(set(self.handed) - set(rows))}")
        for student, row in rows.items():
            handed = self.handed[student]
            got = [mark.score for mark in row.marks] if row.graded else None
            self.expect(got == handed.marks, f"{student}: {handed.marks} deserved, got {got} {row.reason}")
            self.expect(
                handed.says in words_of(row), f"{student}: {handed.says!r} is not said: {words_of(row)}"
            )

    def second_collection(self) -> None:
        """A twentieth of the class hands in something else; nobody else is graded again."""
        usual = [student for student in self.handed if student.partition("_")[2] in USUAL]
        changed = usual[: max(1, len(self.handed) // 20)]
        before = self.stamps()
        for student in changed:
            self.handed[student] = KINDS["first_only"](self.chapter)
            self.handed[student].write(self.downloads, student)
            os.utime(self.downloads / student / f"{self.chapter.name}.ipynb")
        self.step("collect", self.chapter.name, self.downloads, name="collect again")
        self.step("grade", self.chapter.name, "--jobs", self.jobs, name="grade again")
        after = self.stamps()
        graded = {student for student in after if after[student] != before.get(student)}
        surplus = sorted(graded - set(changed))
        self.expect(not surplus, f"graded again without a change: {surplus}")
        self.compare()

    def look_over(self) -> None:
        """A page for everyone, and a number for whoever has marks and nobody else."""
        for student in self.handed:
            page = self.folder / "feedback" / student / self.chapter.name / f"{self.chapter.name}.html"
            self.expect(page.exists(), f"no page of feedback for {student}")
        with open(self.folder / "grades.csv", newline="") as file:
            scores = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
        for student, handed in self.handed.items():
            wanted = "" if handed.marks is None else str(sum(handed.marks))
            self.expect(scores.get(student) == wanted, f"{student}: {scores.get(student)!r} in the table")

    def expect(self, true: bool, otherwise: str) -> None:
        if not true:
            self.wrong.append(otherwise)

    def observe(self, stop: threading.Event) -> None:
        """The most memory that this process and all under it hold at a time."""
        while not stop.wait(0.5):
            self.peak = max(self.peak, sum(map(held, family(os.getpid()))))

    def told(self, show: Callable[[str], None] = print) -> None:
        """The result, for a person."""
        graded = sum(handed.marks is not None for handed in self.handed.values())
        show(f"{len(self.handed)} students, {graded} to be graded, {self.jobs} side by side")
        for step, seconds in self.times.items():
            show(f"{step:28} {seconds / 60:6.1f} minutes")
        show(f"{'all':28} {sum(self.times.values()) / 60:6.1f} minutes")
        show(f"most memory at a time: {self.peak / 2**30:.2f} GB")
        show("as deserved" if not self.wrong else "WRONG:\n" + "\n".join(self.wrong))


def words_of(row: Row) -> str:
    """All that is said about a student."""
    return " ".join([row.reason, *(text for mark in row.marks for text in mark.said)])
