"""The cue claims: what a place can know without a gate, matched parameters, what gates know of the cue."""

import pytest
import torch

from visual_attention.cues import CueReader, explained, measure, nothing_to_choose
from visual_attention.data.overlaid import by_colour, by_place
from visual_attention.experiments import registry
from visual_attention.experiments.claim import Budget, count_parameters
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.training import seeded

DRAWS = {
    "channel": by_colour,
    "channel-nothing-to-choose": nothing_to_choose,
    "spatial": by_place,
    "spatial-gentler": by_place,
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", DRAWS)
def test_all_arms_have_as_many_parameters_within_5_percent(name):
    counts = count_parameters(registry.claim(name))
    assert max(counts.values()) <= 1.05 * min(counts.values())


@pytest.mark.parametrize(("name", "draw"), DRAWS.items())
def test_every_arm_reads_the_pictures_of_its_task(name, draw):
    batch = draw(3, split="train", generator=generator())
    for arm in registry.claim(name).arms:
        with seeded(0):
            assert arm.build()(batch.images).shape == (3, 10)


def test_without_a_gate_the_middle_of_a_digit_cannot_know_the_stripe():
    batch = by_colour(1, split="train", generator=generator())
    other = batch.images.clone()
    other[:, :, :2] = other[:, :, :2].flip(1)
    with seeded(0):
        plain, gated = CueReader(25, 24), CueReader(25, 24, slot=lambda c: SqueezeExcitation(c, reduction=1))
    before, after = (plain.gate(plain.features(x)) for x in (batch.images, other))
    torch.testing.assert_close(before[:, :, 2:], after[:, :, 2:])
    before, after = (gated.gate(gated.features(x)) for x in (batch.images, other))
    assert (before[:, :, 2:] - after[:, :, 2:]).abs().max() > 1e-4


@pytest.mark.parametrize("shape", [(2, 3, 8, 10), (2, 3, 9, 11)])
def test_a_reader_says_for_which_pictures_it_was_built(shape):
    assert CueReader(20, 5)(torch.rand(shape)).shape == (2, 10)
    with pytest.raises(ValueError, match=f"21 places after a halving, got {shape[2]} x {shape[3]} pixels"):
        CueReader(21, 5)(torch.rand(shape))


def test_explained_by_hand():
    cues = torch.tensor([0, 0, 1, 1])
    assert explained(torch.tensor([[1.0], [1.0], [3.0], [3.0]]), cues) == pytest.approx(1.0)
    assert explained(torch.tensor([[1.0], [3.0], [1.0], [3.0]]), cues) == pytest.approx(0.0)
    assert explained(torch.tensor([[1.0], [3.0], [3.0], [5.0]]), cues) == pytest.approx(4 / 8)
    assert explained(torch.ones(4, 2, 3, 1), cues) == 0.0


def test_digits_with_nothing_to_choose_are_white_and_of_their_split():
    batch = nothing_to_choose(50, split="test", generator=generator())
    assert batch.images.shape == (50, 3, 14, 14)
    assert torch.equal(batch.images[:, 0], batch.images[:, 2])


def test_measure_gives_percent_and_what_the_gates_know():
    claim = registry.claim("channel")
    budget = Budget(steps=2, batch=8, test=60)
    for name, wanted in (("squeeze and excitation", 2), ("no gate", 1), ("fixed gates", 2)):
        arm = claim.arm(name)
        with seeded(0):
            model = arm.build()
        metrics = measure(by_colour, model, arm, 0, budget)
        assert len(metrics) == wanted and 0 <= metrics["accuracy"] <= 100
    assert metrics["cue in the gates"] == 0.0


def test_the_gentle_claim_learns_at_its_own_rate():
    claim = registry.claim("spatial-gentler")
    arm, budget = claim.arm(claim.treatment), Budget(steps=1, batch=8, test=60)
    steps = []
    for measured in (claim.measure, registry.claim("spatial").measure):
        with seeded(0):
            model = arm.build()
        before = model.read.weight.detach().clone()
        measured(model, arm, 0, budget)
        steps.append((model.read.weight - before).abs().max().item())
    assert steps[0] < 0.5 * steps[1]
