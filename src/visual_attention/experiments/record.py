"""Where do the numbers of the page of claims come from?

From one file of JSON lines for each claim, a line for each metric of each run. Lines are only appended; a
line that an interruption cut off is forgotten, and of two lines for the same thing the later counts.
"""

import json
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

import visual_attention

CHAPTERS = Path(visual_attention.__file__).parent / "chapters"

Row = dict  # claim, arm, seed, metric, value, parameters, seconds, budget, versions


def path(claim: str, folder: Path | None = None) -> Path:
    """The file that holds a claim's record: in the room of its chapter, whose stem its name begins with."""
    return (folder or CHAPTERS / claim.partition("-")[0] / "records") / f"{claim}.jsonl"


def load(claim: str, budget: str = "full", folder: Path | None = None) -> list[Row]:
    """The rows of a claim's record made under one budget; empty if there are none."""
    return [row for row in load_all(claim, folder) if row["budget"]["name"] == budget]


def load_all(claim: str, folder: Path | None = None) -> list[Row]:
    """All rows of a claim's record, each thing once."""
    file = path(claim, folder)
    if not file.exists():
        return []
    rows: dict[tuple, Row] = {}
    text = file.read_text(encoding="utf-8")
    whole, _, _cut_off = text.rpartition("\n")
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            row = json.loads(line)
            rows[row["budget"]["name"], row["arm"], row["seed"], row["metric"]] = row
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{file.name}, line {number}: wanted a row of a record, got {line[:60]!r}"
            ) from error
    return list(rows.values())


def append(claim: str, rows: Iterable[Row], folder: Path | None = None) -> None:
    """Add the rows of one run in one write, after the last whole line."""
    file = path(claim, folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()
    with open(file, "a+b") as stored:
        _cut_after_last_line(stored)
        stored.write(lines)
        stored.flush()
        os.fsync(stored.fileno())


def keep(claim: str, rows: Iterable[Row], folder: Path | None = None) -> None:
    """Replace the record by these rows; the file is never half written."""
    file = path(claim, folder)
    draft = file.with_suffix(".draft")
    draft.write_text("".join(json.dumps(row, allow_nan=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(draft, file)


def versions() -> dict[str, str]:
    """What the numbers were made with."""
    return {
        "python": platform.python_version(),
        "torch": metadata.version("torch"),
        "numpy": np.__version__,
        "visual_attention": visual_attention.__version__,
        "threads": str(torch.get_num_threads()),
    }


def _cut_after_last_line(stored) -> None:
    """Drop what an interruption left of a line."""
    stored.seek(0)
    content = stored.read()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        stored.truncate(end)
