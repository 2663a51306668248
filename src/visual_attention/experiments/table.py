"""How is a comparison shown, to eyes, to a screen reader, and in a terminal?"""

import math
from dataclasses import dataclass
from html import escape

from visual_attention.experiments.claim import Claim


@dataclass(frozen=True)
class ArmSummary:
    """One line of the table: an arm's metric over its seeds, and the means of its other metrics."""

    arm: str
    role: str
    parameters: int
    mean: float
    low: float
    high: float
    seconds: float
    values: tuple[float, ...]
    others: dict[str, float]

    @property
    def seeds(self) -> int:
        """How many seeds the means are over."""
        return len(self.values)


class Shown:
    """What a table can be made of. It shows itself as one, in a terminal and in a notebook."""

    claim: Claim
    metric: str
    table: tuple[ArmSummary, ...]
    verdict: str
    sentence: str

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def number(value: float) -> str:
    """About three figures: 67.1, 5.25, 0.913."""
    size = abs(value)
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference with its sign: +48.3, −0.250."""
    return ("+" if value >= 0 else "") + number(value)


def header(comparison: Shown) -> list[str]:
    """Names of the columns, with units."""
    extra = dict.fromkeys(name for line in comparison.table for name in line.others)
    return [
        "arm",
        "role",
        "parameters",
        measured(comparison),
        "95 % interval",
        *extra,
        "CPU time (s)",
        "seeds",
    ]


def measured(comparison: Shown) -> str:
    """The metric with its unit; what is compared in points is itself in per cent."""
    unit = "%" if comparison.claim.unit == "points" else comparison.claim.unit
    known = unit and comparison.metric == comparison.claim.metric
    return f"{comparison.metric} ({unit})" if known else comparison.metric


def cells(line: ArmSummary, extra: list[str]) -> list[str]:
    """One arm's cells, in the order of the header."""
    interval = f"{number(line.low)} to {number(line.high)}" if math.isfinite(line.low) else "–"
    others = [number(line.others[name]) if name in line.others else "–" for name in extra]
    return [
        line.arm,
        line.role,
        f"{line.parameters:,}",
        number(line.mean),
        interval,
        *others,
        number(line.seconds),
        str(line.seeds),
    ]


def caption(comparison: Shown) -> str:
    """How many runs each line of the table stands for."""
    counts = sorted({line.seeds for line in comparison.table})
    return f"Means over {' or '.join(map(str, counts))} seed{'' if counts == [1] else 's'}."


def as_text(comparison: Shown) -> str:
    """The verdict's sentence and an aligned table."""
    names = header(comparison)
    lines = [names] + [cells(line, names[5:-2]) for line in comparison.table]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    rows = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([*rows, comparison.sentence])


def as_html(comparison: Shown) -> str:
    """A table with caption and header cells, scrolled by keyboard when narrow, and the verdict."""
    names = header(comparison)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = ""
    for line in comparison.table:
        first, *rest = cells(line, names[5:-2])
        body += f'<tr><th scope="row">{escape(first)}</th>'
        body += "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
    title = escape(comparison.claim.question)
    rest = escape(comparison.sentence.partition(". ")[2])
    return (
        f'<div class="comparison" role="group" tabindex="0" aria-label="{title}" style="overflow-x: auto">'
        f'<table class="table"><caption>{caption(comparison)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<p class="verdict"><strong>{escape(comparison.verdict.capitalize())}.</strong> {rest}</p>'
    )
