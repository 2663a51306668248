"""The same training at another rate counts no row of the contest, and pairs by seed."""

from dataclasses import replace

import numpy as np
import pytest

from tests.experiments import known
from visual_attention.experiments import again, answer, ledger, trial
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.verdict import Interval


@pytest.fixture
def other(tmp_path, monkeypatch):
    """Two seeds of the rival at a rate of 0.02, with records in a folder of their own."""
    monkeypatch.setattr(ledger, "path", lambda name: tmp_path / f"{name}.jsonl")
    question = known.usual()
    return Again("toy-again", question, question.middle, "max", 0.02, 2)


def test_what_is_lacking_is_made_once_and_read_by_seed(other, monkeypatch):
    asked = []

    def made(question, one):
        asked.append((one.arm, one.condition.name, one.rate, one.seed))
        made_of = {"condition": one.condition.name, "rate": one.rate, "rule": question.rule}
        return known.row(one.arm, seed=one.seed, scores=[1.0, 1.0, 50.0 + one.seed], **made_of)

    monkeypatch.setattr(trial, "make", made)
    other.make()
    assert asked == [("max", other.question.middle, 0.02, 0), ("max", other.question.middle, 0.02, 1)]
    assert other.scores.tolist() == [50.0, 51.0]
    other.make()
    assert len(asked) == 2
    replace(other, seeds=3).make()
    assert len(asked) == 3 and other.scores.tolist() == [50.0, 51.0, 52.0]


def test_rows_of_another_rate_arm_or_rule_do_not_count(other, monkeypatch):
    monkeypatch.setattr(
        trial,
        "make",
        lambda question, one: known.row(
            one.arm,
            condition=one.condition.name,
            seed=one.seed,
            scores=[1.0, 2.0, 3.0],
            rate=one.rate,
            rule=question.rule,
        ),
    )
    other.make()
    assert len(other.rows) == 2
    assert len(replace(other, rate=0.03).rows) == len(replace(other, arm="mean").rows) == 0
    assert len(replace(other, question=replace(other.question, margin=6)).rows) == 0


def test_differences_are_paired_by_seed(other, monkeypatch):
    class Contest:
        def curve(self, condition, name):
            assert (condition, name) == (other.question.middle, "attention")
            return np.array([[0, 40.0], [0, 42.0], [0, 99.0]])

    monkeypatch.setattr(again, "answer", lambda question: Contest())
    monkeypatch.setattr(again, "_contest", lambda question: question)
    monkeypatch.setattr(Again, "scores", property(lambda self: np.array([50.0, 54.0])))
    found = other.minus("attention")
    assert (found.effect, found.seeds) == (11.0, 2)
    assert other.minus(replace(other, rate=0.03)).effect == 0


def test_told_in_a_few_words():
    assert told(Interval(1.24, -0.26, 2.1, 5)) == "+1.2 points (-0.3 to +2.1)"
    assert answer.answer is not None


def test_a_comparison_makes_what_lacks_and_says_who_is_ahead_of_whom(other, monkeypatch, capsys):
    class Contest:
        def curve(self, condition, name):
            return np.array([[0.0, {"attention": 40.0, "mean": 60.0}[name] + seed] for seed in range(2)])

    scores = iter([50.0, 51.0, 30.0, 32.0])

    def made(question, one):
        made_of = {"condition": one.condition.name, "rate": one.rate, "rule": question.rule}
        return known.row(one.arm, seed=one.seed, scores=[1.0, 2.0, next(scores)], **made_of)

    monkeypatch.setattr(trial, "make", made)
    monkeypatch.setattr(again, "_contest", lambda question: question)
    monkeypatch.setattr(again, "answer", lambda question: Contest())
    slower = replace(other, rate=0.01)
    other.make()
    slower.make()
    again.compare(other, others=("attention", "mean", slower))
    first, *minus = capsys.readouterr().out.splitlines()
    assert first == f"max at 0.02, {other.condition}, 2 seeds: 50.5"
    assert [line.split(": ")[0] for line in minus] == [
        "  minus attention",
        "  minus mean",
        "  minus max at 0.01",
    ]
    assert [float(line.split(": ")[1].split()[0]) for line in minus] == [10, -10, 19.5]
