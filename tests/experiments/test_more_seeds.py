"""More validation seeds stand beside the contest's own, and all together choose."""

from dataclasses import replace

import pytest

from tests.experiments import known
from visual_attention.experiments import ledger, trial, tuning
from visual_attention.experiments.more_seeds import MoreSeeds

LASTS = {(0.01, 1000): 60.0, (0.03, 1000): 61.0, (0.01, 1001): 64.0, (0.03, 1001): 50.0, (0.1, 1000): 99.0}


def row_of(question, rate, seed, last, **changes):
    made_of = {"condition": question.middle, "rate": rate, "rule": question.rule, "part": tuning.PART}
    return known.row("max", seed=seed, scores=[1.0, 2.0, last], **{**made_of, **changes})


@pytest.fixture
def more(tmp_path, monkeypatch):
    """Two rates of the rival and a seed more, with the contest's record in a folder of its own."""
    monkeypatch.setattr(ledger, "path", lambda name: tmp_path / f"{name}.jsonl")
    question = known.usual()
    for (rate, seed), last in LASTS.items():
        if seed == 1000:
            ledger.append(ledger.path(question.name), row_of(question, rate, seed, last))
    return MoreSeeds("toy-rates", question, "max", (0.01, 0.03), (1001,))


@pytest.fixture
def asked(monkeypatch):
    """What was trained: condition, rate and seed."""
    found = []

    def made(question, one):
        found.append((one.part, one.condition.name, one.arm, one.rate, one.seed))
        return row_of(question, one.rate, one.seed, LASTS[one.rate, one.seed])

    monkeypatch.setattr(trial, "make", made)
    return found


def test_what_is_lacking_is_made_once_on_validation_pictures_of_the_middle_set(more, asked):
    assert more.scores() == {0.01: [60.0], 0.03: [61.0]} and more.best() == 0.03
    more.make()
    middle = more.question.middle
    assert asked == [("tuning", middle, "max", rate, 1001) for rate in (0.01, 0.03)]
    more.make()
    assert len(asked) == 2
    assert more.scores() == {0.01: [60.0, 64.0], 0.03: [61.0, 50.0]} and more.best() == 0.01


def test_of_equal_rates_the_lower_is_best(more, monkeypatch, asked):
    monkeypatch.setitem(LASTS, (0.03, 1001), 63.0)
    more.make()
    assert more.best() == 0.01


def test_rows_of_the_test_of_another_rule_or_contender_do_not_count(more):
    question, file = more.question, ledger.path(more.record)
    for other in ({"part": "headline"}, {"rule": "another"}, {"condition": "without end"}):
        ledger.append(file, row_of(question, 0.01, 1001, 99.0, **other))
    assert more.scores() == {0.01: [60.0], 0.03: [61.0]}
    assert replace(more, arm="mean").scores() == {0.01: [], 0.03: []}
