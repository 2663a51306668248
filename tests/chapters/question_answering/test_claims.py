"""The claim on question answering: matched arms, metrics that say what they measure, and the record."""

import pytest
import torch

from visual_attention.chapters.question_answering import claims, questions, training
from visual_attention.chapters.question_answering.training import Pool
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

TINY = Budget(steps=2, batch=8, test=40)
LOOKS = {"two hops": 2, "one hop": 1, "transformer": 2, "uniform weights": 2}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(training, "SCENES", 20)
    monkeypatch.setattr(training, "EACH", 4)
    claims.drawn.cache_clear()
    yield
    claims.drawn.cache_clear()


def test_the_rule_is_the_one_that_was_written_down():
    claim = registry.claim("question_answering")
    assert (claim.treatment, claim.baseline, claim.margin, claim.seeds) == (
        "two hops",
        "concatenation",
        10,
        5,
    )
    assert (claim.metric, claim.unit, claim.lower) == ("accuracy", "points", False)


def test_matched_arms_have_the_same_parameters_within_5_percent():
    claim = registry.claim("question_answering")
    counts = {name: count_parameters(claim)[name] for name in claim.matched}
    assert len(counts) == 5 and max(counts.values()) <= 1.05 * min(counts.values())


@pytest.mark.parametrize("arm", claims.ARMS, ids=lambda arm: arm.name)
def test_each_arm_reports_what_it_has(arm):
    with seeded(0):
        metrics = claims.measure(arm.build(), arm, 0, TINY)
    assert set(questions.KINDS) <= set(metrics) and all(0 <= value <= 100 for value in metrics.values())
    looks = {name for name in metrics if name.startswith("relation, look")}
    assert len(looks) == 2 * LOOKS.get(arm.name, 0)
    if arm.name == "uniform weights":  # the one or two cells' share of sixteen
        assert 6.2 < metrics["weight on what is asked"] < 12.6
        assert metrics["relation, look 2: its neighbour"] == pytest.approx(100 / 16, rel=1e-3)


def test_weights_are_counted_on_the_cells_that_were_asked_about():
    kinds = torch.tensor([0, 2, 1])  # attribute, relation, count
    asked = torch.zeros(3, 2, 16, dtype=torch.bool)
    asked[0, :, 5] = asked[1, 0, 2] = asked[1, 1, 3] = True
    maps = torch.full((3, 2, 16), 0.01)
    maps[0, 0, 5], maps[0, 1, 6] = 0.85, 0.85  # finds the thing, then loses it
    maps[1, 0, 2], maps[1, 1, 3] = 0.85, 0.85  # the named thing, then its neighbour
    empty = torch.zeros(3)
    found = claims.looked(maps, Pool(empty, empty, empty, empty, kinds, asked))
    assert found == pytest.approx({
        "weight on what is asked": 100 * (0.85 + 0.01 + 0.86 + 0.86) / 4,
        "relation, look 1: the named thing": 85, "relation, look 1: its neighbour": 1,
        "relation, look 2: the named thing": 1, "relation, look 2: its neighbour": 85,
    }, rel=1e-4)  # fmt: skip


def test_arms_of_a_seed_share_questions_and_seeds_do_not():
    one, again = claims.drawn(0, 40), claims.drawn(0, 40)
    assert one[0].words is again[0].words
    other = claims.drawn(1, 40)
    assert not torch.equal(one[0].words, other[0].words) and not torch.equal(one[1].words, other[1].words)


def result(**options):
    claim, rows = registry.claim("question_answering"), record.load("question_answering")
    if not rows:
        pytest.skip("not run yet")
    return compare(claim, rows, **options)


def test_the_record_is_whole():
    claim = registry.claim("question_answering")
    made = {
        (row["arm"], row["seed"]) for row in record.load("question_answering") if row["metric"] == "accuracy"
    }
    if not made:
        pytest.skip("not run yet")
    assert made == {(arm.name, seed) for arm in claim.arms for seed in range(5)}


def means(metric):
    return {line.arm: line.mean for line in result(metric=metric, baseline="uniform weights").table}


def test_the_record_says_what_the_chapter_says():
    assert result().verdict == "supported"
    accuracy = means("accuracy")
    assert (
        abs(accuracy["concatenation"] - accuracy["question alone"]) < 4
    )  # hardly more than without a picture
    assert abs(accuracy["question alone"] - 35) < 2 and accuracy["picture alone"] < 25


def seeds(arm, metric):
    rows = record.load("question_answering")
    return [row["value"] for row in rows if (row["arm"], row["metric"]) == (arm, metric)]


def test_the_gain_is_in_attributes_and_counts():
    attribute, count = means("attribute"), means("count")
    assert attribute["two hops"] > 98 and attribute["concatenation"] < 30
    assert count["uniform weights"] > count["two hops"] > count["concatenation"] + 30


def test_two_steps_are_not_learnt():
    for kind, most in (("relation", 42), ("comparison", 54)):
        assert max(means(kind).values()) < most, kind
    assert sum(value > 60 for arm in LOOKS for value in seeds(arm, "existence")) == 1
    assert round(max(seeds("transformer", "existence"))) == 79
    assert max(means(f"relation, look {look}: its neighbour")["two hops"] for look in (1, 2)) < 9


def test_attention_does_not_always_start():
    stuck = {arm: sum(value < 60 for value in seeds(arm, "attribute")) for arm in LOOKS}
    assert stuck == {"two hops": 0, "one hop": 2, "transformer": 0, "uniform weights": 5}


def test_the_weight_on_what_is_asked_is_about_twice_the_uniform_one():
    weight = means("weight on what is asked")
    assert 1.6 < weight["two hops"] / weight["uniform weights"] < 2.2
