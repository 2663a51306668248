"""What does the page of claims say? Everything on it comes from the claims and their committed records.

Run: python -m visual_attention.experiments.page
"""

import io
from dataclasses import dataclass
from html import escape
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Claim
from visual_attention.experiments.comparison import Comparison, compare
from visual_attention.experiments.intervals import METHOD
from visual_attention.experiments.table import as_html, measured, number
from visual_attention.view import charts, figures

NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Entry:
    """A claim with the comparison that its record gives, or None while runs are missing.

    A verdict on a part of the seeds would be one that stopped when it liked what it saw.
    """

    claim: Claim
    rows: list[record.Row]
    result: Comparison | None

    @property
    def verdict(self) -> str:
        """The verdict, or that there is none."""
        return self.result.verdict if self.result else NOT_RUN


def entries(folder: Path | None = None) -> list[Entry]:
    """All claims of the course with their records."""
    return [entry(registry.claim(name), folder) for name in registry.names()]


def entry(claim: Claim, folder: Path | None = None) -> Entry:
    """One claim with its record."""
    rows = record.load(claim.name, folder=folder)
    made = {(row["arm"], row["seed"]) for row in rows if row["metric"] == claim.metric}
    wanted = {(arm.name, seed) for arm in claim.arms for seed in range(claim.seeds)}
    return Entry(claim, rows, compare(claim, rows) if wanted <= made else None)


def before(entry: Entry) -> str:
    """What was written down before the run, in Markdown: assertion, design, arms, rule."""
    claim = entry.claim
    arms = "\n".join(f"- *{arm.name}* ({arm.role}). {arm.note}".rstrip() for arm in claim.arms)
    return "\n\n".join(
        part
        for part in (
            f"**The assertion.** {claim.statement}",
            claim.design,
            arms,
            f"**The rule, written before the run.** {claim.rule[0].upper()}{claim.rule[1:]}.",
        )
        if part
    )


def after(entry: Entry) -> str:
    """What was found beside the verdict, in Markdown: the other arms, the meaning, how it was made."""
    claim, result = entry.claim, entry.result
    others = [arm.name for arm in claim.arms if arm.name not in (claim.treatment, claim.baseline)]
    held = [compare(claim, entry.rows, baseline=name) for name in others if _has(result, name)]
    lines = "\n".join(f"- {other.sentence}" for other in held)
    tried = "\n".join(f"- {line}" for line in claim.tried)
    return "\n\n".join(
        part
        for part in (
            f"**The other arms**, for which there was no rule:\n\n{lines}" if held else "",
            f"**What this says.** {claim.meaning}" if claim.meaning else "",
            f"**What else was tried.**\n\n{tried}" if tried else "",
            made(entry),
        )
        if part
    )


def made(entry: Entry) -> str:
    """How the record was made, and how to make it again."""
    budget, versions = entry.rows[0]["budget"], entry.rows[0]["versions"]
    return (
        f"*{budget['steps']:,} steps of {budget['batch']}, tested on {budget['test']:,}; PyTorch "
        f"{versions.get('torch', '?')}, one thread a run; intervals: {METHOD}. The record is "
        f"`records/{entry.claim.name}.jsonl`; make it again with* "
        f"`python -m visual_attention.experiments run {entry.claim.name} --jobs 2`."
    )


def draw(result: Comparison) -> bytes:
    """A bar for each arm with its interval, as a PNG file in the course's look."""
    with matplotlib.rc_context(figures.STYLE):
        stored = io.BytesIO()
        _bars(result).savefig(stored, format="png", metadata={"Software": None})
    return stored.getvalue()


def _bars(result: Comparison) -> Figure:
    size = (7, 0.8 + 0.5 * len(result.table))
    figure, ax = figures.sheet(size=size)
    charts.bars(
        ax,
        [line.arm for line in result.table],
        [line.mean for line in result.table],
        [_finite(line.low, line.mean, min) for line in result.table],
        [_finite(line.high, line.mean, max) for line in result.table],
        label=f"{measured(result)}, mean over {result.seeds} seeds with 95 % interval",
        highlight=(result.treatment,),
        form="{:.1f}" if max(abs(line.mean) for line in result.table) >= 10 else "{:.3f}",
    )
    return figure


def alternative(result: Comparison) -> str:
    """The figure in words."""
    bars = ", ".join(f"{line.arm} {number(line.mean)}" for line in result.table)
    return f"Horizontal bars with intervals, {measured(result)}: {bars}."


def summary(listed: list[Entry]) -> str:
    """One table of all claims: question, verdict, effect."""
    rows = ""
    for item in listed:
        found = escape(item.result.sentence.partition(". ")[2]) if item.result else "–"
        link = f'<a href="#claim-{item.claim.name}">{escape(item.claim.question)}</a>'
        name = link if item.result else escape(item.claim.question)
        rows += f'<tr><th scope="row">{name}</th><td>{escape(item.verdict)}</td><td>{found}</td></tr>'
    counts = [(word, sum(item.verdict == word for item in listed)) for word in _WORDS]
    said = ", ".join(f"{count} {word}" for word, count in counts if count)
    caption = f"{len(listed)} claims: {said}."
    return (
        f'<div role="group" tabindex="0" aria-label="All claims" style="overflow-x: auto">'
        f'<table class="table"><caption>{caption}</caption><thead><tr><th scope="col">question</th>'
        f'<th scope="col">verdict</th><th scope="col">effect</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


_WORDS = ("supported", "not supported", "undecided", NOT_RUN)


def _has(result: Comparison, arm: str) -> bool:
    """Whether the arm and the treatment have a seed in common, as they do when the record is whole."""
    return any(line.arm == arm for line in result.table)


def _finite(value: float, otherwise: float, bound) -> float:
    """The end of an interval; the mean where there is none."""
    return bound(value, otherwise) if value == value else otherwise


def main() -> None:
    for item in entries():
        print(f"# {item.claim.question}\n\n{before(item)}\n\nVerdict: {item.verdict}\n")
        if item.result:
            print(f"{item.result}\n\n{after(item)}\n\n{as_html(item.result)}\n\n{alternative(item.result)}\n")


if __name__ == "__main__":
    main()
