"""When does attention help? One figure of all headlines, and a question's curves and settings in two more.

Verdicts are told by shape as well as by colour. Every figure has a function that says it in words.
"""

import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visual_attention.experiments import specification
from visual_attention.experiments.answer import Answer, Verdict
from visual_attention.experiments.table import signed
from visual_attention.experiments.verdict import (
    NOT_BY_CHOOSING,
    NOT_SUPPORTED,
    SUPPORTED,
    UNDECIDED,
    Interval,
)
from visual_attention.experiments.words import FASTER, effect
from visual_attention.view import charts, figures

SHAPES = {
    SUPPORTED: ("o", "#00724f"),
    NOT_BY_CHOOSING: ("D", "#7a5195"),
    NOT_SUPPORTED: ("X", figures.ACCENT),
    UNDECIDED: ("s", figures.MUTED),
}
KINDS = {
    "needs fewer pictures": "needs fewer pictures\n(difference, in margins)",
    "ends higher": "ends higher\n(difference, in margins)",
    FASTER: "learns faster\n(times fewer steps)",
}


def ordered(answers: Sequence[Answer]) -> list[Answer]:
    """The questions with a verdict, the one that needs fewest pictures first."""
    whole = [one for one in answers if one.whole(one.question.middle)]
    return sorted(whole, key=lambda one: -_scaled(one, one.verdicts[0]).effect)


def forest(answers: Sequence[Answer]) -> Figure:
    """All headlines against their strongest opponents: three panels, a row a question."""
    listed = ordered(answers)
    figure, axes = figures.sheet(1, 3, size=(9, 1.9 + 0.5 * len(listed)))
    for ax, (kind, label) in zip(axes, KINDS.items(), strict=True):
        ax.axvline(0, color=figures.INK, linewidth=1)
        if kind != FASTER:
            ax.axvline(1, color=figures.MUTED, linewidth=1, linestyle="--")
        for place, one in enumerate(listed):
            verdict = next(verdict for verdict in one.verdicts if verdict.kind == kind)
            if verdict.effect is not None and verdict.verdict in SHAPES:
                _mark(ax, place, _scaled(one, verdict), *SHAPES[verdict.verdict])
        ax.set(ylim=(len(listed) - 0.5, -0.5), xlabel=label)
        ax.set_yticks(range(len(listed)), [one.question.name for one in listed] if ax is axes[0] else [])
        if kind == FASTER:
            ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))
            ax.xaxis.set_major_formatter(lambda value, _: f"{2.0**value:g}")
    handles = [
        matplotlib.lines.Line2D([], [], marker=marker, color=colour, linestyle="", label=word)
        for word, (marker, colour) in SHAPES.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=11)
    return figure


def forest_in_words(answers: Sequence[Answer]) -> str:
    """The forest plot for those who do not see it."""
    lines = [
        f"{one.question.name}: "
        + ", ".join(
            f"{verdict.kind} {verdict.verdict} ({effect(verdict, verdict.effect, one.question.unit)})"
            for verdict in one.verdicts
            if verdict.effect is not None
        )
        for one in ordered(answers)
    ]
    return "Forest plot, a row a question, three panels with intervals. " + "; ".join(lines) + "."


def curves(answer: Answer, condition: str, ax: Axes | None = None) -> Figure:
    """Scores of all contenders against the steps, mean and range of the seeds."""
    if ax is None:
        many = len(answer.question.contenders) > len(figures.PALETTE)  # their names stand beside the chart
        _, ax = figures.sheet(size=(8.6 if many else 6.4, 4.0))
    steps = answer.question.recipe.scored
    lines = {c.name: answer.curve(condition, c.name) for c in answer.question.contenders}
    charts.curves(ax, steps, lines, xlabel="steps", ylabel=_measured(answer))
    ax.set_xscale("log", base=2)
    ax.set_xticks(steps, [f"{step:,}" for step in steps])
    ax.set_title(condition)
    return ax.figure


def curves_in_words(answer: Answer, condition: str) -> str:
    """The curves for those who do not see them: where each was half-way, and where it ended."""
    steps, parts = answer.question.recipe.scored, []
    for contender in answer.question.contenders:
        means = answer.curve(condition, contender.name).mean(0)
        middle = len(means) - 2
        parts.append(
            f"{contender.name} {means[middle]:.0f} after {steps[middle]:,} steps, {means[-1]:.0f} at"
        )
    text = ", ".join(f"{part} the end" for part in parts)
    return f"Curves of {_measured(answer)} over the steps, {condition}: {text}."


def settings(answer: Answer, ax: Axes | None = None) -> Figure:
    """The specification curve: a dot with its interval for each setting, the registered one marked."""
    listed = specification.curve(answer)
    if ax is None:
        _, ax = figures.sheet(size=(6.8, 1.2 + 0.42 * len(listed)))
    ax.axvline(0, color=figures.INK, linewidth=1)
    for place, one in enumerate(listed):
        marker, colour = ("D", figures.ACCENT) if one.registered else ("o", figures.MUTED)
        _mark(ax, place, one.interval, marker, colour)
    ax.set_yticks(range(len(listed)), [one.name for one in listed])
    for label, one in zip(ax.get_yticklabels(), listed, strict=True):
        label.set_weight("bold" if one.registered else "normal")
    name = answer.question.attention.name
    ax.set_xlabel(f"{name} minus {specification.opponent(answer)} ({answer.question.unit})")
    return ax.figure


def settings_in_words(answer: Answer) -> str:
    """The specification curve for those who do not see it."""
    parts = [
        f"{name} {signed(found.effect)} ({signed(found.low)} to {signed(found.high)})"
        for name, found in ((one.name, one.interval) for one in specification.curve(answer))
    ]
    return "Dots with intervals, one a setting, smallest effect first: " + "; ".join(parts) + "."


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    stored = io.BytesIO()
    figure.savefig(stored, format="png", metadata={"Software": None})
    return stored.getvalue()


def _mark(ax: Axes, place: float, interval: Interval, marker: str, colour: str) -> None:
    """A marker with its interval."""
    if np.isfinite(interval.low):
        ax.plot([interval.low, interval.high], [place, place], color=colour, linestyle="-", linewidth=1.6)
    ax.plot([interval.effect], [place], marker=marker, color=colour, markersize=9, linestyle="")


def _scaled(answer: Answer, verdict: Verdict) -> Interval:
    """The effect in margins, so that questions with unlike units stand on one axis; steps stay in powers of
    2."""
    found, scale = verdict.effect, 1.0 if verdict.kind == FASTER else answer.question.margin
    return Interval(found.effect / scale, found.low / scale, found.high / scale, found.seeds)


def _measured(answer: Answer) -> str:
    unit = "%" if answer.question.unit == "points" else answer.question.unit
    return f"{answer.question.metric} ({unit})"
