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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "bonus", "early", "late"),
    [(0.1, 0.0, 0.58, 1.0), (0.1, 0.3, 0.99, 1.0), (1.0, 0.0, None, 0.80), (1.0, 0.3, None, 0.94)],
)
def test_what_the_chapter_says_of_gentle_and_bold_steps(rate, bonus, early, late):
    if early is not None:
        assert doors.learn(rate=rate, bonus=bonus, steps=200).found == pytest.approx(early, abs=0.005)
    learnt = doors.learn(rate=rate, bonus=bonus, steps=1000)
    assert learnt.found == pytest.approx(late, abs=0.005)
    assert learnt.losses.shape == (100, 1000)
    assert learnt.losses[:, 0].mean() == pytest.approx(2, abs=0.05)


def test_trainings_side_by_side_do_not_touch_each_other():
    few = doors.learn(runs=1, steps=1, start=(0.0, 50.0, 0.0), rate=1.0)
    many = doors.learn(runs=7, steps=1, start=(0.0, 50.0, 0.0), rate=1.0)
    torch.testing.assert_close(many.chances, few.chances.expand(7, -1))


@pytest.mark.slow
def test_the_module_runs(capsys):
    doors.main()
    assert "rate 0.1, bonus 0.3: the best door in 99%, then 100%" in capsys.readouterr().out
