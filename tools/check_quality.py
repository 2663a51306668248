"""How well do the checks tell right from wrong? ``python -m tools.check_quality [stem ...] [--one-in 4]``

Every exercise is given all its listed mistakes, and mutants of its reference solution (tools/mutation.py). A
mutant that no check notices and that agrees with the reference on many more inputs, of random sizes and
kinds, is equivalent and does not count. Printed are, for each exercise, each chapter and in total, the share
of the others that lose marks; and of those caught that return numbers at all, the share that is told more
than two numbers: a listed mistake by name, or what is special about where it went wrong. A chapter that
misses one of the targets makes the command fail. Of a sample, the second is asked of all chapters together.
"""

import argparse
import random
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from tools.mutation import mutants
from visual_attention import rooms
from visual_attention.exercises.asked import Exercise, copies
from visual_attention.exercises.draws import Situation
from visual_attention.exercises.relations import close
from visual_attention.exercises.report import checks
from visual_attention.exercises.values import Problem, as_tensor

ROOT = Path(__file__).resolve().parent.parent
CAUGHT, TELLING = 0.99, 0.90  # what is aimed at
WIDE = 60  # situations in which a mutant must agree to count as equivalent
BARE = re.compile(r"^[^.:]* (is|are) not right[^.:]*: wanted \S+( at index \([^)]*\))?, got \S+\.$")


@dataclass
class Tally:
    """What became of the wrong answers to one exercise, by their labels."""

    name: str
    equivalent: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)  # told a listed mistake
    special: list[str] = field(default_factory=list)  # told what is special about it
    stopped: list[str] = field(
        default_factory=list
    )  # told where the code stopped, or what came in place of numbers
    bare: list[str] = field(default_factory=list)  # told two numbers only

    def add(self, other: "Tally") -> None:
        for kind in KINDS:
            getattr(self, kind).extend(getattr(other, kind))

    @property
    def wrong(self) -> int:
        return sum(len(getattr(self, kind)) for kind in KINDS) - len(self.equivalent)

    @property
    def caught(self) -> float:
        return 1 - len(self.missed) / max(1, self.wrong)

    @property
    def telling(self) -> float:
        """The share that is told more than two numbers, of those that return numbers: a stop tells more."""
        told = len(self.named) + len(self.special)
        return told / max(1, told + len(self.bare))

    def __str__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, kind)):4} {kind}" for kind in KINDS[2:])
        return (
            f"{self.name:24} {self.wrong:5} wrong: {100 * self.caught:5.1f} % caught, "
            f"{100 * self.telling:5.1f} % told ({counts}); {len(self.equivalent)} equivalent"
        )


KINDS = ("equivalent", "missed", "named", "special", "stopped", "bare")
STOPPED = re.compile(
    r"Your code stopped|should be a torch tensor|wrong type of number|returned `None`|in place, by an"
)


def examine(check, name: str, solution: str, *, one_in: int = 1) -> Tally:
    """Give a check its wrong answers: all of them, or one in so many, drawn by a fixed seed."""
    tally, asked = Tally(name), check.asked
    solved = defined(solution, name)
    if not all(agree(asked, solved, case) for case in wide(asked)):
        raise SystemExit(f"{name}: the solution and the check's reference do not agree everywhere")
    every = list(wrong_answers(asked, name, solution))
    for label, answer in random.Random(name).sample(every, -(-len(every) // one_in)):
        torch.manual_seed(0)
        kind, told = outcome(check, answer)
        getattr(tally, kind).append(f"{label}: {told}")
    return tally


def outcome(check, answer) -> tuple[str, str]:
    """What becomes of one wrong answer, one of KINDS, and what is told."""
    report = check(answer)
    if report.score >= report.points:
        equal = all(agree(check.asked, answer, case) for case in wide(check.asked))
        return ("equivalent" if equal else "missed"), ""
    texts = [part.text for part in report.parts if part.passed is False]
    if any(mistake in text for text in texts for mistake in check.asked.mistakes):
        return "named", texts[0]
    if all(BARE.match(text) for text in texts):
        return "bare", texts[0]
    return ("stopped" if STOPPED.search(texts[0]) else "special"), texts[0]


def wrong_answers(asked: Exercise, name: str, solution: str) -> Iterator[tuple[str, object]]:
    """Listed mistakes, then mutants that can be defined."""
    yield from asked.variants
    for label, source in mutants(solution, name):
        yield label, defined(source, name)


def defined(source: str, name: str):
    """The function of that name in a module's source."""
    namespace: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mutant may be odd enough for the compiler to warn of it
        exec(compile(source, "<mutant>", "exec"), namespace)
    return namespace[name]


def wide(asked: Exercise) -> list:
    """Many more inputs than a check tries: random sizes, all kinds of numbers."""
    if not hasattr(asked, "wide"):
        generator, asked.wide = torch.Generator().manual_seed(7), []
        for seed in range(100, 100 + WIDE):
            sizes = {
                name.split()[0]: max(
                    asked.least.get(name.split()[0], 1), int(torch.randint(1, 7, (), generator=generator))
                )
                for name in asked.axes
            }
            kind = ("plain", "ties", "wild")[seed % 3]
            asked.wide += asked.drawn(Situation(kind, "", sizes, seed))
    return asked.wide


def agree(asked: Exercise, answer, case) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which is no disagreement, also where warnings are errors
            got = case.observe(lambda *args: answer(*args), *copies(case.args))
        return close(as_tensor(got, case.want, "your result").detach(), case.want, case.slack)
    except (Exception, Problem):
        return False


def chapter(stem: str, module, *, one_in: int, verbose: bool) -> Tally:
    """Examine and print all exercises of a chapter."""
    total = Tally(f"{stem}, all")
    source = (ROOT / "book" / "solutions" / f"{stem}.py").read_text()
    for name, check in checks(module).items():
        name = name.removeprefix("check_")
        if not hasattr(check, "asked"):
            print(f"{name:24} is not measured: it looks at what a trained network does")
            continue
        tally = examine(check, name, source, one_in=one_in)
        print(tally, flush=True)
        for kind in KINDS if verbose else ("missed",):
            for label in getattr(tally, kind):
                print(f"    {kind}: {label}")
        total.add(tally)
    print(total)
    return total


def main(words: list[str] | None = None) -> int:
    """Print the table; returns 1 if a chapter misses a target."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stems", nargs="*")
    parser.add_argument("--verbose", action="store_true", help="list every wrong answer and what it is told")
    parser.add_argument("--one-in", type=int, default=1, help="examine one wrong answer in so many only")
    asked = parser.parse_args(words)
    known = rooms.parts("checks")
    if unknown := set(asked.stems) - set(known):
        parser.error(f"no checks of {', '.join(sorted(unknown))}")
    total, short = Tally("in total"), []
    for stem in asked.stems or known:
        tally = chapter(stem, known[stem], one_in=asked.one_in, verbose=asked.verbose)
        total.add(tally)
        if tally.caught < CAUGHT or (asked.one_in == 1 and tally.telling < TELLING):
            short.append(stem)
    if total.telling < TELLING:
        short.append("all together")
    print(total)
    met = f"missed by {', '.join(short)}" if short else "met"
    print(f"Targets, {CAUGHT:.0%} caught and {TELLING:.0%} told: {met}")
    return int(bool(short))


if __name__ == "__main__":
    sys.exit(main())
