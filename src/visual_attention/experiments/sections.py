"""How does a question stand on the page of claims? A row that says it all, and what folds away under it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import matplotlib
from matplotlib.figure import Figure

from visual_attention.experiments import forest, specification, words
from visual_attention.experiments.answer import Answer
from visual_attention.experiments.question import fixed
from visual_attention.experiments.verdict import NOT_RUN, SUPPORTED, VERDICTS
from visual_attention.view import figures

MOST_COLUMNS = 14  # of a table that fits the page


def overview(answers: Sequence[Answer]) -> str:
    """The forest plot, and a table with a row for each question."""
    parts = []
    if forest.ordered(answers):
        with matplotlib.rc_context(figures.STYLE):
            parts.append(_image(forest.forest(answers), forest.forest_in_words(answers)))
    rows = "".join(_row(one) for one in answers)
    columns = ("question", *forest.KINDS, "seeds", "cost of attention", "cost of the strongest opponent")
    parts.append(_table("All questions with their verdicts.", columns, rows))
    return "".join(parts)


def folded(answer: Answer) -> str:
    """Everything else about a question, folded away: rule, tables, curves, cuts, settings, attacks."""
    parts = [_paragraph(answer.question.design), _contenders(answer)]
    rule = answer.question.rule_in_words.replace("*", "")
    parts.append(_paragraph(f"The rule, written before the run. {rule}."))
    parts += [_paragraph(note) for note in words.notes(answer)]
    with matplotlib.rc_context(figures.STYLE):
        for condition in answer.question.conditions:
            if answer.seeds(condition.name):
                parts += _condition(answer, condition.name)
        parts.append(_pictures(answer))
        if len(specification.curve(answer)) > 1:
            parts.append(_paragraph(_hangs(answer)))
            parts.append(_image(forest.settings(answer), forest.settings_in_words(answer)))
    if answer.question.tried:
        items = "".join(f"<li>{escape(line)}</li>" for line in answer.question.tried)
        parts.append(f"<p><strong>What else was tried.</strong></p><ul>{items}</ul>")
    parts.append(_paragraph(words.method(answer)))
    title = "Design, rule, curves, settings and attacks"
    return f'<details class="question"><summary>{title}</summary>{"".join(parts)}</details>'


def closing(answers: Sequence[Answer]) -> str:
    """What the records answer to the title, and no more."""
    whole = [one for one in answers if any(verdict.verdict != NOT_RUN for verdict in one.verdicts)]
    if not whole:
        return (
            "Does attention help? No question has a whole record under these rules yet, so this page does "
            "not answer its title."
        )
    count = f"{len(whole)} of {len(answers)} questions"
    said = [f"Does attention help? {count} have a record under these rules."]
    for kind in forest.KINDS:
        found = [(one, next(v for v in one.verdicts if v.kind == kind)) for one in whole]
        counts = {
            word: [one.question.name for one, verdict in found if verdict.verdict == word]
            for word in VERDICTS
        }
        listed = "; ".join(f"{word} for {', '.join(names)}" for word, names in counts.items() if names)
        said.append(f"That it {kind} is {listed}.")
    if rising := [one.question.name for one in whole if any(verdict.rising for verdict in one.verdicts)]:
        said.append(
            f"In {', '.join(rising)} some networks were still rising when their steps were spent; what would "
            "come after is not known."
        )
    if not any(v.verdict == SUPPORTED for one in whole for v in one.verdicts):
        said.append("So far no gain that was asked for stands against every opponent.")
    said.append("Each answer is about one small task, one size of network and one cap of steps.")
    return " ".join(said)


def _row(answer: Answer) -> str:
    question = answer.question
    cells = []
    for verdict in answer.verdicts:
        text = f"<strong>{escape(verdict.verdict)}</strong>"
        if verdict.verdict != NOT_RUN and verdict.effect is not None:
            text += f"<br>{escape(words.effect(verdict, verdict.effect, question.unit))}"
            text += f"<br>against {escape(verdict.strongest)}"
        if verdict.rising:
            text += "<br>still rising"
        cells.append(text)
    lines = {line.contender.name: line for line in answer.table(question.middle)}
    strongest = answer.verdicts[0].strongest
    costs = [_cost(lines.get(name)) for name in (question.attention.name, strongest)]
    name = f'<a href="#claim-{escape(question.name)}">{escape(question.question)}</a>'
    seeds = f"{answer.seeds(question.middle)} of {question.seeds}"
    rest = "".join(f"<td>{cell}</td>" for cell in (*cells, seeds, *costs))
    return f'<tr><th scope="row">{name}</th>{rest}</tr>'


def _cost(line) -> str:
    if line is None:
        return "–"
    return (
        f"{line.parameters:,} parameters, {line.multiplications / 1e6:.2f} M multiplications, "
        f"{line.seconds:.0f} CPU s"
    )


def _contenders(answer: Answer) -> str:
    items = "".join(
        f"<li><em>{escape(c.name)}</em> ({c.role}). {escape(c.note)}</li>" for c in answer.question.contenders
    )
    return f"<ul>{items}</ul>"


def _condition(answer: Answer, condition: str) -> list[str]:
    """Curves and table of one condition."""
    image = _image(forest.curves(answer, condition), forest.curves_in_words(answer, condition))
    return [image, _contest(answer, condition)]


def _contest(answer: Answer, condition: str) -> str:
    """The table of one condition; where it would be too wide, the cuts have one of their own, and, where that
    is not enough, what else was measured."""
    lines = answer.table(condition)
    header, rows = words.header(answer, lines), words.cells(answer, lines)
    seeds = f"over {lines[0].seeds} seeds" if lines[0].seeds > 1 else "of one seed"
    caption = f"{condition}: means {seeds} after the last step."
    if len(header) <= MOST_COLUMNS:
        return _table(caption, header, _rows(rows))
    cut = [place for place, name in enumerate(header) if name.startswith("with ")]
    kept = [place for place in range(len(header)) if place not in cut]
    measured = {name for line in lines for name in line.others}  # the first contender may lack some
    others = [place for place in kept if header[place] in measured] if len(kept) > MOST_COLUMNS else []
    parts = {caption: [place for place in kept if place not in others]}
    if others:
        parts[f"{condition}: what else was measured."] = [0, *others]
    if cut:
        parts[f"{condition}: what is left after each cut."] = [0, *cut]
    return "".join(
        _table(title, [header[k] for k in places], _rows([[row[k] for k in places] for row in rows]))
        for title, places in parts.items()
    )


def _rows(cells: list[list[str]]) -> str:
    return "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest) + "</tr>"
        for first, *rest in cells
    )


def _pictures(answer: Answer) -> str:
    """How many times fewer pictures attention needs for the stated score, against each opponent."""
    items = []
    for opponent in answer.question.opponents:
        if (found := answer.times_fewer(opponent.name)) is None:
            continue
        interval, bound = found
        low, high = (words.number(2.0**end) for end in (interval.low, interval.high))
        text = f"{words.number(2.0**interval.effect)} times fewer than {opponent.name} ({low} to {high})"
        items.append(f"<li>{escape(text)}{', a bound only' if bound else ''}</li>")
    if not items:
        return ""
    question = answer.question
    sizes = ", ".join(fixed(size) for size in question.sets)
    head = f"Pictures needed for {question.metric} {question.level:g}, read off the sets of {sizes}:"
    return f"<p>{escape(head)}</p><ul>{''.join(items)}</ul>"


def _hangs(answer: Answer) -> str:
    other, turned = specification.opponent(answer), specification.turns(answer)
    ends = f"The sign turns under {', '.join(turned)}." if turned else "The sign turns under none of them."
    return f"Does it hang on one setting? Against {other}, the strongest on validation pictures. {ends}"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


@dataclass(frozen=True)
class Shown:
    """A figure from a record with its description in words, for a notebook; without a record, it says so."""

    figure: Figure | None
    description: str

    def _repr_html_(self) -> str:
        return _image(self.figure, self.description) if self.figure else _paragraph(self.description)


def curves(answer: Answer, condition: str) -> Shown:
    """The curves of all contenders under one condition."""
    if not answer.seeds(condition):
        return Shown(None, f"{condition}: {NOT_RUN}.")
    with matplotlib.rc_context(figures.STYLE):
        return Shown(forest.curves(answer, condition), forest.curves_in_words(answer, condition))


def settings(answer: Answer) -> Shown:
    """The specification curve."""
    if len(specification.curve(answer)) < 2:
        return Shown(None, f"Other settings: {NOT_RUN}.")
    with matplotlib.rc_context(figures.STYLE):
        return Shown(forest.settings(answer), forest.settings_in_words(answer))


@dataclass(frozen=True)
class Table:
    """The contenders under one condition, for a notebook."""

    answer: Answer
    condition: str

    def _repr_html_(self) -> str:
        if not self.answer.seeds(self.condition):
            return _paragraph(f"{self.condition}: {NOT_RUN}.")
        return _contest(self.answer, self.condition)


def _image(figure: Figure, alternative: str) -> str:
    data = base64.b64encode(forest.png(figure)).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alternative)}" style="max-width: 100%">'


def _table(caption: str, columns: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{_breakable(name)}</th>' for name in columns)
    return (
        f'<div class="comparison" role="group" tabindex="0" aria-label="{escape(caption)}" '
        f'style="overflow-x: auto"><table class="table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _breakable(name: str) -> str:
    """A column's name whose longest words may be parted, so that many columns fit a page."""
    return (
        escape(name)
        .replace("multiplications", "multi&shy;plications")
        .replace("parameters", "para&shy;meters")
    )
