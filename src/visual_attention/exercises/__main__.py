"""Run a chapter's checks on a file of answers, or list all exercises.

python -m visual_attention.exercises soft answers.py
python -m visual_attention.exercises list
"""

import argparse
import ast
import difflib
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from visual_attention import rooms
from visual_attention.exercises.calling import OutOfTime, at_most, quiet, story
from visual_attention.exercises.report import checks

LONGEST = 120.0  # seconds that a file of answers may run by itself
HEADS = ("chapter", "exercise", "level", "minutes", "concept", "points")


def main(words: list[str] | None = None) -> int:
    """Do what the words ask; 0 only if all points are earned, or the list is shown."""
    parser = argparse.ArgumentParser(
        prog="python -m visual_attention.exercises",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chapter", help="a chapter, for instance soft, or the word list")
    parser.add_argument("file", nargs="?", type=Path, help="a Python file with your functions")
    parser.add_argument("--markdown", action="store_true", help="the list as the book's table")
    asked = parser.parse_args(words)
    chapters = rooms.parts("checks")
    if asked.chapter == "list" and asked.file is None:
        print(markdown() if asked.markdown else columns())
        return 0
    if asked.chapter not in chapters:
        near = difflib.get_close_matches(asked.chapter, chapters, n=1)
        print(
            f"There is no chapter {asked.chapter!r}. {f'Did you mean {near[0]}?' if near else ''}",
            file=sys.stderr,
        )
        print(f"Chapters with exercises: {', '.join(chapters)}.", file=sys.stderr)
        return 2
    if problem := unreadable(asked.file):
        print(problem, file=sys.stderr)
        return 2
    return examine(asked.chapter, asked.file)


def unreadable(file: Path | None) -> str:
    """Why a file of answers cannot be read; empty where it can."""
    if file is None:
        return "Which file? For instance: python -m visual_attention.exercises soft answers.py"
    if not file.is_file():
        return f"{file} is not a file."
    if file.suffix == ".ipynb":
        return f"{file} is a notebook: run its check cells, or save it as a Python file."
    try:
        file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return f"{file} cannot be read as text: {error}"
    return ""


def examine(chapter: str, file: Path) -> int:
    """Print the reports on all exercises of a chapter."""
    answers, error = defined(file)
    if error:
        print(printable(f"{file}: {error}\n"))
    earned = possible = 0.0
    for name, check in checks(rooms.parts("checks")[chapter]).items():
        answer, possible = name.removeprefix("check_"), possible + check.points
        if answer not in answers:
            print(f"{answer}: 0 of {check.points:g} points\n  Not yet: {file} defines no `{answer}`.\n")
            continue
        report = check(answers[answer])
        earned += report.score
        print(printable(f"{report}\n"))
    print(f"{earned:g} of {possible:g} points")
    return 0 if earned >= possible else 1


def defined(file: Path) -> tuple[dict[str, Any], str]:
    """What a file defines, and the error that ended it; what stands above the error counts."""
    source, names = file.read_text(encoding="utf-8-sig"), {"__name__": "answers", "__file__": str(file)}
    linecache.cache[str(file)] = (len(source), None, source.splitlines(keepends=True), str(file))
    try:
        tree = ast.parse(source, str(file))
    except (SyntaxError, ValueError) as error:
        return {}, f"it is no Python: {error}"
    function = compile(tree, str(file), "exec")
    with quiet():
        try:
            with at_most(LONGEST):
                exec(function, names)
        except OutOfTime:
            return names, f"it was stopped after {LONGEST:g} seconds: does a loop in it ever end?"
        except BaseException as error:
            return names, story(error, type("File", (), {"__code__": function}))
    return names, ""


def printable(text: str) -> str:
    """Text for a terminal, without what would steer it."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)


def rows() -> Iterator[tuple[str, ...]]:
    """All exercises, in the order of chapters and of their notebooks."""
    for chapter, module in rooms.parts("checks").items():
        found = checks(module)
        for name, check in found.items():
            about = check.about
            told = (
                (about.title, about.level or "-", str(about.minutes), about.concept)
                if about
                else (name, "-", "-", "-")
            )
            yield chapter, *told, f"{check.points:g}"


def columns() -> str:
    """The list as aligned columns, with sums below."""
    table = [HEADS, *rows()]
    widths = [max(len(row[k]) for row in table) for k in range(len(HEADS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join([*lines, "", totals()])


def totals() -> str:
    listed = list(rows())
    minutes, points = (sum(float(row[k]) for row in listed if row[k] != "-") for k in (3, 5))
    return f"{len(listed)} exercises, {points:g} points, about {minutes / 60:.0f} hours."


def markdown() -> str:
    """The list as the table of book/exercises.md."""
    lines = [f"| {' | '.join(row)} |" for row in (HEADS, ["---"] * len(HEADS), *rows())]
    return "\n".join([*lines, "", totals()])


if __name__ == "__main__":
    sys.exit(main())
