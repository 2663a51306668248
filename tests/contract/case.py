"""What the contract knows of a module: how to build it, what to call it with, and what it cannot do.

A room's entries stand in the file modules.py beside its tests, as a list called CASES.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.contract.inputs import DEVICE, Draw, Inputs


@dataclass(frozen=True)
class Cannot:
    """One point of the contract that a module cannot keep: how it fails, and its docstring's words for it."""

    why: str  # words of the docstring
    error: type[BaseException]
    says: str  # a pattern for the error's message


# of a module that decides by what stands in its input how much it computes
BY_ITS_NUMBERS = {
    point: Cannot("Looks at numbers", RuntimeError, "item|[Dd]ata-dependent")
    for point in ("meta", "compile", "export", "vmap")
}
DRAWN = {"vmap": Cannot("random", RuntimeError, "randomness")}  # of a module that draws in forward


@dataclass(frozen=True)
class Case:
    """A module of the contract.

    Args:
        kind: Its class.
        build: Makes one, small.
        inputs: Draws what ``forward`` gets, from a number of examples and a size.
        sizes: Sizes that it takes, the first for all tests but one. Maps: not square, one place, odd, even.
        shared: Which inputs have no batch axis, by their place.
        variant: Tells two cases of a class apart.
        silent: Submodules that ``forward`` has no use for, with words of the docstring that say so.
        again: Submodules that ``forward`` calls more than once.
        verbs: Other methods, and what they get of the inputs of ``forward``; None: ``weights``, the same.
        mixes: Words of the docstring that say why an example's result depends on the others of its batch.
        random: Whether the result is drawn anew each time.
        jumps: Whether a little rounding may turn a choice, and the result with it.
        fused: Whether torch's fused attention is used, which has no second derivatives.
        cannot: Points of the contract that it cannot keep.
    """

    kind: type[nn.Module]
    build: Callable[[], nn.Module]
    inputs: Inputs
    sizes: tuple[tuple[int, ...], ...] = ((3, 5), (1, 1), (7, 7), (4, 2))
    shared: tuple[int, ...] = ()
    variant: str = ""
    silent: Mapping[str, str] = field(default_factory=dict)
    again: tuple[str, ...] = ()
    verbs: Mapping[str, Callable[[tuple], tuple]] | None = None
    mixes: str = ""
    random: bool = False
    jumps: bool = False
    fused: bool = False
    cannot: Mapping[str, Cannot] = field(default_factory=dict)

    @property
    def name(self) -> str:
        room = self.kind.__module__.removeprefix("visual_attention.")
        return f"{room}.{self.kind.__name__}" + (f" {self.variant}" if self.variant else "")

    def module(self, *, dtype: torch.dtype = torch.float32, device: torch.device = DEVICE, seed: int = 0):
        """One in evaluation mode whose parameters are not where they start, so that no gain is 0."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.build()
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.add_(0.1 * torch.randn_like(parameter))
                for name, buffer in module.named_buffers():
                    if name.endswith("running_mean"):
                        buffer.normal_(std=0.1)
                    if name.endswith("running_var"):
                        buffer.uniform_(0.5, 1.5)
        return module.eval().to(device, dtype)

    def draw(self, batch: int = 3, size: tuple[int, ...] | None = None, **kind: Any) -> tuple[Tensor, ...]:
        """What ``forward`` gets."""
        return self.inputs(Draw(**kind), batch, size or self.sizes[0])

    def methods(self, module: nn.Module) -> dict[str, Callable]:
        """``forward`` and the other methods, each to be called with the inputs of ``forward``."""
        verbs = self.verbs
        if verbs is None:
            verbs = {"weights": lambda inputs: inputs} if hasattr(module, "weights") else {}
        calls = {"forward": module}
        for verb, take in verbs.items():
            calls[verb] = lambda *inputs, verb=verb, take=take: getattr(module, verb)(*take(inputs))
        return calls


def run(function: Callable, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    """All tensors that it gives, always with the same random numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return [leaf for leaf in tree_leaves(function(*inputs)) if isinstance(leaf, Tensor)]


def floats(tensors: Any) -> list[Tensor]:
    """Those of floating point."""
    return [tensor for tensor in tensors if tensor.is_floating_point()]


class Made(TorchDispatchMode):
    """Notes the type and the device of every tensor that is made while it is on."""

    def __init__(self):
        super().__init__()
        self.kinds: dict[tuple[str, torch.dtype], str] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self.kinds.setdefault((tensor.device.type, tensor.dtype), str(func))
        return made

    def elsewhere(self, device: str) -> dict[tuple[str, torch.dtype], str]:
        """What was made on another device, and by what."""
        return {kind: by for kind, by in self.kinds.items() if kind[0] != device}

    def otherwise(self, dtype: torch.dtype) -> dict[tuple[str, torch.dtype], str]:
        """What was made in another type of floating point, and by what."""
        return {kind: by for kind, by in self.kinds.items() if kind[1].is_floating_point and kind[1] != dtype}
