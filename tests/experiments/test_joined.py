"""Who joins a contest later is tuned as it tunes, on its seeds, and stands in no table of it."""

from dataclasses import replace

import pytest

from tests.experiments import known
from visual_attention.experiments import ledger, trial, tuning
from visual_attention.experiments.joined import Joined


@pytest.fixture
def contest(tmp_path, monkeypatch):
    """The usual contest with its record, in a folder of its own."""
    monkeypatch.setattr(ledger, "path", lambda name, folder=None: tmp_path / f"{name}.jsonl")
    question = known.usual()
    ends = {"attention": [80, 82, 84], "max": [60, 61, 62], "mean": [40] * 3, "another": [50] * 3}
    for row in (*known.tuned(question), *known.rows(question, **ends)):
        ledger.append(ledger.path(question.name), row)
    return question


@pytest.fixture
def joined(contest, monkeypatch):
    """Two who join, the second on a side as well; rate 0.003 is best for the first, 0.01 for the second."""
    best = {"late": 0.003, "later": 0.01}
    made = []

    def make(question, one):
        made.append((one.part, one.condition.name, one.arm, one.rate, one.seed))
        last = (9 if one.rate == best[one.arm] else 1) if one.part == tuning.PART else 70.0 + one.seed
        return known.row(
            one.arm,
            condition=one.condition.name,
            seed=one.seed,
            part=one.part,
            rate=one.rate,
            rule=trial.rule(question, one.part),
            scores=[0, 0, last],
        )

    monkeypatch.setattr(trial, "make", make)
    contenders = tuple(known.contender(name, "rival", 1.0) for name in best)
    seeds = {contest.middle: 3, "8 pictures": 2}
    found = Joined("toy-joined", contest, contenders, seeds)
    return found, made


def test_each_is_tuned_on_the_middle_set_and_then_trained_at_its_best_rate(joined):
    found, made = joined
    found.make()
    for name, rate in (("late", 0.003), ("later", 0.01)):
        mine = [one for one in made if one[2] == name]
        tried = [one for one in mine if one[0] == tuning.PART]
        assert mine[: len(tried)] == tried and {one[1] for one in tried} == {found.contest.middle}
        assert {one[3] for one in tried} >= set(found.contest.rates)
        wanted = [("headline", found.contest.middle, name, rate, seed) for seed in range(3)]
        wanted += [("headline", "8 pictures", name, rate, seed) for seed in range(2)]
        assert mine[len(tried) :] == wanted
    assert [one[2] for one in made] == sorted(one[2] for one in made)  # one after the other


def test_what_is_there_is_not_made_again_and_what_lacks_is(joined):
    found, made = joined
    found.make()
    count = len(made)
    found.make()
    assert len(made) == count and found.lacking(found.rows) == []
    assert [one.seed for one in found.lacking(found.rows[:-1])] == [1]
    half = [row for row in found.rows if row["part"] == tuning.PART and row["arm"] == "late"]
    assert {(one.part, one.arm) for one in found.lacking(half)} == {("headline", "late")}
    assert {one.part for one in found.lacking([])} == {tuning.PART}


def test_differences_are_paired_with_the_contest_s_own_rows(joined):
    found, _ = joined
    found.make()
    assert found.scores("late").tolist() == [70, 71, 72] and found.scores("max").tolist() == [60, 61, 62]
    lead = found.lead("late", "max")
    assert (lead.effect, lead.seeds) == (pytest.approx(10), 3)
    assert found.lead("late", "max", "8 pictures").seeds == 2
    assert found.lead("attention", "late").effect == pytest.approx(11)
    fewer = replace(found, record="toy-fewer", seeds={found.contest.middle: 2})
    fewer.make()
    for names, effect in ((("late", "max"), 10), (("max", "late"), -10)):
        lead = fewer.lead(*names)
        assert (lead.effect, lead.seeds) == (pytest.approx(effect), 2)


def test_its_rows_are_its_rule_s_and_a_training_at_another_rate_or_set_does_not_count(joined):
    found, _ = joined
    found.make()
    assert found.question.rule != found.contest.rule
    assert len(found.trained("late")) == 3 and len(found.trained("late", "8 pictures")) == 2
    assert replace(found, contest=replace(found.contest, margin=6)).trained("late") == []
    names = [contender.name for contender in found.question.contenders]
    assert names == ["attention", "late", "later"]
    beside = (found.contest.attention, found.contest.contender("max"))
    assert [c.name for c in replace(found, beside=beside).question.contenders][:2] == ["attention", "max"]
