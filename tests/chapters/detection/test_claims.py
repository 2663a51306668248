import json

import numpy as np
import pytest

from visual_attention.chapters.detection import claims
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

NAMES = [claim.name for claim in claims.CLAIMS]


def test_the_rules_are_those_that_were_written_down():
    rules = [(c.name, c.treatment, c.baseline, c.metric, c.margin) for c in claims.CLAIMS]
    assert rules == [
        ("detection", "transformer", "grid", "AP50", 5),
        ("detection-hard", "grid with attention", "grid", "AP50, small or hidden", 3),
        ("detection-above-all", "grid with attention", "grid", "small or hidden minus other", 2),
    ]
    assert all(claim.seeds == 5 and not claim.lower for claim in claims.CLAIMS)


def test_all_arms_have_the_same_size():
    counts = count_parameters(registry.claim("detection"))
    assert max(counts.values()) < 1.05 * min(counts.values()) and max(counts.values()) < 200_000


def test_measure_scores_all_bins_and_the_way_there():
    budget = Budget(steps=5, batch=4, test=60)
    for arm in claims.ARMS:
        with seeded(0):
            metrics = claims.measure(arm.build(), arm, 0, budget)
        for name in ("small", "medium", "large", "in sight", "partly hidden", "heavily hidden", "other"):
            assert 0 <= metrics[f"AP50, {name}"] <= 100
        seconds = [metrics[f"seconds of training, part {part}"] for part in range(1, 6)]
        assert seconds == sorted(seconds) and seconds[0] > 0
        assert all(0 <= metrics[f"AP50, part {part}"] <= 100 for part in range(1, 6))
        assert metrics[claims.GAP] == metrics[claims.HARD] - metrics["AP50, other"]
        assert {claim.metric for claim in claims.CLAIMS} <= set(metrics)


def test_the_other_claims_get_the_same_rows(tmp_path):
    rows = [
        {"claim": "detection", "arm": "grid", "seed": seed, "metric": "AP50", "value": 1.0 * seed}
        | {"budget": {"name": "full"}}
        for seed in range(3)
    ]
    record.append("detection", rows, tmp_path)
    assert claims.share(tmp_path) == 3
    for name in NAMES[1:]:
        got = [json.loads(line) for line in record.path(name, tmp_path).read_text().splitlines()]
        assert got == [row | {"claim": name} for row in rows]


def test_curves_and_bins_are_read_seed_by_seed():
    rows = [
        {"arm": "grid", "seed": seed, "metric": metric, "value": value + 100 * seed}
        for seed in (1, 0)
        for metric, value in [
            *((f"AP50, part {part}", part) for part in range(1, 6)),
            *((f"seconds of training, part {part}", 10 * part) for part in range(1, 6)),
            ("AP50, small", 7),
        ]
    ]
    seconds, score = claims.learning_curve(rows, "grid")
    np.testing.assert_array_equal(seconds, [[10, 20, 30, 40, 50], [110, 120, 130, 140, 150]])
    np.testing.assert_array_equal(score[1], [101, 102, 103, 104, 105])
    np.testing.assert_array_equal(claims.by_bin(rows, "grid", ["small"]), [[7], [107]])


def test_the_three_records_are_the_same_runs():
    first = record.load("detection")
    for name in NAMES[1:]:
        assert record.load(name) == [row | {"claim": name} for row in first]


def test_the_record_is_whole():
    made = {(row["arm"], row["seed"]) for row in record.load("detection") if row["metric"] == "AP50"}
    assert made == {(arm.name, seed) for arm in claims.ARMS for seed in range(5)}


@pytest.mark.parametrize(
    ("name", "effect"), [("detection", -44.6), ("detection-hard", 1.62), ("detection-above-all", -1.15)]
)
def test_the_verdicts_are_those_of_the_chapter(name, effect):
    result = compare(registry.claim(name), record.load(name))
    assert result.verdict == "not supported" and result.effect == pytest.approx(effect, abs=0.06)


def attention_against_grid(metric):
    return compare(
        registry.claim("detection"),
        record.load("detection"),
        treatment="grid with attention",
        baseline="grid",
        metric=metric,
    )


def test_the_numbers_of_the_chapter_are_those_of_the_record():
    rows = record.load("detection")
    means = {arm.name: by_hand(rows, arm.name, "AP50") for arm in claims.ARMS}
    assert {name: round(value) for name, value in means.items()} == {
        "grid": 46,
        "grid with attention": 48,
        "transformer": 1,
    }
    assert max(by_hand(rows, "transformer", f"AP50, part {part}") for part in range(1, 6)) < 1.5
    assert all(27 < by_hand(rows, arm, "seconds of training, part 5") < 33 for arm in means)
    assert [round(by_hand(rows, arm, "AP50, heavily hidden")) for arm in ("grid", "grid with attention")] == [
        7,
        8,
    ]
    assert round(by_hand(rows, "grid", "AP50, in sight")) == 47
    assert (
        round(by_hand(rows, "grid", "AP50, small")) == 33
        and round(by_hand(rows, "grid", "AP50, large")) == 69
    )


def test_attention_helps_the_grid_a_little_everywhere():
    everywhere = attention_against_grid("AP50")
    assert everywhere.low > 0 and everywhere.effect == pytest.approx(2.0, abs=0.06)
    names = ["small", "medium", "large", "in sight", "partly hidden", "heavily hidden"]
    gains = {name: attention_against_grid(f"AP50, {name}") for name in names}
    assert all(gain.low > 0 for gain in gains.values())
    assert max(gains, key=lambda name: gains[name].effect) == "partly hidden"
    assert min(gains, key=lambda name: gains[name].effect) == "heavily hidden"
    effects = [gains["partly hidden"].effect, gains["heavily hidden"].effect]
    assert effects == pytest.approx([2.9, 0.6], abs=0.06)
    assert attention_against_grid("AP50, other").effect == pytest.approx(2.8, abs=0.06)


def by_hand(rows, arm, metric):
    return np.mean([row["value"] for row in rows if (row["arm"], row["metric"]) == (arm, metric)])
