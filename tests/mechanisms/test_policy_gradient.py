"""REINFORCE: right on average, blind to the reward's own gradient, and quieter with a baseline."""

import pytest
import torch

from visual_attention.mechanisms.policy_gradient import main, reinforce_loss

B, T = 5, 3


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_by_hand_without_a_baseline():
    log_probabilities = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    rewards = torch.tensor([2.0, -1.0])
    # -(2 * (-1 - 2) + -1 * (-3 - 4)) / 2 = -(-6 + 7) / 2
    torch.testing.assert_close(reinforce_loss(log_probabilities, rewards), torch.tensor(-0.5))


def test_by_hand_with_a_baseline():
    log_probabilities = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    baselines = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    got = reinforce_loss(log_probabilities, torch.tensor([2.0, -1.0]), baselines=baselines)
    # surprises 1, 2, -1, -2: -((-1 - 4) + (3 + 8)) / 2 = -3; errors 1 + 4 + 1 + 4, halved: 5
    torch.testing.assert_close(got, torch.tensor(2.0))


def test_a_reward_for_each_choice_counts_for_that_choice_alone():
    log_probabilities = numbers(B, T).requires_grad_()
    rewards = torch.zeros(B, T)
    rewards[2, 1] = 3.0
    reinforce_loss(log_probabilities, rewards).backward()
    torch.testing.assert_close(log_probabilities.grad, -rewards / B)


def test_what_paid_more_than_expected_becomes_more_likely():
    scores = torch.zeros(1, 4, requires_grad=True)
    log_chance = torch.log_softmax(scores, dim=1)[:, 2:3]
    reinforce_loss(log_chance, torch.tensor([5.0]), baselines=torch.tensor([[3.0]])).backward()
    assert scores.grad[0, 2] < 0 and (scores.grad[0, [0, 1, 3]] > 0).all()  # a step goes against the gradient


def test_the_choices_do_not_see_the_baselines_error_nor_the_baselines_the_choices():
    log_probabilities, baselines = numbers(B, T).requires_grad_(), numbers(B, T, seed=1).requires_grad_()
    rewards = numbers(B, seed=2).requires_grad_()
    reinforce_loss(log_probabilities, rewards, baselines=baselines).backward()
    surprise = rewards.detach()[:, None] - baselines.detach()
    torch.testing.assert_close(log_probabilities.grad, -surprise / B)
    torch.testing.assert_close(baselines.grad, -2 * surprise / B)
    assert rewards.grad is None


def doors(baseline: float | None, draws: int = 20_000) -> tuple[torch.Tensor, torch.Tensor]:
    """Estimates (draws, 4), one for each draw, of the gradient at four doors, and the exact one."""
    scores = torch.tensor([0.3, -0.5, 1.0, 0.1], requires_grad=True)
    pays = torch.tensor([11.0, 12.0, 16.0, 7.0])
    chances = torch.softmax(scores, dim=0)
    exact = torch.autograd.grad(-(chances * pays).sum(), scores)[0]
    drawn = torch.multinomial(
        chances.detach().expand(draws, 4), 1, generator=torch.Generator().manual_seed(0)
    )
    each = scores.detach().expand(draws, 4).clone().requires_grad_()
    log_chances = torch.log_softmax(each, dim=1).gather(1, drawn)
    baselines = None if baseline is None else torch.full((draws, 1), baseline)
    reinforce_loss(log_chances, pays[drawn], baselines=baselines).backward()
    return each.grad * draws, exact


@pytest.mark.parametrize("baseline", [None, 12.5, -10.0])
def test_agrees_with_the_exact_gradient_in_expectation_whatever_the_baseline(baseline):
    estimates, exact = doors(baseline)
    error = estimates.std(dim=0) / len(estimates) ** 0.5
    assert ((estimates.mean(dim=0) - exact).abs() < 4 * error).all()


def test_a_good_baseline_lowers_the_variance_and_a_bad_one_raises_it():
    variance = {baseline: doors(baseline)[0].var(dim=0).sum().item() for baseline in (None, 12.5, -10.0)}
    assert variance[12.5] < 0.7 * variance[None] < variance[None] < 0.3 * variance[-10.0]


@pytest.mark.parametrize(
    ("log_probabilities", "rewards", "baselines", "says"),
    [
        (numbers(B), numbers(B), None, r"log_probabilities \(B, T\)"),
        (numbers(B, T), numbers(B, 1), None, rf"\({B},\) or \({B}, {T}\), got \({B}, 1\)"),
        (numbers(B, T), numbers(T), None, rf"got \({T},\)"),
        (numbers(B, T), numbers(B), numbers(B), rf"baselines of shape \({B}, {T}\), got \({B},\)"),
        (numbers(B, T), numbers(B), numbers(T, B), rf"baselines of shape \({B}, {T}\)"),
    ],
)
def test_wrong_shapes_are_told_what_was_wanted(log_probabilities, rewards, baselines, says):
    with pytest.raises(ValueError, match=says):
        reinforce_loss(log_probabilities, rewards, baselines=baselines)


def test_the_module_runs(capsys):
    main()
    assert "exact gradient" in capsys.readouterr().out
