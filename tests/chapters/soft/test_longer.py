"""Four times as long: the contest's networks at its rates, paired by seed."""

import pytest

from visual_attention.chapters.soft import longer
from visual_attention.experiments.answer import answer


def test_all_contenders_train_at_the_contest_s_rates_one_seed_after_another():
    todo = longer.missing([])
    assert len(todo) == 6 * len(longer.SIZES) * longer.SEEDS
    assert [one.seed for one in todo] == sorted(one.seed for one in todo)
    rates = {line.contender.name: line.rate for line in answer(longer.CONTEST).table(longer.CONTEST.middle)}
    assert {one.arm: one.rate for one in todo} == rates
    assert {one.condition.name for one in todo} == {"500 pictures", "1,000 pictures"}
    assert {one.condition.recipe.steps for one in todo} == {2048}
    assert {512, 1024, 2048} <= set(longer.QUESTION.recipe.scored)


def test_what_is_on_record_is_not_made_again():
    rows = longer.load()
    assert len(rows) == 60 and longer.missing(rows) == []
    assert len(longer.missing(rows[:13])) == 47
    assert {row["rule"] for row in rows} == {longer.QUESTION.rule}


def told(opponent, pictures, steps):
    found = longer.lead(longer.load(), opponent, pictures, steps)
    return [round(value, 1) for value in (found.effect, found.low, found.high)]


def test_what_the_chapter_says_of_four_times_as_long():
    rows, margin = longer.load(), longer.CONTEST.margin
    ends = {
        (name, pictures, steps): round(longer.scores(rows, name, pictures, steps).mean(), 1)
        for name in ("attention pooling", "max pooling", "sigmoid gate")
        for pictures in longer.SIZES
        for steps in (512, 2048)
    }
    assert ends["attention pooling", 500, 2048] == 61.2 and ends["max pooling", 500, 2048] == 47.6
    assert [ends["attention pooling", 1000, steps] for steps in (512, 2048)] == [76.6, 78.2]
    assert [ends["sigmoid gate", 1000, steps] for steps in (512, 2048)] == [72.9, 76.6]
    assert told("max pooling", 500, 2048) == [13.6, 5.2, 22.1]
    assert told("sigmoid gate", 1000, 2048) == [1.6, -1.9, 5.1]
    assert told("max pooling", 1000, 2048) == [4.0, 0.3, 7.8]
    for pictures in longer.SIZES:
        for steps in (512, 2048):
            lows = [longer.lead(rows, each.name, pictures, steps).low for each in longer.QUESTION.opponents]
            assert all(low >= margin for low in lows) == (pictures == 500)


def test_leads_are_paired_by_seed():
    def row(arm, seed, last):
        return {
            "arm": arm, "condition": "500 pictures", "seed": seed, "steps": [512, 2048],
            "scores": {"accuracy": [10.0 * seed, last]},
        }  # fmt: skip

    rows = [row("attention pooling", 1, 60.0), row("attention pooling", 0, 50.0)]
    rows += [row("max pooling", 0, 44.0), row("max pooling", 1, 58.0)]
    found = longer.lead(rows, "max pooling", 500, 2048)
    assert found.effect == pytest.approx(4.0) and found.seeds == 2
    assert longer.lead(rows, "max pooling", 500, 512).effect == 0
    assert longer.scores(rows, "attention pooling", 500, 2048).tolist() == [50.0, 60.0]
