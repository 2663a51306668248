"""The arms of the claim on generation differ in what they should, and its measures see what they name."""

import pytest
import torch

from visual_attention.chapters.generation import claims, mirrored
from visual_attention.chapters.generation.claims import passes, realism, weight_on_counterpart
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

CLAIM = registry.claim("generation")


def built(name):
    with seeded(0):
        return CLAIM.arm(name).build().eval()


def real(count=400, seed=3):
    return mirrored.batch(count, split="test", generator=torch.Generator().manual_seed(seed)).images


def test_the_rule_is_the_one_that_was_written_down():
    assert (CLAIM.treatment, CLAIM.baseline, CLAIM.margin) == ("attention", "neighbours", 30)
    assert (CLAIM.metric, CLAIM.lower, CLAIM.seeds) == ("pairs that agree", False, 5)
    assert {arm.role for arm in CLAIM.arms} == {"attention", "without", "rival", "control"}


def test_arms_are_of_one_size():
    counts = count_parameters(CLAIM).values()  # raises where matched arms differ by more than 5 %
    assert max(counts) < 1.05 * min(counts) and max(counts) < 100_000


def test_neighbours_cannot_hear_of_the_counterpart_and_the_others_can():
    x = torch.randn(1, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[..., 16:] += 1  # the right parts
    half, heard = torch.tensor([0.5]), {}
    for arm in CLAIM.arms:
        model = built(arm.name)
        with torch.no_grad():
            moved = (model(changed, half) - model(x, half))[..., :8].abs().max().item()
        heard[arm.name] = moved > 1e-6
    assert heard == {
        "attention": True, "neighbours": False, "wide convolution": True, "uniform attention": True
    }  # fmt: skip


class TestRealism:
    def test_real_pictures_pass(self):
        metrics = realism(real(), seed=0)
        assert metrics["pairs that agree"] == metrics["one colour"] == metrics["one shape"] == 100
        assert min(metrics["whole pictures pass for real"], metrics["single parts pass for real"]) > 85
        assert metrics["new among whole ones"] == 100  # they are of the test

    def test_training_pictures_are_not_new(self):
        images = mirrored.batch(300, split="train", generator=torch.Generator().manual_seed(0)).images
        assert realism(images, seed=0)["new among whole ones"] == 0

    def test_strangers_pass_part_by_part_only(self):
        metrics = realism(mirrored.strangers(real()), seed=0)
        assert metrics["pairs that agree"] < 9 and 10 < metrics["one colour"] < 23
        assert metrics["single parts pass for real"] > 85 > 30 > metrics["whole pictures pass for real"]
        assert "new among whole ones" not in metrics  # too few are whole

    @pytest.mark.parametrize(("told", "passing"), [(50, 100), (75, 50), (100, 0), (46, 100)])
    def test_passes_by_hand(self, told, passing):
        assert passes(told) == passing


def test_the_weight_on_the_counterpart_is_read_from_the_right_place():
    class Knows(torch.nn.Module):
        def weights(self, x, times):
            maps = torch.full((len(x), 2, 24, 24), 0.01)
            for row in range(4):
                for column, weight in ((0, 0.8), (1, 0.6), (2, 0.3), (3, 0.3), (4, 0.6), (5, 0.8)):
                    maps[:, 1, 6 * row + column, 6 * row + 5 - column] = weight
            return [maps[:, :1], maps[:, 1:]]

    assert weight_on_counterpart(Knows(), 0) == pytest.approx(0.7)
    assert weight_on_counterpart(built("uniform attention"), 0) == pytest.approx(1 / 24)


def test_measure_gives_all_metrics_of_a_run():
    budget = Budget(steps=2, batch=8, test=40)
    arm = CLAIM.arm("attention")
    metrics = claims.measure(built("attention"), arm, 0, budget)
    assert set(metrics) >= {"pairs that agree", "single parts pass for real", "weight on the counterpart"}
    assert all(0 <= value <= 100 for value in metrics.values())


def test_training_repeats_itself():
    budget = Budget(steps=3, batch=8)
    one, two = (claims.train(built("neighbours"), 5, budget) for _ in range(2))
    assert one == two != claims.train(built("neighbours"), 6, budget)


class TestRecord:
    """The numbers of the chapter's text."""

    def test_it_is_whole(self):
        rows = record.load("generation")
        made = {(row["arm"], row["seed"]) for row in rows if row["metric"] == CLAIM.metric}
        assert made == {(arm.name, seed) for arm in CLAIM.arms for seed in range(5)}

    def test_attention_wins_over_neighbours(self):
        result = compare(CLAIM, record.load("generation"))
        assert (result.verdict, result.seeds) == ("supported", 5)
        assert (round(result.effect), round(result.low), round(result.high)) == (83, 81, 84)
        assert {line.arm: round(line.mean) for line in result.table} == {
            "attention": 87, "neighbours": 4, "wide convolution": 99, "uniform attention": 2
        }  # fmt: skip

    def test_the_wide_convolution_wins_over_attention(self):
        rivals = {"treatment": "wide convolution", "baseline": "attention"}
        result = compare(CLAIM, record.load("generation"), **rivals)
        assert result.verdict == "better" and round(result.effect) == 12

    def test_wholes_are_better_with_attention_and_parts_are_not(self):
        rows = record.load("generation")
        for metric, want, verdict in (
            ("single parts pass for real", (51, 73, 73), "worse"),
            ("whole pictures pass for real", (63, 6, 81), "better"),
        ):
            result = compare(CLAIM, rows, metric=metric)
            means = {line.arm: round(line.mean) for line in result.table}
            assert tuple(means[n] for n in ("attention", "neighbours", "wide convolution")) == want
            assert result.verdict == verdict

    def test_a_fifth_of_the_whole_pictures_is_new(self):
        rows = record.load("generation")
        new = [r["value"] for r in rows if (r["arm"], r["metric"]) == ("attention", "new among whole ones")]
        assert len(new) == 5 and round(sum(new) / 5) == 20
