"""Where do the numbers of the page of claims come from?

From one file of JSON lines for each claim, a line for each metric of each run. Lines are only appended; a
line that an interruption cut off is forgotten, and of two lines for the same thing the later counts.
"""

import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

import visual_attention
from visual_attention.experiments import lines

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
    file, rows = path(claim, folder), {}
    for number, row in enumerate(lines.read(file), start=1):
        try:
            rows[row["budget"]["name"], row["arm"], row["seed"], row["metric"]] = row
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{file.name}, line {number}: wanted a row of a record, got {str(row)[:60]!r}"
            ) from error
    return list(rows.values())


def append(claim: str, rows: Iterable[Row], folder: Path | None = None) -> None:
    """Add the rows of one run in one write, after the last whole line."""
    lines.append(path(claim, folder), rows)


def keep(claim: str, rows: Iterable[Row], folder: Path | None = None) -> None:
    """Replace the record by these rows; the file is never half written."""
    lines.replace(path(claim, folder), rows)


def versions() -> dict[str, str]:
    """What the numbers were made with."""
    return {
        "python": platform.python_version(),
        "torch": metadata.version("torch"),
        "numpy": np.__version__,
        "visual_attention": visual_attention.__version__,
        "threads": str(torch.get_num_threads()),
    }
