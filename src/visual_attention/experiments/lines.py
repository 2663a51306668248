"""Where does a measurement keep what it made?

In a file of JSON lines, a line for each row. Rows are only appended, those of one run in one write; what an
interruption left of a line is forgotten when it is read, and dropped when the next rows come. A `Question`
keeps more with each row and has ledger.py.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

Row = dict


def read(file: Path) -> list[Row]:
    """The whole lines of a file, in order; none if there is no file.

    Raises:
        ValueError: a line that has its end is no row; it is named by its number.
    """
    if not file.exists():
        return []
    whole, _, _cut_off = file.read_text(encoding="utf-8").rpartition("\n")
    return [_row(file, number, line) for number, line in enumerate(whole.splitlines(), start=1)]


def append(file: Path, rows: Iterable[Row]) -> None:
    """Add rows in one write, after the last whole line; the folder is made if need be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a+b") as stored:
        stored.seek(0)
        stored.truncate(stored.read().rfind(b"\n") + 1)
        stored.write(as_text(rows).encode())
        stored.flush()
        os.fsync(stored.fileno())


def replace(file: Path, rows: Iterable[Row]) -> None:
    """Have these rows in place of all that a file held; it is never half written."""
    draft = file.with_suffix(".draft")
    draft.write_text(as_text(rows), encoding="utf-8")
    os.replace(draft, file)


def as_text(rows: Iterable[Row]) -> str:
    """Rows as they stand in a file; what is no number in JSON (nan) is refused."""
    return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)


def _row(file: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise ValueError(f"{file.name}, line {number}: wanted a row of a record, got {line[:60]!r}")
    return row
