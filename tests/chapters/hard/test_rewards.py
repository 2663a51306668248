"""Rewards without a learnt baseline: what they pay, and what they teach."""

import math

import pytest
import torch

from tests.chapters.contest import build, drawn
from visual_attention.chapters.hard import choosers, rewards
from visual_attention.experiments import registry
from visual_attention.experiments.answer import answer
from visual_attention.experiments.verdict import paired
from visual_attention.mechanisms.patch_choice import exact_loss
from visual_attention.training import seeded

QUESTION, CONTEST = rewards.QUESTION, rewards.CONTEST


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


@pytest.mark.slow
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


def half_way(rows):
    assert CONTEST.recipe.scored[-2] == 256
    return [row["scores"]["accuracy"][-2] for row in rows]


def test_what_the_chapter_says_of_the_zero():
    right, guess, sixteen = rewards.TRAINED.values()
    assert [len(one.rows) for one in (right, guess, sixteen)] == [10, 5, 5]
    assert [round(one.scores.mean()) for one in (right, guess, sixteen)] == [97, 97, 97]
    level = right.minus("REINFORCE, baseline")
    assert [round(x, 1) for x in (level.effect, level.low, level.high)] == [0.4, -0.2, 1.1]
    contest = answer(registry.question("hard-choice"))
    learnt = contest.curve(contest.question.middle, "REINFORCE, baseline")[:, -2]
    assert round(learnt.mean()) == 42
    sooner = paired(half_way(right.rows), learnt)
    assert [round(x) for x in (sooner.effect, sooner.low, sooner.high)] == [50, 32, 68]


def test_counted_in_cells_read_reinforce_is_before_the_exact_gradient():
    contest = answer(registry.question("hard-choice"))
    steps = list(CONTEST.recipe.scored)
    exact, plain = (
        contest.curve(contest.question.middle, name).mean(axis=0)
        for name in ("exact gradient", "REINFORCE, baseline")
    )
    first = [next(s for s, score in zip(steps, line, strict=True) if score > 95.5) for line in (exact, plain)]
    assert first == [128, 512] and 16 * first[0] == 4 * first[1]


def test_with_as_many_readings_reinforce_is_level_with_the_exact_gradient():
    contest, rows = answer(registry.question("hard-choice")), rewards.TRAINED["sixteen draws"].rows
    at = CONTEST.recipe.scored.index(128)
    mine = [row["scores"]["accuracy"][at] for row in rows]
    exact = contest.curve(contest.question.middle, "exact gradient")[:5, at]
    level = paired(mine, exact)
    assert (round(sum(mine) / 5), round(exact.mean())) == (92, 96)
    assert [round(x, 1) for x in (level.effect, level.low, level.high)] == [-4.1, -10.3, 2.2]
    assert round(sum(half_way(rows)) / 5) == 97
