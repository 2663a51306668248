import re

import numpy as np
import pytest
from PIL import Image

from tests.experiments import known
from tests.experiments.test_answer import answer
from visual_attention.experiments import forest, registry, sections, words
from visual_attention.experiments.answer import Answer
from visual_attention.experiments.answer import answer as of_the_course
from visual_attention.experiments.ledger import Ledger


def empty():
    return Answer(known.usual(name="toy-new"), Ledger())


def test_the_row_says_verdict_effect_interval_and_cost():
    text = sections.overview([answer(), empty()])
    assert text.index("<img") < text.index("<table")  # the forest plot comes first
    assert "<strong>supported</strong><br>+21.0 points (+18.5 to +23.5)<br>against max" in text
    assert "1 parameters, 0.00 M multiplications, 1 CPU s" in text
    assert text.count("not run yet") == 3 and "0 of 3" in text


def test_without_records_there_is_no_figure():
    assert "<img" not in sections.overview([empty()])


@pytest.mark.slow
def test_what_folds_away_holds_rule_curves_settings_and_attacks():
    question = known.usual(tried=("A wider net: no change.",), design="A & B.")
    more = known.rows(question, part="specification", attention=[70, 70, 71], max=[75, 76, 77])
    text = sections.folded(answer(question, more=more))
    assert text.startswith('<details class="question"><summary>') and "A &amp; B." in text
    assert text.count("<img") == len(question.conditions) + 1
    assert all(len(alt) > 60 for alt in re.findall('alt="([^"]*)"', text))
    assert "The sign turns under half the rate, more." in text
    assert "<li>A wider net: no change.</li>" in text and f"rule {question.rule}" in text


def test_the_last_paragraph_goes_no_further_than_the_records():
    assert "does not answer its title" in sections.closing([empty()])
    text = sections.closing([answer(another=[80, 82, 84]), empty()])
    assert "1 of 2 questions" in text and "That it needs fewer pictures is not by choosing for toy." in text
    assert "still rising" not in text
    assert "still rising" in sections.closing([answer(max=[(58, 60)] * 3)])
    assert "no gain that was asked for stands" in sections.closing([answer(max=[90] * 3)])


def test_the_forest_sorts_by_pictures_and_tells_verdicts_by_shape():
    weaker = answer(known.usual(name="toy-b"), max=[75, 76, 77])
    figure = forest.forest([weaker, answer()])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["toy", "toy-b"]
    tied = forest.forest([answer(max=[80, 82, 84])])
    shapes = {line.get_marker() for ax in tied.axes[:2] for line in ax.lines} - {"None", "", None}
    assert shapes == {forest.SHAPES["not supported"][0]}
    assert len({marker for marker, _ in forest.SHAPES.values()}) == 4
    said = forest.forest_in_words([answer()])
    assert "needs fewer pictures supported (+21.0 points (+18.5 to +23.5))" in said


def test_figures_are_pictures(tmp_path):
    (tmp_path / "forest.png").write_bytes(forest.png(forest.forest([answer()])))
    assert np.asarray(Image.open(tmp_path / "forest.png").convert("L")).std() > 10


def test_a_table_that_would_be_too_wide_has_its_cuts_apart(monkeypatch):
    found = of_the_course(registry.question("channel"))
    condition = found.question.middle
    whole = sections._contest(found, condition)
    monkeypatch.setattr(sections, "MOST_COLUMNS", 5)
    parted = sections._contest(found, condition)
    others = found.table(condition)[0].others
    assert (whole.count("<table"), parted.count("<table")) == (1, 3 if others else 2)
    first, *_, second = parted.split("</table>")[:-1]
    names = words.header(found, found.table(condition))
    cuts = [name for name in names if name.startswith("with ")]
    heads = [part.split("</thead>")[0].replace("&#x27;", "'") for part in (first, second)]
    assert cuts and all(name in heads[1] and name not in heads[0] for name in cuts)
    rows = second.replace("&#x27;", "'")
    assert all(each.contender.name in rows for each in found.table(condition))


@pytest.mark.parametrize("condition", ["2,000 pictures", "8,000 pictures"])  # a rival leads the second
def test_what_else_was_measured_stands_apart_where_it_is_much(condition):
    found = of_the_course(registry.question("question_answering"))
    first, second, third = sections._contest(found, condition).split("</table>")[:3]
    for name in {name for line in found.table(condition) for name in line.others}:
        assert f">{name}<" in second and f">{name}<" not in first + third
    assert "what else was measured" in second and "after each cut" in third
    assert all(one.name in second for one in found.question.contenders)
