"""Where do the answers come from?

From one file of JSON lines for each question, a line for each training with its whole curve. Lines are only
appended, each in one write. A line that was cut off or damaged is named by its number and skipped: each line
carries a checksum of itself. A training that stands there twice counts once.
"""

import json
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from visual_attention.experiments import record

NEEDED = {
    "question", "rule", "part", "condition", "arm", "rate", "seed", "steps", "scores", "cuts",
    "parameters", "multiplications", "seconds",
}  # fmt: skip

Row = dict


@dataclass
class Ledger:
    """The rows of a file that can be read, each training once, and a sentence for each line that cannot."""

    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def path(name: str, folder: Path | None = None) -> Path:
    """The file that holds a question's record."""
    return record.path(name, folder)


def append(file: Path, row: Row) -> None:
    """Add a row in one write, on a line of its own whatever an interruption left behind."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = (json.dumps({**row, "check": _checksum(row)}, allow_nan=False) + "\n").encode()
    with open(file, "ab+") as stored:
        if stored.tell() and _last_byte(stored) != b"\n":
            line = b"\n" + line
        stored.write(line)
        stored.flush()
        os.fsync(stored.fileno())


def read(file: Path) -> Ledger:
    """All that can be read of a file; empty if there is none."""
    ledger, seen = Ledger(), set()
    if not file.exists():
        return ledger
    lines = file.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _row(line)
        except ValueError as error:
            ledger.faults.append(f"{file.name}, line {number}: {error}; skipped")
            continue
        if key(row) not in seen:
            seen.add(key(row))
            ledger.rows.append(row)
    return ledger


def key(row: Row) -> tuple:
    """What a training is known by."""
    return (row["rule"], row["part"], row["condition"], row["arm"], row["rate"], row["seed"])


def _row(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        raise ValueError(f"half a row or none: {line[:40]!r}") from None
    if not isinstance(row, dict) or (missing := NEEDED - row.keys()):
        lacks = f", without {', '.join(sorted(missing))}" if isinstance(row, dict) else ""
        raise ValueError(f"not a row of a record{lacks}")
    if row.pop("check", None) != _checksum(row):
        raise ValueError("the checksum does not fit: a number was changed or lost")
    return row


def _checksum(row: Row) -> str:
    return f"{zlib.crc32(json.dumps(row, sort_keys=True).encode()):08x}"


def _last_byte(stored) -> bytes:
    stored.seek(-1, os.SEEK_END)
    return stored.read(1)
