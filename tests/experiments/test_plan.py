"""What a record lacks, what an interruption leaves, and what a worker's death costs."""

import os
import signal
from dataclasses import replace

import pytest

from tests.experiments import known
from visual_attention.experiments import ledger, plan, tuning
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import Task


def go(question, folder, **settings):
    said = []
    made = plan.run(question, ledger.path("toy", folder), progress=False, say=said.append, **settings)
    return made, said


def small(**changes):
    """Two contenders, two seeds, no variants: 2 x 2 x 4 rates, then 2 x 4 conditions x 2 seeds."""
    arms = known.usual().contenders[:2]
    return known.usual(**{"contenders": arms, "seeds": 2, "side_seeds": 2, "variants": ()} | changes)


def counts(folder):
    keys = [ledger.key(row) for row in ledger.read(ledger.path("toy", folder)).rows]
    lines = ledger.path("toy", folder).read_text().splitlines()
    return len(keys), len(set(keys)), len(lines)


@pytest.mark.slow
def test_all_is_made_once(tmp_path):
    assert go(small(), tmp_path)[0] == 32
    assert counts(tmp_path) == (32, 32, 32)
    assert go(small(), tmp_path)[0] == 0


@pytest.mark.slow
def test_the_middle_set_comes_first_then_pictures_without_end(tmp_path):
    go(small(), tmp_path)
    order = [(row["condition"], row["part"]) for row in ledger.read(ledger.path("toy", tmp_path)).rows]
    assert list(dict.fromkeys(order)) == [
        ("16 pictures", "tuning"), ("16 pictures", "headline"),
        ("without end", "tuning"), ("without end", "headline"),
        ("8 pictures", "headline"), ("32 pictures", "headline"),
    ]  # fmt: skip


@pytest.mark.slow
def test_each_contender_gets_its_own_best_rate(tmp_path):
    arms = [
        known.contender("attention", "attention", 90.0, best=3e-3),
        known.contender("mean", "trivial", 40.0, best=3e-2),
    ]
    go(small(contenders=arms), tmp_path)
    rates = {(r["arm"], r["rate"]) for r in answer(small(contenders=arms), tmp_path).headline}
    assert rates == {("attention", 3e-3), ("mean", 3e-2)}
    tried = {row["rate"] for row in answer(small(contenders=arms), tmp_path).rows if row["arm"] == "mean"}
    assert 0.09 in tried  # 3e-2 was the edge of the grid


@pytest.mark.slow
def test_an_interruption_costs_what_was_under_way(tmp_path):
    calls = []

    def loss(model, batch):
        calls.append(1)
        if len(calls) == 16 * 5 + 3:
            raise KeyboardInterrupt
        return known.loss(model, batch)

    question = small(task=replace(known.usual().task, loss=loss))
    with pytest.raises(KeyboardInterrupt):
        go(question, tmp_path)
    assert counts(tmp_path) == (5, 5, 5)
    assert go(question, tmp_path)[0] == 27 and counts(tmp_path) == (32, 32, 32)


@pytest.mark.slow
def test_rows_of_another_rule_do_not_count_and_are_told(tmp_path):
    go(small(), tmp_path)
    wider = small(margin=7)
    assert answer(wider, tmp_path).changed == 32 and answer(wider, tmp_path).headline == []
    made, said = go(wider, tmp_path)
    assert made == 32 and "toy: 32 rows were made under another rule; they do not count" in said
    assert answer(small(), tmp_path).seeds("16 pictures") == 2  # the old rule still finds its rows


@pytest.mark.slow
def test_a_cut_row_is_named_and_made_again(tmp_path):
    go(small(), tmp_path)
    file = ledger.path("toy", tmp_path)
    file.write_bytes(file.read_bytes()[:-40])
    made, said = go(small(), tmp_path)
    assert made == 1 and said[0].startswith("toy.jsonl, line 32: half a row or none")
    assert answer(small(), tmp_path).seeds("32 pictures") == 2


@pytest.mark.slow
def test_several_processes_make_the_same_rows(tmp_path):
    def numbers(folder):
        rows = ledger.read(ledger.path("toy", folder)).rows
        return {ledger.key(row): row["scores"] for row in rows}

    go(small(), tmp_path / "one")
    go(small(), tmp_path / "two", jobs=2)
    assert numbers(tmp_path / "one") == numbers(tmp_path / "two")


@pytest.mark.slow
def test_contenders_of_a_seed_are_judged_on_the_same_pictures_which_training_does_not_show(tmp_path):
    go(small(), tmp_path)
    rows = ledger.read(ledger.path("toy", tmp_path)).rows
    assert {row["scores"]["where"][-1] for row in rows if row["part"] == "tuning"} == {1}
    assert {row["scores"]["where"][-1] for row in rows if row["part"] == "headline"} == {2}
    by = {(r["arm"], r["seed"], r["condition"]): r["scores"]["accuracy"][-1] for r in rows if r["seed"] < 9}
    gaps = {by["attention", s, "16 pictures"] - by["mean", s, "16 pictures"] for s in (0, 1)}
    assert max(gaps) - min(gaps) < 0.1  # each seed's own shift, up to 3 points, falls out


@pytest.mark.slow
def test_the_estimate_counts_what_is_lacking(tmp_path):
    assert "toy: 32 trainings lacking, perhaps" in plan.estimate(small(), [])
    go(small(), tmp_path)
    rows = ledger.read(ledger.path("toy", tmp_path)).rows
    assert "toy: 0 trainings lacking, about 0 CPU minutes" in plan.estimate(small(), rows)
    half = [row | {"seconds": 60.0} for row in rows[:16]]
    assert "toy: 16 trainings lacking, about 16 CPU minutes, 8 on the clock" in plan.estimate(
        small(), half, 2
    )


@pytest.mark.slow
def test_the_strongest_opponent_is_found_on_validation_pictures(tmp_path):
    question = known.usual(variants=(), seeds=1, side_seeds=1)
    assert plan.strongest(question, []) is None
    go(question, tmp_path)
    rows = plan.current(question, ledger.read(ledger.path("toy", tmp_path)).rows)
    assert plan.strongest(question, [row for row in rows if row["part"] == tuning.PART]) == "max"


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_loses_nothing_and_nothing_counts_twice(tmp_path):
    """The first time that any worker comes to the middle of a training, it is killed there."""
    distributed = pytest.importorskip("distributed")
    marker = tmp_path / "killed"

    def loss(model, batch):
        if model.steps == 8 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return known.loss(model, batch)

    plain = known.usual().task
    question = small(task=Task(plain.draw, loss, plain.score, plain.cuts))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        made, _ = go(question, tmp_path / "there", scheduler=cluster.scheduler_address)
    assert marker.exists() and made == 32
    assert counts(tmp_path / "there") == (32, 32, 32)
    go(small(), tmp_path / "here")
    for folder in ("here", "there"):
        assert answer(small(), tmp_path / folder).seeds("without end") == 2
    scores = [
        {ledger.key(row): row["scores"] for row in ledger.read(ledger.path("toy", tmp_path / folder)).rows}
        for folder in ("here", "there")
    ]
    assert scores[0] == scores[1]
