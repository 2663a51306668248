"""How are the answers to a question said, in a terminal, in a notebook and on the page?"""

import math

from visual_attention.experiments import specification
from visual_attention.experiments.answer import Answer, Line, Verdict
from visual_attention.experiments.table import number, signed
from visual_attention.experiments.verdict import METHOD, NOT_RUN, Interval

FASTER = "learns faster"


def effect(verdict: Verdict, interval: Interval, unit: str) -> str:
    """An effect with its interval: "+4.2 points (+1.0 to +7.4)", or "1.8 times (1.2 to 2.6)"."""
    if verdict.kind == FASTER:
        sign, word = (1, "fewer") if interval.effect >= 0 else (-1, "more")
        low, high = (number(2.0 ** (sign * end)) for end in (interval.low, interval.high)[::sign])
        return f"{number(2.0 ** (sign * interval.effect))} times {word} steps ({low} to {high})"
    return f"{signed(interval.effect)} {unit} ({_ends(interval)})"


def sentence(answer: Answer, verdict: Verdict) -> str:
    """A verdict with its numbers, in one sentence."""
    question = answer.question
    if verdict.verdict == NOT_RUN or verdict.effect is None:
        return f"{verdict.kind.capitalize()}: {NOT_RUN} ({verdict.seeds} of {question.seeds} seeds)."
    shown = effect(verdict, verdict.effect, question.unit)
    text = f"{verdict.kind.capitalize()}: {verdict.verdict}. {shown} against {verdict.strongest}, the "
    text += f"strongest opponent; {verdict.seeds} seeds."
    return f"{text} {rising(verdict)}".strip()


def rising(verdict: Verdict) -> str:
    """Who had not stopped gaining when the training ended."""
    return f"Still rising: {', '.join(verdict.rising)}." if verdict.rising else ""


def header(answer: Answer, lines: list[Line]) -> list[str]:
    """Names of the columns."""
    unit = "%" if answer.question.unit == "points" else answer.question.unit
    others = dict.fromkeys(name for line in lines for name in line.others)
    cuts = dict.fromkeys(name for line in lines for name in line.cuts)
    return [
        "contender", "role", f"{answer.question.metric} ({unit})", "attention minus it", *others,
        *(f"with {name}" for name in cuts), "what it has", "rate", "parameters", "multiplications (M)",
        "CPU time (s)",
    ]  # fmt: skip


def cells(answer: Answer, lines: list[Line]) -> list[list[str]]:
    """A row of text for each contender."""
    others = dict.fromkeys(name for line in lines for name in line.others)
    cuts = dict.fromkeys(name for line in lines for name in line.cuts)
    return [
        [
            line.contender.name,
            line.contender.role,
            number(line.mean),
            _interval(line.interval),
            *(number(line.others[name]) if name in line.others else "–" for name in others),
            *(number(line.cuts[name]) if name in line.cuts else "–" for name in cuts),
            line.contender.extra,
            f"{line.rate:g}",
            f"{line.parameters:,}",
            f"{line.multiplications / 1e6:.2f}",
            number(line.seconds),
        ]
        for line in lines
    ]


def as_text(answer: Answer) -> str:
    """Verdicts, a table for each condition and the specification curve, for a terminal."""
    parts = ["\n".join(notes(answer)), "\n".join(sentence(answer, one) for one in answer.verdicts)]
    for condition in answer.question.conditions:
        if not (lines := answer.table(condition.name)):
            continue
        rows = [header(answer, lines), *cells(answer, lines)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        text = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        parts.append(f"{condition.name}, {lines[0].seeds} seeds\n{text}")
    parts.append(
        "\n".join(
            f"{'* ' if one.registered else '  '}{one.name:32} {_interval(one.interval)}"
            for one in specification.curve(answer)
        )
    )
    return "\n\n".join(part for part in parts if part)


def notes(answer: Answer) -> list[str]:
    """What keeps the record from being whole: faults by line, rows of another rule, rates at an edge."""
    found = list(answer.faults)
    if answer.changed:
        found.append(
            f"{answer.changed} rows were made under another rule than the one that stands here now; they do "
            "not count."
        )
    if edge := answer.at_the_edge():
        found.append(f"The best rate is the last that was tried for {', '.join(edge)}.")
    return found


def signs(short: Answer, full: Answer) -> str:
    """Whether a quick run has the signs of the record, verdict by verdict."""
    lines = []
    for one, other in zip(short.verdicts, full.verdicts, strict=True):
        if other.effect is None or one.effect is None:
            lines.append(f"{one.kind}: no record to compare with")
            continue
        mine, theirs = one.against[other.strongest].effect, other.effect.effect
        clear = other.effect.low > 0 or other.effect.high < 0
        said = "same sign" if (mine > 0) == (theirs > 0) else "another sign"
        if not clear:
            said = "the record has no sign"
        numbers = f"quick {mine:+.2f}, record {theirs:+.2f}"
        lines.append(f"{one.kind}, against {other.strongest}: {numbers}: {said}")
    return "\n".join(lines)


def method(answer: Answer) -> str:
    """How the record was made, and how to make it again."""
    question, recipe = answer.question, answer.question.recipe
    return (
        f"{recipe.steps:,} steps of {recipe.batch} at most, AdamW at a constant rate after {recipe.warmup} "
        f"steps, averaged weights; tested on {recipe.examples:,}; intervals: {METHOD}; rule {question.rule}. "
        f"The record is `records/{question.name}.jsonl`; make it again with "
        f"`python -m visual_attention.experiments run {question.name}`."
    )


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{signed(interval.effect)} ({_ends(interval)})"


def _ends(interval: Interval) -> str:
    if not math.isfinite(interval.low):
        return "one seed"
    return f"{signed(interval.low)} to {signed(interval.high)}"
