"""The rules as they were written down, and what is measured: the hole, by kinds of pictures."""

import pytest
import torch

from visual_attention.applications.hole_scores import psnr
from visual_attention.data import holes
from visual_attention.experiments import registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.claims import inpainting


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
    monkeypatch.setattr(inpainting, "train", lambda model, seed, budget: trained.append(budget.steps))
    monkeypatch.setattr(inpainting, "judge", lambda *given: {})
    chosen = registry.claim("inpainting-learned").arm(arm)
    inpainting.measure_learned(chosen.build(), chosen, 0, Budget(steps=5))
    assert trained == steps


@pytest.mark.parametrize("arm", inpainting.ARMS + inpainting.LEARNED, ids=lambda arm: arm.name)
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
    budget, arm = Budget(steps=0, test=2), inpainting.ARMS[0]
    metrics = registry.claim("inpainting").measure(arm.build(), arm, 4, budget)
    both = [metrics["PSNR, tiles"], metrics["PSNR, brick"]]
    assert metrics["PSNR where it repeats"] == pytest.approx(sum(both) / 2)
    assert set(metrics) == {
        f"{score}, {kind}" for score in ("PSNR", "SSIM") for kind in ("tiles", "brick")
    } | {"PSNR where it repeats"}
    tiles = holes.batch(2, split="test", kind="tiles", generator=torch.Generator().manual_seed(10_004))
    filled = arm.build()(tiles.images, tiles.masks).clamp(0, 1)
    assert both[0] == pytest.approx(psnr(filled, tiles.images, tiles.masks).mean().item())
