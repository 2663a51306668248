"""The rules as they were written down, and what is measured: the hole, by kinds of pictures."""

import pytest
import torch

from visual_attention.chapters.inpainting import claims, holes
from visual_attention.chapters.inpainting.scores import psnr
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare


@pytest.mark.parametrize(
    ("name", "metric", "margin"),
    [("inpainting", "PSNR where it repeats", 3.0), ("inpainting-photographs", "PSNR, photographs", 0.5)],
)
def test_the_rules_are_those_that_were_written_down(name, metric, margin):
    claim = registry.claim(name)
    assert (claim.treatment, claim.baseline, claim.margin) == ("attention", "biharmonic", margin)
    assert (claim.metric, claim.unit, claim.lower, claim.seeds) == (metric, "dB", False, 5)


def test_the_rule_for_the_network_that_learns():
    claim = registry.claim("inpainting-learned")
    assert (claim.treatment, claim.baseline, claim.margin) == ("attention", "convolution", 1.0)
    assert (claim.metric, claim.unit, claim.lower, claim.seeds) == ("PSNR where it repeats", "dB", False, 5)
    counts = count_parameters(claim)
    assert len({counts[arm] for arm in claim.matched}) == 1
    assert [arm for arm in counts if arm not in claim.matched] == ["biharmonic", "copying, not learned"]
    assert counts["biharmonic"] == counts["copying, not learned"] == 0


@pytest.mark.parametrize(
    ("arm", "steps"), [("attention", [5]), ("convolution, longer", [15]), ("biharmonic", [])]
)
def test_only_what_has_parameters_is_trained_and_one_arm_for_longer(monkeypatch, arm, steps):
    trained = []
    monkeypatch.setattr(claims, "train", lambda model, seed, budget: trained.append(budget.steps))
    monkeypatch.setattr(claims, "judge", lambda *given: {})
    chosen = registry.claim("inpainting-learned").arm(arm)
    claims.measure_learned(chosen.build(), chosen, 0, Budget(steps=5))
    assert trained == steps


@pytest.mark.parametrize("arm", claims.ARMS + claims.LEARNED, ids=lambda arm: arm.name)
def test_every_arm_fills_only_the_hole_and_never_looks_under_it(arm):
    torch.manual_seed(0)
    model = arm.build().eval()
    drawn = holes.batch(2, split="train", generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        filled = model(drawn.images, drawn.masks)
        again = model(torch.where(drawn.masks, 0.3, drawn.images), drawn.masks)
    torch.testing.assert_close(filled, again)
    known = (~drawn.masks).expand_as(filled)
    assert torch.equal(filled[known], drawn.images[known])


def test_the_metric_is_the_mean_over_what_repeats():
    budget, arm = Budget(steps=0, test=2), claims.ARMS[0]
    metrics = registry.claim("inpainting").measure(arm.build(), arm, 4, budget)
    both = [metrics["PSNR, tiles"], metrics["PSNR, brick"]]
    assert metrics["PSNR where it repeats"] == pytest.approx(sum(both) / 2)
    assert set(metrics) == {
        f"{score}, {kind}" for score in ("PSNR", "SSIM") for kind in ("tiles", "brick")
    } | {"PSNR where it repeats"}
    tiles = holes.batch(2, split="test", kind="tiles", generator=torch.Generator().manual_seed(10_004))
    filled = arm.build()(tiles.images, tiles.masks).clamp(0, 1)
    assert both[0] == pytest.approx(psnr(filled, tiles.images, tiles.masks).mean().item())


def recorded(name, treatment=None, baseline=None, metric=None):
    """The comparison of a committed record."""
    given = {"treatment": treatment, "baseline": baseline, "metric": metric}
    return compare(registry.claim(name), record.load(name), **given)


@pytest.mark.parametrize("name", ["inpainting", "inpainting-photographs", "inpainting-learned"])
def test_the_record_is_whole(name):
    claim = registry.claim(name)
    made = {(row["arm"], row["seed"]) for row in record.load(name) if row["metric"] == claim.metric}
    assert made == {(arm.name, seed) for arm in claim.arms for seed in range(5)}


@pytest.mark.parametrize(
    ("name", "verdict", "numbers"),
    [
        ("inpainting", "supported", (8.9, 8.6, 9.1)),
        ("inpainting-photographs", "not supported", (-3.2, -3.6, -2.7)),
        ("inpainting-learned", "supported", (1.3, 1.1, 1.7)),
    ],
)
def test_the_record_says_what_the_chapter_says(name, verdict, numbers):
    result = recorded(name)
    assert result.verdict == verdict
    assert (result.effect, result.low, result.high) == pytest.approx(numbers, abs=0.051)


def test_without_a_choice_attention_is_a_mean_and_the_sheet_is_worse_than_one():
    even = recorded("inpainting", "uniform attention", "mean")
    assert abs(even.effect) < 0.05
    assert recorded("inpainting", "attention", "uniform attention").low > 6
    assert recorded("inpainting", "biharmonic", "mean").verdict == "worse"
    assert 10 ** (-recorded("inpainting").effect / 10) == pytest.approx(1 / 8, abs=0.01)  # of the error


@pytest.mark.parametrize("kind", ["grass", "gravel"])
def test_where_it_only_looks_alike_attention_does_no_better_than_the_mean(kind):
    name, metric = "inpainting-photographs", f"PSNR, {kind}"
    assert -0.5 < recorded(name, "attention", "mean", metric).effect < 0.05
    assert recorded(name, "attention", "biharmonic", metric).verdict == "better"


def test_what_the_chapter_says_of_the_networks_that_learn():
    name = "inpainting-learned"
    assert abs(recorded(name, "uniform attention", "convolution").effect) < 0.1
    level = recorded(name, baseline="convolution, longer")
    assert level.verdict == "no clear difference"
    assert (level.effect, level.low, level.high) == pytest.approx((0.2, -0.1, 0.4), abs=0.051)
    assert recorded(name, "copying, not learned", "attention").effect == pytest.approx(7.1, abs=0.051)
    photographs = {line.arm: line.mean for line in recorded(name, metric="PSNR, photographs").table}
    wanted = {"attention": 21.8, "convolution": 20.1, "biharmonic": 28.6}
    assert {arm: photographs[arm] for arm in wanted} == pytest.approx(wanted, abs=0.051)
    seconds = {line.arm: line.seconds for line in recorded(name).table}
    assert 1.8 < seconds["attention"] / seconds["convolution"] < 2.5
    assert 1.3 < seconds["convolution, longer"] / seconds["attention"] < 1.5
