"""The rule as it was written down, its contenders, and what is measured of them."""

import pytest
import torch

from visual_attention.chapters.generation import moving
from visual_attention.chapters.generation.moving_claims import METRIC, QUESTION, draw, score
from visual_attention.experiments import trial
from visual_attention.experiments.trial import Trial
from visual_attention.training import parameters, seeded

ROLES = {
    "attention": "attention",
    "mixer": "rival",
    "wide convolution": "rival",
    "deeper": "rival",
    "largest of all": "rival",
    "largest of the others": "rival",
    "each alone": "trivial",
    "uniform weights": "control",
    "weights by place": "control",
}


def built(name):
    with seeded(0):
        return QUESTION.contender(name).build(QUESTION.setting).eval()


def test_the_rule_is_the_one_that_was_written_down():
    assert (QUESTION.metric, QUESTION.margin, QUESTION.sets) == (METRIC, 10, (250, 1000, 4000))
    assert (QUESTION.seeds, QUESTION.tuning_seeds, len(QUESTION.variants)) == (10, 3, 9)
    assert {one.name: one.role for one in QUESTION.contenders} == ROLES
    assert (QUESTION.rule, QUESTION.specification_rule) == ("b0723241cd58", "936fd2b4907d")


def test_what_has_more_parameters_says_so():
    sizes = {one.name: parameters(one.build(QUESTION.setting)) for one in QUESTION.contenders}
    assert sizes["attention"] == sizes["uniform weights"] == 56_064
    assert max(sizes, key=sizes.get) == "deeper" and QUESTION.contender("deeper").extra == "a layer more"
    assert all(46_000 < sizes[name] < 57_000 for name in sizes if name not in ("deeper", "each alone"))


@pytest.mark.parametrize("name", ROLES)
def test_all_but_one_hear_of_the_far_corner(name):
    x = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[..., 8:, 8:] += 3  # the last cell
    with torch.no_grad():
        half = torch.tensor([0.5])
        model = built(name)
        moved = (model(changed, half) - model(x, half))[..., :4, :4].abs().max().item()
    assert (moved > 1e-6) == (name != "each alone")


@pytest.mark.parametrize("name", ROLES)
def test_each_contender_learns_and_reports(name):
    condition = trial.shorter(QUESTION.conditions[-1], steps=2, batch=4, examples=6, points=1, warmup=1)
    row = trial.make(QUESTION, Trial("headline", condition, name, 1e-3, 0))
    assert set(row["scores"]) == {METRIC, "twins agree", "others agree", "clear"}
    assert bool(row["cuts"]) == (name == "attention")


@pytest.mark.parametrize("variant", QUESTION.specifications, ids=lambda one: one.name)
def test_each_variant_can_be_built_and_drawn(variant):
    side = variant.setting["side"]
    drawn = draw(4, "train", torch.Generator().manual_seed(0), variant.setting)
    assert drawn.images.shape == drawn.noise.shape == (4, 3, 4 * side, 4 * side)
    model = QUESTION.attention.build(variant.setting)
    assert model(drawn.noise, torch.rand(4)).shape == drawn.images.shape


def test_contenders_make_pictures_of_the_same_noise_and_seeds_differ():
    one, again, other = (
        draw(5, "test", torch.Generator().manual_seed(seed), QUESTION.setting) for seed in (1, 1, 2)
    )
    assert torch.equal(one.noise, again.noise) and torch.equal(one.images, again.images)
    assert not torch.equal(one.noise, other.noise)


def test_a_network_that_draws_real_pictures_scores_100():
    real = moving.batch(50, generator=torch.Generator().manual_seed(0)).images

    class Knows(torch.nn.Module):
        def forward(self, x, times):
            return ((real - 0.15) / 0.3 - x) / (1 - times).view(-1, 1, 1, 1)

    drawn = draw(50, "test", torch.Generator().manual_seed(0), QUESTION.setting)
    assert score(Knows(), drawn)[METRIC] == 100


def test_a_network_that_is_counted_needs_no_time():
    model, x = built("attention"), torch.randn(2, 3, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(model(x), model(x, torch.zeros(2)))
