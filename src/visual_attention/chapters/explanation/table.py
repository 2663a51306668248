"""Which method passes which test? The record as a table, and as rows for a figure.

Chapter: notebooks/deeper/explanation.ipynb
Run: python -m visual_attention.chapters.explanation.table
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from visual_attention.chapters.explanation import claims, networks, rivals, verdicts
from visual_attention.chapters.explanation.measures import ITSELF
from visual_attention.chapters.explanation.verdicts import DEPENDS, FAILS, OPEN, PASSES, TRIALS, Trial

SIGNS = {PASSES: "✓", FAILS: "✗", OPEN: "?", DEPENDS: "±"}


class Table:
    """Methods against tests for one network: the numbers over all seeds, and the verdict by the rule."""

    def __init__(self, rows: list[dict], network: str) -> None:
        self.network = network
        self.judged = verdicts.verdicts(rows, network)
        self.seeds = len({row["seed"] for row in rows if row["network"] == network})
        named = (*rivals.RIVALS, *self.judged)
        self.values = {name: verdicts.series(rows, network, name) for name in named}
        if not self.seeds:
            raise ValueError(f"wanted a record of the network {network!r}, got none under the present rule")

    def header(self) -> list[str]:
        """Names of the columns."""
        return ["method", *(trial.name for trial in TRIALS)]

    def cell(self, name: str, trial: Trial) -> str:
        """The means of a method in one test, and its verdict in a word."""
        numbers = " ".join(written(np.mean(self.values[name][metric])) for metric in trial.metrics)
        if name not in self.judged:
            return numbers
        verdict = self.judged[name][trial.name]
        return f"{numbers} {SIGNS[verdict]} {verdict}"

    def lines(self) -> list[list[str]]:
        """One line for each method, rivals first."""
        return [[name, *(self.cell(name, trial) for trial in TRIALS)] for name in self.values]

    def caption(self) -> str:
        """What the numbers are."""
        return (
            f"The {self.network} network, means over {self.seeds} seeds. Deletion (lower is better) and "
            "insertion (higher is better): grey, blur, another picture."
        )

    def __repr__(self) -> str:
        table = [self.header(), *self.lines()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        text = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in table]
        return "\n".join([self.caption(), *text])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.header())
        body = ""
        for first, *rest in self.lines():
            body += f'<tr><th scope="row">{escape(first)}</th>'
            body += "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
        label = escape(f"Methods against tests, {self.network} network")
        return (
            f'<div class="comparison" role="group" tabindex="0" aria-label="{label}" '
            'style="overflow-x: auto">'
            f'<table class="table"><caption>{escape(self.caption())}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def written(value: float) -> str:
    """Two digits after the point; no minus before nothing."""
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


def bars(rows: list[dict], network: str, metric: str, names: Sequence[str]) -> dict[str, list]:
    """The names, and means and both ends of the intervals of one metric, as `charts.bars` wants."""
    found = [verdicts.interval(verdicts.series(rows, network, name)[metric]) for name in names]
    return {
        "names": [*names],
        "means": [each.mean for each in found],
        "lows": [min(each.low, each.mean) for each in found],
        "highs": [max(each.high, each.mean) for each in found],
    }


def mean(rows: list[dict], network: str, metric: str, method: str = ITSELF) -> float:
    """The mean over the seeds of one number of the record."""
    return float(np.mean(verdicts.series(rows, network, method)[metric]))


def main() -> None:
    for network in networks.BUILD:
        print(Table(claims.load(), network))


if __name__ == "__main__":
    main()
