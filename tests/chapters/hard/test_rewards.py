"""Rewards without a learnt baseline: what they pay, and what they teach."""

import math

import pytest
import torch

from tests.chapters.contest import build, drawn
from visual_attention.chapters.hard import choosers, rewards
from visual_attention.mechanisms.patch_choice import exact_loss
from visual_attention.training import seeded

QUESTION = rewards.QUESTION


def test_what_is_paid_by_hand():
    losses, right = torch.tensor([[0.5, 2.0, 3.5]]), torch.tensor([[True, False, False]])
    assert rewards.one_if_right(losses, right).tolist() == [[1, 0, 0]]
    torch.testing.assert_close(rewards.better_than_guessing(losses, right), math.log(10) - losses)
    torch.testing.assert_close(
        rewards.better_than_the_others(losses, right), torch.tensor([[2.25, 0.0, -2.25]])
    )


@pytest.mark.parametrize("name", rewards.SEEDS)
def test_no_baseline_is_asked(name):
    model = build(QUESTION, name)
    with seeded(0):
        QUESTION.task.loss(model, drawn(QUESTION, 32, "train")).backward()
    assert model.choose.net[0].weight.grad.abs().sum() > 0
    assert all(part.grad is None for part in model.expect.parameters())


@pytest.mark.parametrize(
    ("reward", "draws"), [(rewards.better_than_guessing, 1), (rewards.better_than_the_others, 16)]
)
def test_the_mean_of_many_estimates_is_the_exact_gradient(reward, draws):
    batch = drawn(QUESTION, 8)
    model = build(QUESTION, "exact gradient")
    exact = choosers.gradient(model, exact_loss(model, batch.images, batch.labels))
    many = type(batch)(*(part.repeat(3000 // draws, *[1] * (part.ndim - 1)) for part in batch))
    with seeded(0):
        found = rewards.unlearnt(model, many.images, many.labels, reward=reward, draws=draws)
    found = choosers.gradient(model, found)
    assert torch.cosine_similarity(found, exact, dim=0) > 0.9
    assert 0.8 < (found.norm() / exact.norm()).item() < 1.25
