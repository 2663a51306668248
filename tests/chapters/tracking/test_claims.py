import pytest
import torch

from visual_attention.chapters.tracking import claims
from visual_attention.chapters.tracking.controls import BlindTracker
from visual_attention.chapters.tracking.paths import FRAME
from visual_attention.chapters.tracking.tracks import pairs
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

TINY = Budget(steps=2, batch=4, test=1)


def test_the_rules_are_those_that_were_written_down():
    rules = [(c.name, c.treatment, c.baseline, c.metric, c.margin, c.seeds) for c in claims.CLAIMS]
    assert rules == [
        ("tracking", "cross-attention", "cross-correlation", "success", 5, 5),
        ("tracking-leak", "only the target covered", "all covered alike", "hits", 20, 5),
    ]


@pytest.mark.parametrize("name", ["tracking", "tracking-leak"])
def test_all_arms_have_the_same_parameters(name):
    counts = count_parameters(registry.claim(name))
    assert max(counts.values()) <= 1.05 * min(counts.values()) and max(counts.values()) < 20_000


def test_every_arm_reports_all_conditions_and_their_means():
    for arm in claims.ARMS[:2]:
        with seeded(0):
            metrics = claims.measure(arm.build(), arm, 0, TINY)
        assert all(0 <= value <= 100 for value in metrics.values())
        kinds = [
            sum(metrics[f"success, {kind} {s:g}"] for s in claims.STRENGTHS[kind])
            / len(claims.STRENGTHS[kind])
            for kind in ("rotation", "bend", "occlusion")
        ]
        assert metrics["success"] == pytest.approx(sum(kinds) / 3)
        assert {"success, clean", "precision, clean", "presence", "success, alike 7"} <= set(metrics)
    assert list(claims.conditions())[:3] == ["clean", "rotation 45", "rotation 90"]


def test_all_arms_see_the_same_pairs_and_films():
    assert claims.pool(4, 0) is claims.pool(4, 0)
    films = claims.test_films(1, 0)
    assert films is claims.test_films(1, 0) and films["gone"].present[0, :, 0].sum() == 5


def test_blind_hits_are_counted_among_the_sprites():
    """A network that answers with the place of the second sprite never hits, one that knows always does."""
    films = pairs(30, split="test", generator=torch.Generator().manual_seed(0))

    class Answers(torch.nn.Module):
        def __init__(self, who):
            super().__init__()
            self.who = who

        def forward(self, template, search):
            return (
                BlindTracker(width=4, dim=4)
                .eval()(template, search)
                ._replace(boxes=FRAME * films.boxes[:, 1, self.who])
            )

    right, wrong = (claims.found_blindly(Answers(who), films) for who in (0, 1))
    assert right["hits"] == 100 and wrong["hits"] == 0
    assert 100 / 7 < right["chance"] < 100 / 3


def test_curves_begin_with_the_clean_films():
    rows = [
        {"arm": arm, "seed": seed, "metric": f"success, {name}", "value": value + 100 * seed}
        for seed in (1, 0)
        for arm in ("cross-attention", "other")
        for name, value in (("clean", 5), ("bend 0.2", 4), ("bend 0.4", 3), ("scale 0.5", 2))
    ]
    assert claims.curve(rows, "other", "bend").tolist() == [[5, 4, 3], [105, 104, 103]]


def test_the_record_says_what_the_chapter_says():
    claim, rows = registry.claim("tracking"), record.load("tracking")
    whole = compare(claim, rows)
    assert whole.verdict == "not supported"
    assert [round(v, 1) for v in (whole.effect, whole.low, whole.high)] == [-11.1, -12.4, -9.5]
    means = {line.arm: round(line.mean, 1) for line in whole.table}
    assert means["cross-attention"] == 30.5 and means["uniform attention"] == 30.9
    assert means["correlation of products"] == 38.5
    assert compare(claim, rows, baseline="uniform attention").verdict == "no clear difference"
    for metric, numbers in (
        ("success, clean", (-18.7, None, None)),
        ("success, rotation 90", (0.0, -1.4, 1.9)),
        ("success, rotation 180", (0.4, -2.8, 2.8)),
    ):
        part = compare(claim, rows, metric=metric)
        got = [round(value, 1) for value in (part.effect, part.low, part.high)]
        assert got[0] == numbers[0] and (numbers[1] is None or got == list(numbers))
    for metric, wanted in (("presence", (57.1, 65.5)), ("success, occlusion 0.5", (27.6, 40.0))):
        line = {one.arm: round(one.mean, 1) for one in compare(claim, rows, metric=metric).table}
        assert (line["cross-attention"], line["cross-correlation"]) == wanted
    for kind in ("bend", "occlusion", "scale"):
        attention, correlation = (
            claims.curve(rows, name, kind).mean(axis=0) for name in ("cross-attention", "cross-correlation")
        )
        assert (correlation > attention).all()


def test_the_record_of_the_leak_says_what_the_chapter_says():
    claim, rows = registry.claim("tracking-leak"), record.load("tracking-leak")
    leak = compare(claim, rows)
    assert leak.verdict == "not supported" and [round(line.mean) for line in leak.table] == [17, 13]
    assert all(round(line.others["chance"]) == 22 for line in leak.table)


@pytest.mark.parametrize("name", ["tracking", "tracking-leak"])
def test_the_record_is_whole(name):
    claim = registry.claim(name)
    made = {(row["arm"], row["seed"]) for row in record.load(name) if row["metric"] == claim.metric}
    assert made == {(arm.name, seed) for arm in claim.arms for seed in range(5)}
