import json
from dataclasses import replace

import pytest
import torch

from tests.experiments import toy
from visual_attention.experiments import record, runner
from visual_attention.experiments.claim import Arm, Budget, count_parameters


def go(claim, folder, **settings):
    return runner.run(claim, folder=folder, progress=False, **settings)


def accuracies(folder, budget="full"):
    return {
        (row["arm"], row["seed"]): row["value"]
        for row in record.load("toy", budget, folder)
        if row["metric"] == "accuracy"
    }


def test_every_arm_with_every_seed(tmp_path):
    assert go(toy.claim(), tmp_path, seeds=range(2)) == 6
    scores = {"with": 60, "without": 30, "max": 70}
    assert accuracies(tmp_path) == {(arm, seed): scores[arm] + seed for arm in scores for seed in (0, 1)}


def test_a_row_says_how_it_was_made(tmp_path):
    go(toy.claim(), tmp_path, seeds=[3], arms=["max"])
    row = record.load("toy", folder=tmp_path)[-1]
    assert (row["claim"], row["arm"], row["seed"], row["metric"]) == ("toy", "max", 3, "accuracy")
    assert row["parameters"] == 300 and row["seconds"] >= 0
    assert row["budget"] == {"name": "full", "steps": 7, "batch": 64, "test": 1000}
    assert {"python", "torch", "numpy", "visual_attention"} <= row["versions"].keys()


def test_the_claims_seeds_are_the_default(tmp_path):
    assert go(toy.claim(seeds=4), tmp_path, arms=["with"]) == 4


def test_a_finished_record_is_left_alone(tmp_path):
    go(toy.claim(), tmp_path, seeds=range(2))
    before = record.path("toy", tmp_path).read_bytes()
    assert go(toy.claim(), tmp_path, seeds=range(2)) == 0
    assert record.path("toy", tmp_path).read_bytes() == before
    assert go(toy.claim(), tmp_path, seeds=range(3)) == 3


def test_a_seed_fixes_the_weights_and_what_is_drawn(tmp_path):
    def numbers(folder, **settings):
        go(toy.claim(), folder, seeds=range(3), **settings)
        rows = record.load("toy", folder=folder)
        return {(r["arm"], r["seed"], r["metric"]): r["value"] for r in rows}

    torch.manual_seed(1)
    one = numbers(tmp_path / "one")
    torch.manual_seed(2)
    assert numbers(tmp_path / "two", jobs=2) == one
    assert one["with", 0, "first weight"] != one["with", 1, "first weight"]
    assert one["with", 0, "drawn"] == one["max", 0, "drawn"]  # paired: the same draws for all arms


def test_the_global_generator_and_the_threads_are_left_alone(tmp_path):
    before = torch.get_rng_state(), torch.get_num_threads()
    go(toy.claim(), tmp_path, seeds=[0])
    assert torch.equal(before[0], torch.get_rng_state()) and before[1] == torch.get_num_threads()
    assert {r["value"] for r in record.load("toy", folder=tmp_path) if r["metric"] == "threads"} == {1}


@pytest.mark.parametrize("cut", [1, 30, 200, 400, 900])
def test_an_interruption_within_a_line_is_mended(tmp_path, cut):
    go(toy.claim(), tmp_path, seeds=range(2))
    whole = accuracies(tmp_path)
    file = record.path("toy", tmp_path)
    file.write_bytes(file.read_bytes()[:-cut])
    assert 1 <= go(toy.claim(), tmp_path, seeds=range(2)) <= 2
    assert accuracies(tmp_path) == whole
    for line in file.read_text().splitlines():
        json.loads(line)


def test_an_interrupted_run_keeps_what_was_done_and_continues(tmp_path):
    calls = []

    def measure(model, arm, seed, budget):
        calls.append((arm.name, seed))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return toy.measure(model, arm, seed, budget)

    claim = toy.claim(measure=measure)
    with pytest.raises(KeyboardInterrupt):
        go(claim, tmp_path, seeds=range(2))
    assert accuracies(tmp_path) == {("with", 0): 60, ("without", 0): 30}  # seed by seed: whole pairs first
    assert go(claim, tmp_path, seeds=range(2)) == 4
    assert calls[2:4] == [("max", 0), ("max", 0)] and len(accuracies(tmp_path)) == 6


def test_damage_in_the_middle_is_not_hidden(tmp_path):
    go(toy.claim(), tmp_path, seeds=[0])
    file = record.path("toy", tmp_path)
    file.write_text("{broken\n" + file.read_text())
    with pytest.raises(ValueError, match="toy.jsonl, line 1: wanted a row of a record, got '{broken'"):
        record.load("toy", folder=tmp_path)


def test_another_definition_drops_the_old_rows_of_that_budget_only(tmp_path, capsys):
    go(toy.claim(), tmp_path, seeds=range(2))
    go(toy.claim(), tmp_path, seeds=[0], budget="live")
    longer = toy.claim(budgets={"full": Budget(steps=9), "live": Budget(steps=2)})
    assert go(longer, tmp_path, seeds=[0]) == 3
    assert {r["budget"]["steps"] for r in record.load("toy", folder=tmp_path)} == {9}
    assert len(accuracies(tmp_path, "live")) == 3
    assert "older definition dropped" in capsys.readouterr().out
    bigger = replace(longer, arms=(*longer.arms[:2], Arm("max", "rival", toy.known(70.0, 301))))
    assert go(bigger, tmp_path, seeds=[0]) == 1


def test_unmatched_parameters_refuse_to_run(tmp_path):
    with pytest.raises(ValueError, match="within 5% of parameters, got with 106, without 100"):
        go(toy.claim(sizes=(106, 100)), tmp_path)
    assert not record.path("toy", tmp_path).exists()
    assert count_parameters(toy.claim(sizes=(105, 100))) == {"with": 105, "without": 100, "max": 300}
    with pytest.raises(ValueError, match="without 100, max 300"):
        count_parameters(toy.claim(matched=("without", "max")))


def test_a_metric_that_is_missing_or_not_a_number(tmp_path):
    with pytest.raises(ValueError, match="wanted the metric 'accuracy', got \\['loss'\\]"):
        go(toy.claim(measure=lambda *_: {"loss": 1.0}), tmp_path)
    with pytest.raises(ValueError, match="arm 'with', seed 0: \\['accuracy'\\] not a finite number"):
        go(toy.claim(measure=lambda *_: {"accuracy": float("nan")}), tmp_path)


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_rows(tmp_path):
    distributed = pytest.importorskip("distributed")
    go(toy.claim(), tmp_path / "here", seeds=range(2))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        made = go(toy.claim(), tmp_path / "there", seeds=range(2), scheduler=cluster.scheduler_address)
    assert made == 6
    assert accuracies(tmp_path / "there") == accuracies(tmp_path / "here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"treatment": "nobody"}, "wanted one of .*, got 'nobody'"),
        ({"margin": -1}, "wanted 0 or more, got -1"),
        ({"name": "other"}, "wanted the stem of 'mechanisms/toy' first, got 'other'"),
        ({"arms": (Arm("with", "rival", toy.known(1)),) * 2}, "wanted distinct names"),
    ],
)
def test_claims_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        toy.claim(**changes)


def test_roles_are_known():
    with pytest.raises(ValueError, match="wanted one of attention, .* got 'hero'"):
        Arm("with", "hero", toy.known(1))
