"""The claims on hard attention: what is compared, and how estimates are held against the exact gradient."""

import pytest
import torch

from visual_attention.chapters.hard import cells, choice_claims, glimpse_claims, translated
from visual_attention.experiments import registry
from visual_attention.experiments.claim import Budget
from visual_attention.mechanisms.patch_choice import exact_loss, gumbel_choice_loss, reinforce_choice_loss
from visual_attention.training import seeded


def test_the_rules_are_those_that_were_written_down():
    claim = registry.claim("hard")
    assert (claim.treatment, claim.baseline, claim.margin) == ("learned glimpses", "random glimpses", 10)
    claim = registry.claim("hard-gradient")
    assert (claim.treatment, claim.baseline, claim.margin) == ("REINFORCE, baseline", "REINFORCE alone", 1)


@pytest.mark.parametrize("arm", registry.claim("hard").arms, ids=lambda arm: arm.name)
def test_every_arm_reads_ten_digits(arm):
    model = arm.build().eval()
    drawn = translated.batch(3, split="train", generator=torch.Generator().manual_seed(0))
    assert model(drawn.images).shape == (3, 10)
    glimpse_claims.loss_of(model)(model, drawn).backward()


def test_random_glimpses_are_the_same_network_without_the_choice():
    with seeded(0):
        chosen = registry.claim("hard").arm("learned glimpses").build()
    with seeded(0):
        random = registry.claim("hard").arm("random glimpses").build()
    assert all(torch.equal(a, b) for a, b in zip(chosen.parameters(), random.parameters(), strict=True))
    x = torch.rand(2, 1, 60, 60)
    assert torch.equal(chosen.locations(x), chosen.locations(x))
    assert not torch.equal(random.locations(x), random.locations(x))
    glimpse_claims.loss_of(random)(random, translated.batch(2, split="train")).backward()
    assert random.locate.linear.weight.grad is None


def test_the_checkpoint_is_tested_and_not_trained():
    arm = registry.claim("hard-longer").arm(glimpse_claims.CHECKPOINT)
    model = arm.build()
    before = [parameter.clone() for parameter in model.parameters()]
    metrics = glimpse_claims.measure(model, arm, 0, Budget(steps=2, test=300))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert metrics["error"] < 22 and metrics["numbers read"] == 6 * 432
    assert metrics["distance of the last glimpse"] < 8


@pytest.fixture(scope="module")
def measured():
    """Each estimate at one model and one batch."""
    with seeded(0):
        model = choice_claims.Reader(reinforce_choice_loss)
        for parameter in model.read.parameters():
            parameter.data *= 3
        drawn = cells.batch(64, split="train", generator=torch.Generator().manual_seed(0))
        estimates = [exact_loss, reinforce_choice_loss, gumbel_choice_loss]
        return [choice_claims.compare_gradients(model, drawn, one, draws=60) for one in estimates]


def test_the_exact_gradient_has_neither_variance_nor_bias(measured):
    assert measured[0]["variance"] < 1e-9 and abs(measured[0]["bias"]) < 1e-9
    assert measured[0]["cosine"] == pytest.approx(1)


def test_a_drawn_one_is_noisy(measured):
    assert measured[1]["variance"] > 10 * measured[2]["variance"] > 0
    assert 2 ** measured[1]["noise"] == pytest.approx(measured[1]["variance"])


def test_a_model_that_reads_random_cells_guesses():
    arm = registry.claim("hard-choice").arm("random cell")
    metrics = choice_claims.measure_choice(arm.build(), arm, 0, Budget(steps=1, test=2000))
    assert metrics["digit found"] == pytest.approx(100 / 16, abs=3)
