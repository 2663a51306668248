"""How many operations does a way of attention take, how many bytes does it move, how many does it hold?

Counted, not timed: the same on every machine and at every hour.

Chapter: notebooks/deeper/cost.ipynb
Run: python -m visual_attention.chapters.cost.counting
"""

import weakref
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

FAST = 2**17  # bytes of fast memory: what one core of a common processor keeps close by, about 128 KiB

aten = torch.ops.aten


def of_kernel(queries, keys, values, *args, out_shape=None, **kwargs) -> int:
    """torch's counter knows the fused kernels of graphics cards; this one names the processor's."""
    return sdpa_flop_count(queries, keys, values)


KERNEL = {aten._scaled_dot_product_flash_attention_for_cpu: of_kernel}


class Bill(NamedTuple):
    """What one call costs.

    `operations`: multiplications and additions in products of matrices, as torch counts them; exponentials
    and sums are left out. `moved`: bytes read from and written to slow memory. `held`: the most bytes that
    are in memory at one time, beside the inputs.
    """

    operations: int
    moved: int
    held: int

    @property
    def intensity(self) -> float:
        """Operations for each byte moved."""
        return self.operations / self.moved


class Ledger(TorchDispatchMode):
    """Writes down what each of torch's operations reads and writes, and what stays in memory.

    A tensor in a storage of at most `fast` bytes counts as close by: to read or write it costs nothing. This
    is a model of a cache, not a measurement of one.
    """

    def __init__(self, fast: int):
        super().__init__()
        self.fast, self.moved, self.living, self.held = fast, 0, 0, 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if not getattr(func, "is_view", False):
            for tensor in (x for x in tree_leaves((args, kwargs, result)) if isinstance(x, Tensor)):
                if tensor.untyped_storage().nbytes() > self.fast:
                    self.moved += tensor.nbytes
        for tensor in (x for x in tree_leaves(result) if isinstance(x, Tensor)):
            self._watch(tensor.untyped_storage())
        return result

    def inputs(self, *tensors: Tensor) -> None:
        """These were there before: they are not counted as held."""
        self.known |= {x.untyped_storage()._cdata for x in tensors}

    def _watch(self, storage) -> None:
        if storage._cdata in self.known:
            return
        self.known.add(storage._cdata)
        self.living += storage.nbytes()
        self.held = max(self.held, self.living)
        weakref.finalize(storage, self._forget, storage._cdata, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.living -= size


@torch.no_grad()
def bill(way: nn.Module, *inputs: Tensor, fast: int = FAST) -> Bill:
    """Count one call of a way on queries, keys and values.

    Args:
        way: What is called.
        inputs: Its arguments. They and the result are moved once at the least, however small they are.
        fast: Bytes of fast memory.
    """
    with FlopCounterMode(display=False, custom_mapping=KERNEL) as counter, Ledger(fast) as ledger:
        ledger.inputs(*inputs)
        result = way(*inputs)
        least = sum(x.nbytes for x in (*inputs, result))
    return Bill(counter.get_total_flops(), max(ledger.moved, least), ledger.held)


def main() -> None:
    """Count the three exact ways."""
    from visual_attention.chapters.cost.exact import Blocks, Explicit, Fused

    inputs = torch.randn(3, 1, 1024, 64)
    for way in (Explicit(), Fused(), Blocks(64)):
        counted = bill(way, *inputs)
        print(f"{type(way).__name__:8} {counted.operations / 1e6:6.0f} M operations,", end=" ")
        print(f"{counted.moved / 1e6:5.1f} MB moved, {counted.held / 1e6:5.1f} MB held")


if __name__ == "__main__":
    main()
