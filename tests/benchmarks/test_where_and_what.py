"""What the gates cost beside the plain formula: time forward and backward, and memory kept for backward.

The plain formula is what one would write inline: no check at the door, no class.
"""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.benchmarks.pairs import median_ratio
from tests.mechanisms.gates import seeded
from visual_attention.mechanisms.cbam import CBAM, BottleneckAttention
from visual_attention.mechanisms.channel import ChannelAttention, EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention

MOST = 1.1  # times the plain formula
B, C, SIDE = 32, 64, 56  # what any call costs is little beside maps of that size


def squeeze_excitation(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    scores = F.linear(F.relu(F.linear(x.mean((2, 3)), gate.reduce.weight)), gate.expand.weight)
    return x * torch.sigmoid(scores)[:, :, None, None]


def efficient(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    scores = F.conv1d(x.mean((2, 3))[:, None], gate.conv.weight, padding=gate.kernel_size // 2)
    return x * torch.sigmoid(scores)[:, 0, :, None, None]


def channel(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    def network(pooled):
        return F.linear(F.relu(F.linear(pooled, gate.reduce.weight)), gate.expand.weight)

    return x * torch.sigmoid(network(x.mean((2, 3))) + network(x.amax((2, 3))))[:, :, None, None]


def spatial(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
    return x * torch.sigmoid(F.conv2d(pooled, gate.conv.weight, padding=3))


def coordinate(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
    hidden = F.hardswish(gate.norm(gate.shared(torch.cat([rows, columns], 2))))
    rows, columns = hidden.split([x.shape[2], x.shape[3]], 2)
    return x * torch.sigmoid(gate.rows(rows)) * torch.sigmoid(gate.columns(columns.transpose(2, 3)))


def both(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return spatial(gate.spatial, channel(gate.channel, x))


def bottleneck(gate: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return x + x * torch.sigmoid(gate.channel(x.mean((2, 3)))[:, :, None, None] + gate.spatial(x))


CASES = [
    (lambda: SqueezeExcitation(C), squeeze_excitation),
    (lambda: EfficientChannelAttention(C), efficient),
    (lambda: ChannelAttention(C), channel),
    (lambda: SpatialAttention(), spatial),
    (lambda: CoordinateAttention(C), coordinate),
    (lambda: CBAM(C), both),
    (lambda: BottleneckAttention(C), bottleneck),
]
NAMES = [plain.__name__ for _, plain in CASES]


def feature_map(side: int = SIDE) -> torch.Tensor:
    return torch.randn(B, C, side, side, generator=torch.Generator().manual_seed(0))


def kept_bytes(run, x: torch.Tensor) -> int:
    """Bytes of the distinct storages that autograd keeps for the backward pass."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        alive = run(x)  # keeps every storage at its own address until they are counted
    total = sum(kept.values())
    del alive
    return total


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread", "memory_used_again")
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])
@pytest.mark.parametrize(("build", "plain"), CASES, ids=NAMES)
def test_no_slower_than_the_plain_formula(build, plain, backward, benchmark, capsys):
    gate = seeded(build)
    x = feature_map().requires_grad_(backward)
    torch.testing.assert_close(gate(x), plain(gate, x))  # the same thing is timed
    benchmark.pedantic(gate, (x,), rounds=1)
    ratio = median_ratio(gate, partial(plain, gate), x, backward=backward, limit=MOST)
    benchmark.extra_info["of the plain formula's time"] = round(ratio, 3)
    with capsys.disabled():
        when = "forward + backward" if backward else "forward"
        print(f"\n{plain.__name__:20}{when:20}{ratio:.2f} of the plain formula's time")
    assert ratio <= MOST


class PoolsTwice(EfficientChannelAttention):
    """What the measurement has to catch: the least that a careless gate does too much."""

    def weights(self, x):
        x.mean(dim=(2, 3))
        return super().weights(x)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread", "memory_used_again")
def test_a_gate_that_pools_twice_is_slower(benchmark):
    gate, x = seeded(lambda: PoolsTwice(C)), feature_map()
    benchmark.pedantic(gate, (x,), rounds=1)
    assert median_ratio(gate, partial(efficient, gate), x, backward=False, limit=MOST) > MOST


@pytest.mark.parametrize(("build", "plain"), CASES, ids=NAMES)
def test_keeps_no_more_memory_than_the_plain_formula(build, plain):
    gate = seeded(build)
    x = feature_map(side=28).requires_grad_()
    assert kept_bytes(gate, x) <= MOST * kept_bytes(partial(plain, gate), x)


def test_a_gate_that_keeps_a_copy_keeps_more_memory():
    gate = seeded(lambda: EfficientChannelAttention(C))
    x = feature_map(side=28).requires_grad_()
    assert kept_bytes(lambda x: gate(x.exp().log()), x) > MOST * kept_bytes(partial(efficient, gate), x)
