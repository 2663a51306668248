"""The attack by longer training is made as the record was, and its record says what the page says."""

import pytest
import torch

from visual_attention.chapters.cost import longer, tuning
from visual_attention.chapters.cost.claims import CLAIMS, measure
from visual_attention.chapters.cost.network import WAYS, TwinFinder
from visual_attention.experiments import record
from visual_attention.experiments.claim import Budget
from visual_attention.training import seeded

ROWS = longer.load()


def test_a_run_is_the_claim_s_own_run_with_more_steps():
    found = longer.measure("windows", 1, steps=4)
    with seeded(1):
        model = TwinFinder(WAYS["windows"]())
    theirs = measure(model, CLAIMS[0].arm("windows"), 1, Budget(steps=4, batch=32, test=300))
    assert found["accuracy"]["4"] == pytest.approx(theirs["accuracy"], abs=0.06)
    assert found["rate"] == theirs["rate"] and longer.STEPS == 4 * CLAIMS[0].budget("full").steps


def test_four_layers_keep_the_rate_of_two():
    found = longer.measure("shifted windows, 4 layers", 0, steps=4)
    assert found["rate"] == tuning.rates(tuning.tried())["shifted windows"]
    assert len(longer.OTHERS["rows, columns, 4 layers"][1]()) == 4


def test_exponentials_are_positive_features_of_both_signs():
    queries, keys, values = torch.randn(3, 2, 7, 5, generator=torch.Generator().manual_seed(0))
    found = longer.Exponentials().weights(queries, keys)
    sums = (queries[:, :, None] + keys[:, None]).exp() + (-queries[:, :, None] - keys[:, None]).exp()
    # exp(q) exp(k) is exp(q + k), number by number, and the same for the opposites
    products = sums.sum(-1)
    torch.testing.assert_close(found, products / products.sum(-1, keepdim=True))
    torch.testing.assert_close(longer.Exponentials()(queries, keys, values), found @ values)


def test_what_is_missing_is_run_seed_by_seed():
    first = longer.missing([])
    assert first[: len(longer.SEEDS)] == [(way, 0) for way in longer.SEEDS]
    assert longer.missing([{"way": way, "seed": seed} for way, seed in first]) == []


def test_means_are_taken_over_the_seeds():
    rows = [{"way": "a", "accuracy": {"1": 10, "2": 20}}, {"way": "a", "accuracy": {"1": 30, "2": 50}}]
    assert longer.means(rows) == {"a": ([20.0, 35.0], 2)}


def test_the_record_is_whole():
    assert longer.missing(ROWS) == []
    assert all(list(row["accuracy"]) == ["480", "960", "1920"] for row in ROWS)


def test_what_the_page_says_of_longer_training():
    end = {way: points[-1] for way, (points, _) in longer.means(ROWS).items()}
    before = {way: points[0] for way, (points, _) in longer.means(ROWS).items()}
    assert abs(end["full"] - end["merged to 8"]) < 1 and end["full"] - end["dropped to 8"] > 20
    for way in ("rows, columns", "shifted windows"):
        assert before[way] < before["uniform"] + 1 and 6 < end[way] - end["uniform"] < 8
        assert end["full"] - end[way] == pytest.approx(51, abs=2)
        assert end[f"{way}, 4 layers"] < end[way]
    assert abs(end["uniform"] - before["uniform"]) < 1
    linear = [row["accuracy"]["1920"] for row in ROWS if row["way"] == "linear"]
    assert [round(score) for score in linear] == [38, 45]
    assert end["linear, exponentials"] == pytest.approx(linear[0], abs=0.5)
    seeds = {way: count for way, (_, count) in longer.means(ROWS).items()}
    assert (seeds["merged to 8"], seeds["uniform"], seeds["linear, exponentials"]) == (3, 2, 1)


def test_what_was_tried_tells_the_numbers_of_the_records():
    end = {way: points[-1] for way, (points, _) in longer.means(ROWS).items()}
    tried = CLAIMS[0].tried
    assert f"levels off at {end['full']:.0f} %" in tried[0]
    assert f"level with it, at {end['merged to 8']:.0f}:" in tried[0]
    assert f"behind, at {end['dropped to 8']:.0f}." in tried[0]
    first, second, alike = (end[way] for way in ("rows, columns", "shifted windows", "uniform"))
    assert f"with {first:.0f} and {second:.0f} against {alike:.0f} %" in tried[1]
    assert f"ends at {end['linear']:.0f}." in tried[1]
    assert f"seed: {end['shifted windows, 4 layers']:.0f} %" in tried[2]
    assert f"columns: {end['rows, columns, 4 layers']:.0f} %" in tried[2]
    assert f"seed: {end['linear, exponentials']:.0f} %" in tried[3]
    kept = record.load("cost")

    def lead(metric):
        means = [
            sum(r["value"] for r in kept if (r["arm"], r["metric"]) == (arm, metric)) / 10
            for arm in ("full", "shifted windows")
        ]
        return f"{means[0] - means[1]:.1f}"

    assert f"by {lead('accuracy after 120 steps')} points after 120" in tried[4]
    assert f"{lead('accuracy after 240 steps')} after 240" in tried[4]
    for rate in (0.001, 0.003, 0.01):
        at = {row["way"]: row["accuracy"] for row in tuning.tried() if row["rate"] == rate}
        assert f"{at['full'] - at['shifted windows']:.1f} at" in tried[4]
