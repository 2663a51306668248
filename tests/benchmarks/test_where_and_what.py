"""What the gates cost beside the plain formula: time forward and backward, and memory kept for backward.

The plain formula is what one would write inline: no check at the door, no class. Both run in turn, many
times, and the least time of each counts, so that a busy machine slows both alike. To see the table:
python -m pytest tests/benchmarks/test_where_and_what.py -s
"""

import time

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.mechanisms.gates import seeded
from visual_attention.mechanisms.cbam import CBAM, BottleneckAttention
from visual_attention.mechanisms.channel import ChannelAttention, EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention

MOST = 1.1  # times the plain formula
B, C, H, W = 16, 64, 56, 56


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


def seconds(run, x: torch.Tensor, backward: bool) -> float:
    start = time.process_time()
    out = run(x)
    if backward:
        out.sum().backward()
    return time.process_time() - start


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


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])
@pytest.mark.parametrize(("build", "plain"), CASES, ids=NAMES)
def test_no_slower_than_the_plain_formula(build, plain, backward, one_thread, capsys):
    gate = seeded(build)
    x = torch.randn(B, C, H, W, generator=torch.Generator().manual_seed(0)).requires_grad_(backward)
    torch.testing.assert_close(gate(x), plain(gate, x))  # the same thing is timed
    best = {"module": float("inf"), "plain": float("inf")}
    with torch.set_grad_enabled(backward):
        for repeat in range(300):
            order = ("module", "plain") if repeat % 2 else ("plain", "module")
            for which in order:
                run = gate if which == "module" else lambda x: plain(gate, x)
                best[which] = min(best[which], seconds(run, x, backward))
            if repeat >= 12 and best["module"] <= 1.03 * best["plain"]:
                break
    ratio = best["module"] / best["plain"]
    with capsys.disabled():
        when = "forward + backward" if backward else "forward"
        print(
            f"\n{plain.__name__:20}{when:20}{1e3 * best['module']:7.2f} ms, {ratio:.2f} of the plain formula"
        )
    assert ratio <= MOST


@pytest.mark.parametrize(("build", "plain"), CASES, ids=NAMES)
def test_keeps_no_more_memory_than_the_plain_formula(build, plain):
    gate = seeded(build)
    x = torch.randn(B, C, 28, 28, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert kept_bytes(gate, x) <= MOST * kept_bytes(lambda x: plain(gate, x), x)
