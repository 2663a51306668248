"""The rules as they were written down, what is measured, and what the chapter says of the records."""

import pytest
import torch

from visual_attention.chapters.segmentation import claims, lookalikes
from visual_attention.chapters.segmentation.unet import UNet
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.experiments.comparison import compare
from visual_attention.training import seeded

TINY = Budget(steps=2, batch=4, test=12)
RULES = {
    "segmentation": ("dual attention", "plain", "Dice", 5),
    "segmentation-contours": ("gates", "plain", "boundary F", 2),
    "segmentation-few": ("gates", "plain", "Dice", 3),
}


@pytest.mark.parametrize("name", RULES)
def test_the_rules_are_those_that_were_written_down(name):
    claim = registry.claim(name)
    assert (claim.treatment, claim.baseline, claim.metric, claim.margin) == RULES[name]
    assert (claim.unit, claim.lower, claim.seeds) == ("points", False, 5)


@pytest.mark.parametrize("name", RULES)
def test_all_arms_have_the_same_parameters_within_5_percent(name):
    counts = count_parameters(registry.claim(name))
    assert max(counts.values()) <= 1.05 * min(counts.values())


@pytest.mark.parametrize("name", RULES)
def test_each_arm_reports_what_it_has(name):
    claim = registry.claim(name)
    for arm in claim.arms:
        with seeded(0):
            metrics = claim.measure(arm.build(), arm, 0, TINY)
        assert all(0 <= value <= 100 for value in metrics.values())
        assert set(claim.columns) - {"weight on the digit"} <= set(metrics)
        assert ("weight on the digit" in metrics) == (arm.name in ("dual attention", "uniform dual"))


def test_the_plain_network_s_pixels_see_about_16_to_each_side():
    torch.manual_seed(0)
    model, images = claims.PLAIN.build().eval(), torch.randn(2, 3, 64, 64, requires_grad=True)
    reach = []
    for place in range(30, 34):
        (slope,) = torch.autograd.grad(model(images)[:, 0, place, place].sum(), images)
        seen = slope.abs().amax((0, 1, 2)).nonzero()
        reach += [place - int(seen.min()), int(seen.max()) - place]
    assert 14 <= min(reach) and max(reach) <= claims.FAR + 1


def test_controls_have_even_weights_and_apply_them():
    torch.manual_seed(0)
    x = torch.randn(2, 16, 4, 6)
    even = claims.EvenDual(16)
    torch.nn.init.constant_(even.position.gain, 0.5)
    torch.nn.init.constant_(even.channel.gain, -0.3)
    weights = even.weights(x)
    torch.testing.assert_close(weights.position, torch.full((2, 24, 24), 1 / 24))
    values = even.position.value_conv(x).flatten(2)
    wanted = x + 0.5 * (values @ weights.position.mT).view_as(x)
    wanted = wanted - 0.3 * (weights.channel @ x.flatten(2)).view_as(x)
    torch.testing.assert_close(even(x), wanted, atol=1e-5, rtol=1e-4)
    gate = claims.even_gate(16, 5)
    gates = gate.weights(x, torch.randn(2, 5, 2, 3))
    assert gates.shape == (2, 1, 4, 6) and (gates == gates[:, :, :1, :1]).all()


def test_coins_are_told_apart_by_hand():
    """A network that marks all coins is right on those that are meant, one that knows the mask on all."""
    drawn = lookalikes.batch(20, split="test", generator=torch.Generator().manual_seed(0))
    marked = claims.marked(drawn.things.any(1, keepdim=True), drawn.things)
    assert marked.all()
    assert torch.equal(claims.marked(drawn.masks, drawn.things), drawn.meant)

    class Known(torch.nn.Module):
        bottom = None

        def forward(self, images):
            return drawn.masks.float() - 0.5

    metrics = claims.told(Known(), drawn)
    assert set(metrics.values()) == {100.0}
    assert claims.tested(Known(), drawn)["Dice"] == 100


def test_few_pictures_come_again_and_again():
    seen = []

    class Spy(UNet):
        def forward(self, x):
            seen.append(x.detach())
            return super().forward(x)

    claims.train(Spy(widths=(2, 2)), "small", 0, Budget(steps=6, batch=4), few=3)
    assert len(torch.unique(torch.cat(seen).flatten(1), dim=0)) == 3


@pytest.mark.parametrize("name", RULES)
def test_the_record_is_whole(name):
    claim = registry.claim(name)
    made = {(row["arm"], row["seed"]) for row in record.load(name) if row["metric"] == claim.metric}
    if not made:
        pytest.skip("not run yet")
    assert made == {(arm.name, seed) for arm in claim.arms for seed in range(5)}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("segmentation", "supported"),
        ("segmentation-contours", "undecided"),
        ("segmentation-few", "supported"),
    ],
)
def test_the_record_says_what_the_chapter_says(name, verdict):
    assert compare(registry.claim(name), record.load(name)).verdict == verdict


def test_the_numbers_of_the_chapter_s_text():
    claim, rows = registry.claim("segmentation"), record.load("segmentation")
    found = compare(claim, rows)
    assert [round(value) for value in (found.effect, found.low, found.high)] == [26, 18, 32]
    told = {line.arm: line for line in compare(claim, rows, metric="coins told apart").table}
    assert [round(told[arm].mean) for arm in ("plain", "gates", "uniform dual")] == [50, 50, 53]
    values = told["dual attention"].values
    assert (round(min(values)), round(max(values))) == (67, 100)
    near = compare(claim, rows, metric="told apart near the digit").table
    assert round({line.arm: line.mean for line in near}["plain"]) == 51
    weight = [row["value"] for row in rows if row["metric"] == "weight on the digit"]
    assert (
        round(sum(w for w in weight if w > 10) / 5) == 33
        and compare(claim, rows, treatment="gates").verdict == "no clear difference"
    )


def test_even_gates_do_as_well_on_the_small_coin():
    few = registry.claim("segmentation-few")
    against_plain = compare(few, record.load(few.name))
    against_even = compare(few, record.load(few.name), baseline="uniform gates")
    assert against_plain.effect > 15 and against_even.verdict == "no clear difference"
    assert abs(against_even.effect) < 0.1
    contours = registry.claim("segmentation-contours")
    even = compare(contours, record.load(contours.name), baseline="uniform gates")
    assert even.verdict == "better" and even.effect < 0.5


def test_on_the_real_picture_nothing_is_found():
    claim, rows = registry.claim("segmentation-contours"), record.load("segmentation-contours")
    assert max(line.mean for line in compare(claim, rows, metric="Dice, real picture").table) < 1
