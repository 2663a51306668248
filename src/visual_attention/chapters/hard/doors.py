"""What if one is sure of a choice too early?

Three doors, of which the last is best, and a start that favours the second. Many trainings run side by side,
each with scores, draws and a baseline of its own: a row each.

Run: python -m visual_attention.chapters.hard.doors
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.mechanisms.patch_choice import entropy
from visual_attention.mechanisms.policy_gradient import reinforce_loss

LOSSES = (3.0, 2.0, 0.0)
START = (0.0, 4.0, 0.0)  # scores: the second door is opened 96 times in 100

ChoiceLoss = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]


class Learnt(NamedTuple):
    """The chances at the end of each training, (R, 3), and the expected loss after each step, (R, steps)."""

    chances: Tensor
    losses: Tensor

    @property
    def found(self) -> float:
        """How many trainings end with the best door as the likeliest."""
        return (self.chances.argmax(dim=1) == len(LOSSES) - 1).float().mean().item()


def choice_loss(scores: Tensor, drawn: Tensor, losses: Tensor, expected: Tensor, bonus: float) -> Tensor:
    """REINFORCE with a baseline and a bonus for entropy, as one number to be lowered.

    Args:
        scores: of the choices.
        drawn: the choice that was made.
        losses: what it led to, with its gradient.
        expected: the reward that the baseline expected; a reward is minus a loss.
        bonus: weight of the entropy.

    Shape:
        (B, N), (B,), (B,), (B,) -> ().
    """
    chosen = scores.log_softmax(dim=1).gather(1, drawn[:, None])
    judged = reinforce_loss(chosen, -losses, baselines=expected[:, None])
    return losses.mean() + judged - bonus * entropy(scores).mean()


def learn(
    choice_loss: ChoiceLoss = choice_loss,
    *,
    bonus: float = 0.0,
    runs: int = 100,
    steps: int = 200,
    rate: float = 0.1,
    start: tuple[float, ...] = START,
    seed: int = 0,
) -> Learnt:
    """Open one door a step in each of many trainings, and learn from what was behind it."""
    generator = torch.Generator().manual_seed(seed)
    behind = torch.tensor(LOSSES)
    scores = torch.tensor(start).repeat(runs, 1).requires_grad_()  # (R, 3)
    expected = torch.full((runs,), -2.0, requires_grad=True)
    optimizer = torch.optim.SGD([scores, expected], lr=rate)
    history = []
    for _ in range(steps):
        chances = scores.detach().softmax(dim=1)
        history.append(chances @ behind)
        drawn = torch.multinomial(chances, 1, generator=generator)[:, 0]
        value = runs * choice_loss(scores, drawn, behind[drawn], expected, bonus)  # each row for itself
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return Learnt(scores.detach().softmax(dim=1), torch.stack(history, dim=1))


def main() -> None:
    for rate in (0.1, 1.0):
        for bonus in (0.0, 0.3):
            found = [learn(bonus=bonus, rate=rate, steps=steps).found for steps in (200, 1000)]
            print(f"rate {rate:g}, bonus {bonus:g}: the best door in {found[0]:.0%}, then {found[1]:.0%}")


if __name__ == "__main__":
    main()
