"""Is it the baseline without which REINFORCE learns nothing, or is it where the reward has its zero?

The contest pays minus the loss, so that every draw is pushed down where no baseline is taken off. Here no
baseline is learnt: 1 is paid for a right answer, as Mnih et al. 2014 do; or what the loss is lower than that
of guessing among ten; or sixteen cells are drawn and each is compared with the mean of the other fifteen, for
as many readings as the exact gradient needs. Thought of by an outsider, after the record of the contest had
been seen; at the rate that the rule chose for REINFORCE with a baseline, which was the best of the grid for
each of the three on validation pictures, too. The seeds are the contest's.

Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.chapters.hard.rewards
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.hard import choice_claims
from visual_attention.chapters.hard.choosers import Chooser
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.question import Contender, Setting
from visual_attention.mechanisms.patch_choice import PatchChoice
from visual_attention.mechanisms.policy_gradient import reinforce_loss

CONTEST = choice_claims.QUESTION
CLASSES = 10
RATE = 0.01
RECORD = "hard-choice-rewards"

Reward = Callable[[Tensor, Tensor], Tensor]  # losses (B, K) and whether each answer is right (B, K) -> (B, K)


def one_if_right(losses: Tensor, right: Tensor) -> Tensor:
    """1 for a right answer, 0 for a wrong one."""
    return right.to(losses.dtype)


def better_than_guessing(losses: Tensor, right: Tensor) -> Tensor:
    """How much lower the loss is than that of a guess among ten digits."""
    return math.log(CLASSES) - losses


def better_than_the_others(losses: Tensor, right: Tensor) -> Tensor:
    """How much lower a draw's loss is than the mean of the picture's other draws."""
    draws = losses.shape[1]
    return (losses.sum(dim=1, keepdim=True) - losses) / (draws - 1) - losses


def unlearnt(model: PatchChoice, x: Tensor, labels: Tensor, *, reward: Reward, draws: int = 1) -> Tensor:
    """Draw cells for each picture, read them, and let REINFORCE judge them by a reward without a baseline."""
    log_chances = torch.log_softmax(model.scores(x), dim=1)  # (B, N)
    drawn = torch.multinomial(log_chances.exp().detach(), draws, replacement=True)  # (B, K)
    patches = model.patches(x)  # (B, N, P * P)
    read = model.read(patches.gather(1, drawn[..., None].expand(-1, -1, patches.shape[2])))  # (B, K, classes)
    losses = F.cross_entropy(read.mT, labels[:, None].expand_as(drawn), reduction="none")  # (B, K)
    right = read.argmax(dim=2) == labels[:, None]
    paid = reinforce_loss(log_chances.gather(1, drawn), reward(losses.detach(), right))
    return losses.mean() + paid / draws


def _contender(name: str, note: str, extra: str, **parts) -> Contender:
    def build(setting: Setting) -> Chooser:
        return Chooser(partial(unlearnt, **parts), hidden=setting["hidden"], shared=setting["shared"])

    return Contender(name, "rival", build, note, extra)


CONTENDERS = (
    _contender("1 if right", "A drawn cell earns 1 if its answer is right.", "–", reward=one_if_right),
    _contender(
        "better than guessing",
        "A drawn cell earns what its loss is lower than that of guessing.",
        "a constant",
        reward=better_than_guessing,
    ),
    _contender(
        "sixteen draws",
        "Sixteen cells are drawn; each earns what its loss is lower than the mean of the others.",
        "16 readings in training",
        reward=better_than_the_others,
        draws=16,
    ),
)
QUESTION = replace(CONTEST, contenders=(*CONTEST.contenders, *CONTENDERS))
SEEDS = {"1 if right": CONTEST.seeds, "better than guessing": 5, "sixteen draws": 5}
TRAINED = {name: Again(RECORD, QUESTION, CONTEST.middle, name, RATE, seeds) for name, seeds in SEEDS.items()}


def main() -> None:
    """Make what the record lacks, and compare."""
    for name, one in TRAINED.items():
        one.make()
        half = [row["scores"]["accuracy"][-2] for row in one.rows]
        print(f"{name}: {one.scores.mean():.1f} in the end, {sum(half) / len(half):.1f} half-way")
        for other in ("REINFORCE alone", "REINFORCE, baseline", "exact gradient"):
            print(f"  minus {other}: {told(one.minus(other))}")


if __name__ == "__main__":
    main()
