"""How well do the checks tell right from wrong? ``python -m tools.check_quality [stem ...] [--verbose]``

Every exercise is given all its listed mistakes, and mutants of its reference solution (tools/mutation.py). A
mutant that no check notices and that agrees with the reference on many more inputs, of random sizes and
kinds, is equivalent and does not count. Printed are, for each exercise and in total, the share of the others
that lose marks, and the share of these that are told more than two numbers.
"""

import argparse
import re
import sys
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
    """What became of the wrong answers to one exercise."""

    name: str
    tried: int = 0
    equivalent: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)  # caught, but told two numbers only
    told: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        return self.tried - len(self.equivalent)

    @property
    def caught(self) -> float:
        return 1 - len(self.missed) / max(1, self.wrong)

    @property
    def telling(self) -> float:
        caught = self.wrong - len(self.missed)
        return 1 - len(self.bare) / max(1, caught)

    def __str__(self) -> str:
        return (
            f"{self.name:28} {self.wrong:5} wrong, {100 * self.caught:5.1f} % caught, "
            f"{100 * self.telling:5.1f} % of them told more than two numbers; "
            f"{len(self.equivalent)} equivalent"
        )


def examine(check, name: str, solution: str) -> Tally:
    """Give a check all its wrong answers."""
    tally, asked = Tally(name), check.asked
    solved = defined(solution, name)
    if not all(agree(asked, solved, case) for case in wide(asked)):
        raise SystemExit(f"{name}: the solution and the check's reference do not agree everywhere")
    for label, answer in wrong_answers(asked, name, solution):
        torch.manual_seed(0)
        report = check(answer)
        tally.tried += 1
        if report.score >= report.points:
            agrees = all(agree(asked, answer, case) for case in wide(asked))
            (tally.equivalent if agrees else tally.missed).append(label)
            continue
        texts = [part.text for part in report.parts if part.passed is False]
        if all(BARE.match(text) for text in texts):
            tally.bare.append(f"{label}: {texts}")
        else:
            tally.told.append(f"{label}: {texts[0]}")
    return tally


def wrong_answers(asked: Exercise, name: str, solution: str) -> Iterator[tuple[str, object]]:
    """Listed mistakes, then mutants that can be defined."""
    yield from asked.variants
    for label, source in mutants(solution, name):
        yield label, defined(source, name)


def defined(source: str, name: str):
    """The function of that name in a module's source."""
    namespace: dict = {}
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
        got = case.observe(lambda *args: answer(*args), *copies(case.args))
        return close(as_tensor(got, case.want, "your result").detach(), case.want, case.slack)
    except (Exception, Problem):
        return False


def main(words: list[str] | None = None) -> int:
    """Print the table; returns 1 if a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stems", nargs="*")
    parser.add_argument(
        "--verbose", action="store_true", help="list what was missed, told little, or equivalent"
    )
    asked = parser.parse_args(words)
    total = Tally("in total")
    for stem, module in rooms.parts("checks").items():
        if asked.stems and stem not in asked.stems:
            continue
        source = (ROOT / "book" / "solutions" / f"{stem}.py").read_text()
        for name, check in checks(module).items():
            if not hasattr(check, "asked"):
                continue
            tally = examine(check, name.removeprefix("check_"), source)
            print(tally, flush=True)
            for kind in ("missed", "bare", "equivalent", "told") if asked.verbose else ("missed",):
                for label in getattr(tally, kind):
                    print(f"    {kind}: {label}")
            total.tried += tally.tried
            for kind in ("equivalent", "missed", "bare"):
                getattr(total, kind).extend(getattr(tally, kind))
    print(total)
    return int(total.caught < CAUGHT or total.telling < TELLING)


if __name__ == "__main__":
    sys.exit(main())
