"""Three doors: what is never tried is never learnt."""

import pytest
import torch

from visual_attention.chapters.hard import doors
from visual_attention.chapters.hard.doors import choice_loss


def given(bonus=0.5):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(4, 3, generator=generator).requires_grad_()
    losses = torch.rand(4, generator=generator).requires_grad_()
    expected = torch.randn(4, generator=generator).requires_grad_()
    return scores, torch.tensor([0, 2, 1, 2]), losses, expected, bonus


def test_each_part_learns_from_its_own_term():
    scores, drawn, losses, expected, bonus = given()
    slopes = torch.autograd.grad(choice_loss(scores, drawn, losses, expected, bonus), (losses, expected))
    torch.testing.assert_close(slopes[0], torch.full((4,), 0.25))
    torch.testing.assert_close(slopes[1], (2 * (expected + losses) / 4).detach())


def test_the_choice_is_pushed_by_its_surprise_and_kept_open_by_the_bonus():
    scores, drawn, losses, expected, bonus = given()
    (slope,) = torch.autograd.grad(choice_loss(scores, drawn, losses, expected, bonus), scores)
    chances = scores.detach().softmax(1)
    hit = torch.nn.functional.one_hot(drawn, 3)
    push = -(-losses - expected).detach()[:, None] * (hit - chances)  # d/ds of -log p * surprise
    entropy = -(chances * chances.log()).sum(1, keepdim=True)
    curious = bonus * chances * (chances.log() + entropy)  # d/ds of -H
    torch.testing.assert_close(slope, (push + curious) / 4, atol=1e-6, rtol=1e-5)


def test_without_a_bonus_some_trainings_never_find_the_best_door_and_with_it_nearly_all_do():
    without, bonus = doors.learn(), doors.learn(bonus=0.3)
    assert 0.4 < without.found < 0.75 and bonus.found > 0.95
    assert without.losses[:, -1].mean() > 3 * bonus.losses[:, -1].mean()
    assert without.losses.shape == (100, 200) and without.losses[:, 0].mean() == pytest.approx(2, abs=0.05)


def test_trainings_side_by_side_do_not_touch_each_other():
    few = doors.learn(runs=1, steps=1, start=(0.0, 50.0, 0.0), rate=1.0)
    many = doors.learn(runs=7, steps=1, start=(0.0, 50.0, 0.0), rate=1.0)
    torch.testing.assert_close(many.chances, few.chances.expand(7, -1))


def test_the_module_runs(capsys):
    doors.main()
    assert "bonus 0.3" in capsys.readouterr().out
