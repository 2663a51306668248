import pytest
import torch

from visual_attention.chapters.soft import claims
from visual_attention.data import clutter
from visual_attention.experiments import record, registry
from visual_attention.experiments.claim import Budget
from visual_attention.mechanisms.soft import SoftAttentionPool
from visual_attention.training import parameters, seeded


def features():
    with seeded(3):
        return torch.randn(2, 5, 3, 4)


def test_the_rule_is_the_one_that_was_written_down():
    claim = registry.claim("soft")
    assert (claim.treatment, claim.baseline, claim.margin) == ("attention pooling", "average pooling", 20)
    assert (claim.metric, claim.unit, claim.lower, claim.seeds) == ("accuracy", "points", False, 5)
    assert {arm.role for arm in claim.arms} == {"attention", "without", "rival", "control"}


@pytest.mark.parametrize("arm", claims.ARMS, ids=lambda arm: arm.name)
def test_every_arm_reads_ten_digits_and_mixes_no_pictures(arm):
    with seeded(0):
        model = arm.build().eval()
        images = torch.rand(3, 1, 56, 56)
    with torch.no_grad():
        with seeded(1):
            together = model(images)
        assert together.shape == (3, 10)
        if arm.name != "shuffled weights":  # the only one that draws
            torch.testing.assert_close(together[1:2], model(images[1:2]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("arm", claims.ARMS, ids=lambda arm: arm.name)
def test_every_parameter_of_every_arm_gets_a_gradient(arm):
    with seeded(0):
        model = arm.build()
        model(torch.rand(4, 1, 56, 56)).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert all(p.grad.abs().sum() > 0 for n, p in model.named_parameters() if "conv2.bias" not in n)


def test_pools_by_hand():
    x = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert claims.AveragePool()(x).tolist() == [[1.5, 5.5]]
    assert claims.MaxPool()(x).tolist() == [[3, 7]]


def test_shuffled_weights_are_the_same_numbers_elsewhere():
    with seeded(0):
        pool = claims.ShuffledPool(5, 4)
    x = features()
    plain, shuffled = SoftAttentionPool.weights(pool, x), pool.weights(x)
    assert not torch.equal(plain, shuffled)
    torch.testing.assert_close(plain.flatten(1).sort().values, shuffled.flatten(1).sort().values)


def test_gates_do_not_compete():
    with seeded(0):
        pool = claims.GatePool(5, 4)
    x = features()
    gates = pool.weights(x)
    assert ((gates > 0) & (gates < 1)).all() and (gates.sum((1, 2, 3)) > 1).all()
    torch.testing.assert_close(pool(x), (x * gates).mean((2, 3)))


def test_measure_reports_where_the_weight_went():
    budget = Budget(steps=2, batch=8, test=30)
    for arm in claims.ARMS:
        with seeded(0):
            metrics = claims.measure(arm.build(), arm, 0, budget)
        assert 0 <= metrics["accuracy"] <= 100
        if arm.role in ("attention", "control"):
            assert metrics["area of the digit"] == pytest.approx(16**2 / 56**2, rel=1e-4)
            assert 0 < metrics["weight on the digit"] < 1


def test_all_arms_of_a_seed_see_the_same_test_and_training_draws_nothing_of_it():
    budget = Budget(steps=1, batch=8, test=30)
    one, again = list(claims.test_batches(0, budget)), list(claims.test_batches(0, budget))
    assert torch.equal(one[0].images, again[0].images)
    assert sum(len(batch.labels) for batch in one) == 30
    training = clutter.batch(8, split="train", generator=torch.Generator().manual_seed(0))
    assert not torch.equal(one[0].labels[:8], training.labels)


def test_the_record_answers_the_question():
    """The course says that softmax pooling beats average pooling by 20 points or more; its record has to."""
    from visual_attention.experiments.comparison import compare

    result = compare(registry.claim("soft"), record.load("soft"))
    assert (result.seeds, result.verdict) == (5, "supported") and result.low >= 20


@pytest.mark.slow
def test_attention_learns_and_points_at_the_digit():
    arm = registry.claim("soft").arm("attention pooling")
    with seeded(0):
        model = arm.build()
    assert parameters(model) < 17_000
    with seeded(0):
        metrics = claims.measure(model, arm, 0, Budget(steps=250, batch=48, test=500))
    assert metrics["accuracy"] > 40
    assert metrics["weight on the digit"] > 0.5
