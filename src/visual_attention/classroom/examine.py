"""Examine one submission: a report for each exercise, whatever the other cells do.

A statement that hangs, leaves, crashes or takes too much memory is found once, left out from then on, and
named in the feedback of the exercise that it belongs to.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from visual_attention.classroom import wire
from visual_attention.classroom.remote import SECONDS, Sandbox
from visual_attention.exercises.feedback import Part, Report

FATAL = 8  # statements that may hang or end a sandbox while one exercise is examined
LINES = 5  # times SECONDS is what all statements for one exercise may take together


class Broken(Exception):
    """Nothing can be examined, and the student is not to blame."""


@dataclass(frozen=True)
class Question:
    """An exercise in a notebook."""

    check: str  # the check's name
    answer: str  # the name that the answer has to define
    points: float
    own: int | None  # the number of the code cell with the answer
    place: int  # the number of the first code cell after the check


@dataclass
class Attempt:
    report: Report
    errors: list[str] = field(default_factory=list)  # of statements that the answer depends on
    missing: bool = False  # whether a name was not there


class Examination:
    """The code cells of one submission, and the sandbox that they run in.

    Args:
        command: How to start worker.py.
        cells: The source of each code cell.
        answers: The names that the exercises ask for.
        seconds: The longest that one statement or one call may run.
        chapter: The stem of the chapter whose checks are looked at first.
    """

    def __init__(
        self,
        command: list[str],
        cells: list[str],
        *,
        answers: Sequence[str] = (),
        seconds: float = SECONDS,
        chapter: str = "",
    ):
        self.command, self.cells, self.seconds, self.chapter = command, cells, seconds, chapter
        self.answers = list(answers)
        self.sandbox: Sandbox | None = None
        self.lines: dict[int, list[str]] = {}  # the first line of each statement of a cell
        self.unread: dict[int, str] = {}  # cells that are no Python -> why
        self.fatal: dict[tuple[int, int], str] = {}  # statements that hung or ended a sandbox -> how
        self.left = LINES * seconds  # for the statements of an exercise; its check has a limit of its own
        self.known = 0  # how many statements were fatal before this exercise

    def __enter__(self) -> "Examination":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        if self.sandbox:
            self.sandbox.__exit__()
        self.sandbox = None

    def report(self, question: Question) -> Report:
        """The report on one exercise from what it needs, or, if names are missing, from all definitions."""
        self.left, self.known = LINES * self.seconds, len(self.fatal)
        attempt = self.attempt(question, question.place)
        if attempt.missing:
            again = self.attempt(question, len(self.cells), definitions=True)
            attempt = max(again, attempt, key=lambda a: a.report.score)
        report = attempt.report
        ended = [f"In a cell, {why}" for (cell, _), why in self.fatal.items() if cell == question.own]
        if ended and not report.attempted:  # a stub is what is left of it
            report.parts, report.attempted = [Part(why, False) for why in ended[:3]], True
        if report.score < question.points:
            known = " ".join(part.text for part in report.parts)
            report.parts += [Part(e, None) for e in dict.fromkeys(attempt.errors) if e not in known][-3:]
        return report

    def attempt(self, question: Question, until: int, *, definitions: bool = False) -> Attempt:
        """The report from the cells before this one; Broken where the machine itself gave way."""
        try:
            attempt = self._attempt(question, until, definitions)
        except Broken:
            raise
        except Exception as error:  # nobody thought of it, so the next exercise must not suffer from it
            attempt = Attempt(failure(question, f"Your code could not be examined ({type(error).__name__})."))
            attempt.report.fault = f"{type(error).__name__}: {error}"
            self.close()
        if self.sandbox and self.sandbox.starved:
            raise Broken("this machine's memory ran out")
        return attempt

    def _attempt(self, question: Question, until: int, definitions: bool) -> Attempt:
        try:
            errors = self.run_up_to(question, until, definitions)
        except wire.Garbled as garbled:
            return Attempt(failure(question, f"Your code could not be run: {garbled}."))
        try:
            found = self.sandbox.student(question.answer)
            if found is None:
                report = self.absent(question, errors)
                return Attempt(report, errors, missing=True)
            report = self.sandbox.check(question.check, question.answer)
        except (wire.Garbled, LookupError, TypeError, ValueError) as error:
            report = failure(question, f"Your code could not be examined: {error}.")
        report.points = question.points
        missing = report.score < question.points and any("NameError" in t for t in report.messages + errors)
        return Attempt(report, errors, missing)

    def run_up_to(self, question: Question, until: int, definitions: bool) -> list[str]:
        """Run what the answer needs in a process of its own; returns what went wrong on the way."""
        while True:
            self.ready()
            steps = self.sandbox.ask(
                "plan", answer=question.answer, own=question.own, until=until, definitions=definitions
            )
            errors = [self.unread[question.own]] if question.own in self.unread else []
            for cell, number, needed in steps:
                self.within_limits()
                error = self.fatal.get((cell, number)) or self.step(cell, number)
                if self.sandbox.starved:
                    raise wire.Garbled("starved")
                if not self.sandbox.alive:
                    break
                # the answer's own cell may also try it on what the chapter's cells made, which were left out
                if error and (needed or (cell == question.own and "NameError" not in error)):
                    errors.append(f"In a cell, {error}")
            else:
                return errors

    def within_limits(self) -> None:
        """Garbled if the lines for this exercise have hung, or ended a sandbox, too often or too long."""
        if len(self.fatal) - self.known > FATAL:
            raise wire.Garbled(f"more than {FATAL} lines hang or end the process that runs them")
        if self.left <= 0:
            raise wire.Garbled("its cells take too long together")

    def step(self, cell: int, number: int) -> str:
        """Run one statement; one that hangs or ends the sandbox is not run again."""
        began = time.monotonic()
        try:
            error, late = self.sandbox.ask("step", cell=cell, number=number, limit=self.seconds)
            if late:
                self.fatal[cell, number] = str(error)
            return str(error)
        except (wire.Garbled, TypeError, ValueError) as ended:
            self.sandbox.end()
            if not self.sandbox.starved:
                self.fatal[cell, number] = f"`{self.lines[cell][number]}` was left out: {ended}"
            return ""
        finally:
            self.left -= time.monotonic() - began

    def ready(self) -> None:
        """A new process that has read the cells and run none of them."""
        if self.sandbox and self.sandbox.alive:
            try:
                return self.sandbox.begin()
            except wire.Garbled:  # what an earlier exercise left behind
                pass
        self.start()
        self.sandbox.begin()

    def start(self) -> None:
        """A new sandbox, with the cells that can be read."""
        while not (self.sandbox and self.sandbox.alive):
            self.close()
            self.within_limits()
            try:
                self.sandbox = Sandbox(self.command, seconds=self.seconds, chapter=self.chapter)
                self.sandbox.warm()
            except (wire.Garbled, OSError) as error:
                raise Broken(f"the sandbox does not start ({error})") from error
            for cell, source in enumerate(self.cells):
                if cell not in self.unread and self.sandbox.alive:
                    self.read(cell, source)

    def read(self, cell: int, source: str) -> None:
        """Have a cell taken apart, but not run."""
        try:
            told = self.sandbox.ask("read", cell=cell, source=source)
            self.lines[cell], error = list(map(str, told["lines"])), str(told["error"])
        except wire.Garbled as garbled:
            error = self.fatal[cell, -1] = f"it cannot even be read ({garbled})"
        if error:
            self.unread[cell] = f"A cell was left out: {error}"

    def absent(self, question: Question, errors: list[str]) -> Report:
        """The report where nothing has the answer's name."""
        near = str(self.sandbox.ask("near", name=question.answer, others=self.answers))
        hint = f" There is a `{near}`: was it renamed?" if near else ""
        if question.own is None:
            text = f"Not attempted: no cell of your notebook defines `{question.answer}`.{hint}"
            return Report(question.answer, question.points, [Part(text, False)], attempted=bool(near))
        return failure(question, f"When the check came, nothing was called `{question.answer}`.{hint}")


def failure(question: Question, text: str) -> Report:
    return Report(question.answer, question.points, [Part(text, False)])
