"""How good is a network after 8, 16, ... steps, from one training?

A constant rate after a short warm-up, and a running average of the weights for scoring: so each scored step
is a fair place to stop, and no schedule flatters the last one.
"""

import math
from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

METHOD = "AdamW without decay, constant rate after a linear warm-up, average of 9 / (10 + n) down to 0.01"
SLOWEST = 0.01  # the average reaches over about the last hundred steps, earlier over a tenth of all steps


def train(
    model: nn.Module,
    batches: Callable[[int], Any],
    loss: Callable[[nn.Module, Any], Tensor],
    score: Callable[[nn.Module], dict[str, float]],
    *,
    steps: int,
    rate: float,
    warmup: int,
    scored: Collection[int],
) -> tuple[nn.Module, dict[int, dict[str, float]], list[float]]:
    """Train with AdamW, and score the averaged network on the way.

    Args:
        model: what is trained; left in training mode's last state.
        batches: gives the batch of a step, counted from 0.
        loss: gives a scalar from the model and a batch.
        score: gives metrics of a model, which is in evaluation mode and without gradients.
        steps: how many updates are made.
        rate: the constant learning rate.
        warmup: steps in which it rises in equal parts.
        scored: after which steps, counted from 1, the averaged network is scored.

    Returns:
        The averaged network in evaluation mode, its metrics by step, and the loss of each step.

    Raises:
        FloatingPointError: at the first loss that is infinite or not a number.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0, fused=True)
    averaged = AveragedModel(model, multi_avg_fn=_recent, use_buffers=True)
    scores, history = {}, []
    model.train()
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, step / max(1, warmup))
        value = loss(model, batches(step - 1))
        history.append(value.item())
        if not math.isfinite(history[-1]):
            raise FloatingPointError(f"the loss is {history[-1]} at step {step}, rate {rate:g}")
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        averaged.update_parameters(model)
        if step in scored:
            averaged.eval()
            with torch.no_grad():
                scores[step] = score(averaged.module)
    return averaged.module.eval(), scores, history


@torch.no_grad()
def _recent(average: list[Tensor], new: list[Tensor], count: Tensor | int) -> None:
    """A running average that forgets, as torch's own for exponential averages, but with a quick start."""
    share = max(SLOWEST, 9 / (10 + int(count)))
    if average[0].is_floating_point():
        torch._foreach_lerp_(average, new, share)
    else:
        torch._foreach_copy_(average, new)  # counters
