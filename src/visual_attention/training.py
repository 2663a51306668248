"""How does one train a model when only the loss differs?

`fit` and `evaluate` are the one training loop of the course. The caller says what a batch is and what the
loss is.

Run: python -m visual_attention.training
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from tqdm.auto import tqdm

SCHEDULES = ("cosine", "constant")


def fit(
    model: nn.Module,
    batches: Callable[[int], Any],
    loss: Callable[[nn.Module, Any], Tensor],
    *,
    steps: int,
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    progress: bool = True,
    schedule: str = "cosine",
) -> list[float]:
    """Train with AdamW for a number of steps, and leave the model in evaluation mode.

    Args:
        model: in training mode during `fit`, in evaluation mode after it, also when it is interrupted.
        batches: gives the batch of a step, counted from 0.
        loss: gives a scalar from the model and a batch.
        steps: how many batches are drawn and how many updates are made.
        lr: learning rate at the first step.
        weight_decay: AdamW's, decoupled from the gradient.
        progress: whether to show a bar with the loss.
        schedule: "cosine" lets the learning rate fall to 0 in half a cosine, "constant" keeps it.

    Returns:
        The loss of each step, before its update.

    Raises:
        FloatingPointError: at the first loss that is infinite or not a number; it names the part of the model
            where that begins, see :func:`find_nonfinite`.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule: wanted one of {SCHEDULES}, got {schedule!r}")
    if steps < 0:
        raise ValueError(f"steps: wanted 0 or more, got {steps}")
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    history: list[float] = []
    model.train()
    try:
        with tqdm(range(steps), desc="fit", unit="step", disable=not progress, leave=False) as bar:
            for step in bar:
                share = (1 + math.cos(math.pi * step / steps)) / 2 if schedule == "cosine" else 1.0
                for group in optimizer.param_groups:
                    group["lr"] = lr * share
                history.append(_update(model, optimizer, loss, batches(step), step))
                if step % 20 == 0:
                    bar.set_postfix(loss=f"{history[-1]:.3f}", refresh=False)
    finally:
        model.eval()
    return history


def _update(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss: Callable, batch: Any, step: int
) -> float:
    """One step of the optimizer; gives the loss as a number."""
    value = loss(model, batch)
    if value.ndim:
        raise ValueError(f"loss: wanted a scalar, got a tensor of shape {tuple(value.shape)}")
    number = value.item()
    if not math.isfinite(number):
        begins = find_nonfinite(model, batch, loss) or "no module of the model, so look into the loss"
        raise FloatingPointError(
            f"the loss is {number} at step {step}, and it begins in {begins}: is the learning rate too high?"
        )
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    optimizer.step()
    return number


class Nonfinite(NamedTuple):
    """Where in a network numbers stop being finite: a part of it by name, and how many of how many."""

    name: str
    where: str  # "input", "weights" or "output"
    count: int
    of: int

    def __str__(self) -> str:
        whole = self.name or "the network"
        return f"the {self.where} of {whole}: {self.count} NaN or infinite of {self.of} numbers"


def find_nonfinite(
    model: nn.Module, batch: Any, run: Callable[[nn.Module, Any], Any] | None = None
) -> Nonfinite | None:
    """Run a network once, and name the first of its modules whose numbers are NaN or infinite.

    Each module's input, then its output is looked at, in the order in which they come. An input that is not
    finite although all outputs before it were was made by the arithmetic between modules. Where an output is
    not finite because the module's own weights are not, these are named. Modules do not look themselves: that
    would cost a wait for the device in each, and hide numbers from compilers.

    Args:
        model: the network. Its buffers are afterwards what they were.
        batch: what it is run on.
        run: called with the model and the batch, such as a loss; None: the model itself is called.

    Returns:
        Where it begins, or None if all numbers are finite.
    """
    found: list[Nonfinite] = []

    def look(name: str, where: str, value: Any) -> None:
        for tensor in () if found else _floats(value):
            if count := int((~torch.isfinite(tensor)).sum()):
                found.append(Nonfinite(name, where, count, tensor.numel()))
                return

    def watch(name: str, module: nn.Module) -> Iterator[RemovableHandle]:
        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            look(name, "input", (args, kwargs))

        def after(module: nn.Module, args: Any, output: Any) -> None:
            if any(not torch.isfinite(tensor).all() for tensor in _floats(output)):
                look(name, "weights", [*module.parameters(recurse=False), *module.buffers(recurse=False)])
                look(name, "output", output)

        yield module.register_forward_pre_hook(before, with_kwargs=True)
        yield module.register_forward_hook(after)

    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    hooks = [hook for name, module in model.named_modules() for hook in watch(name, module)]
    try:
        run(model, batch) if run else model(batch)
    finally:
        for hook in hooks:
            hook.remove()
        for name, buffer in model.named_buffers():
            buffer.copy_(kept[name])
    return found[0] if found else None


def _floats(value: Any) -> Iterator[Tensor]:
    """All tensors of floating point in tensors, tuples, lists and dictionaries of them."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, (tuple, list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _floats(each)


def evaluate(
    model: nn.Module, batches: Iterable[Any], metric: Callable[[nn.Module, Any], Tensor | float]
) -> float:
    """The mean of a metric over all examples, without gradients and in evaluation mode.

    The model's mode is afterwards what it was before.

    Args:
        model: what is evaluated.
        batches: batches, as a list or a generator.
        metric: gives a value for each example, (B,), or one number for the batch, from the model and a batch.
            Values for each example make a smaller last batch count for less, as it should.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            values = [torch.as_tensor(metric(model, batch), dtype=torch.float64) for batch in batches]
    finally:
        model.train(was_training)
    if not values:
        raise ValueError("batches: wanted at least one batch, got none")
    return torch.cat([value.reshape(-1) for value in values]).mean().item()


def parameters(model: nn.Module) -> int:
    """How many numbers training can change."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global generator inside the block; the state from before comes back after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def main() -> None:
    with seeded(0):
        model = nn.Linear(3, 1)
        x = torch.randn(64, 3)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
    history = fit(
        model, lambda step: (x, y), lambda m, b: (m(b[0]) - b[1]).square().mean(), steps=300, lr=0.05
    )
    print(f"{parameters(model)} parameters, loss {history[0]:.3f} -> {history[-1]:.6f}")


if __name__ == "__main__":
    main()
