"""What the fused kernel saves against the matrix of all weights: time and peak memory, as ratios.

Both versions run in turn, on one thread, and the least time of the processor counts, so that a busy machine
slows both alike. `make bench` times them; `make test` only looks that both compute the same.
"""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import torch

from tests.benchmarks.pairs import seconds
from visual_attention.mechanisms.self_attention import SelfAttention

pytestmark = pytest.mark.usefixtures("one_thread")
B, C = 4, 64
FASTER = {"forward": 0.5, "forward and backward": 0.6}  # of the explicit version's time, at 64 x 64 places
NO_SLOWER = 1.2  # at other sizes: widening queries and keys costs small maps what it saves large ones
LEANER = 0.1  # of the explicit version's extra peak memory, at 64 x 64 places


def explicit(block: SelfAttention, x: torch.Tensor) -> torch.Tensor:
    """The article's computation with scale and residual: the matrix of all weights is built."""
    batch, channels, height, width = x.shape
    queries = block.query_conv(x).view(batch, -1, height * width).permute(0, 2, 1)
    keys = block.key_conv(x).view(batch, -1, height * width)
    weights = torch.softmax(torch.bmm(block.scale * queries, keys), dim=-1)
    values = block.value_conv(x).view(batch, -1, height * width)
    mixed = torch.bmm(values, weights.permute(0, 2, 1))
    return x + block.gain * mixed.view(batch, channels, height, width)


def block_and_features(side: int) -> tuple[SelfAttention, torch.Tensor]:
    torch.manual_seed(0)
    block = SelfAttention(C)
    torch.nn.init.ones_(block.gain)
    return block, torch.randn(B, C, side, side)


def ratio(fused: Callable, plain: Callable, x: torch.Tensor, *, backward: bool, wanted: float) -> float:
    """Least time of one over least time of the other; stops early once it is clearly as wanted."""
    best = {fused: float("inf"), plain: float("inf")}
    began = time.monotonic()
    with torch.set_grad_enabled(backward):
        for repeat in range(400):
            for run in (fused, plain) if repeat % 2 else (plain, fused):
                best[run] = min(best[run], seconds(run, x, backward=backward))
            if repeat >= 2 and (best[fused] < 0.9 * wanted * best[plain] or time.monotonic() - began > 60):
                break
    return best[fused] / best[plain]


@pytest.mark.slow
@pytest.mark.parametrize("way", FASTER)
@pytest.mark.parametrize("side", [16, 24, 32, 48, 64, 96])
def test_time_against_the_explicit_version(benchmark, side, way, capsys):
    if benchmark.disabled and side > 24:
        pytest.skip("large maps are timed by make bench")
    block, x = block_and_features(side)
    plain = lambda x: explicit(block, x)  # noqa: E731
    torch.testing.assert_close(block(x), plain(x), atol=1e-4, rtol=1e-4)
    benchmark.pedantic(block, (x,), rounds=1)
    if benchmark.disabled:
        return
    wanted = FASTER[way] if side == 64 else NO_SLOWER
    got = ratio(block, plain, x, backward=way != "forward", wanted=wanted)
    benchmark.extra_info["of the explicit version's time"] = round(got, 3)
    with capsys.disabled():
        print(f"\n{side} x {side}, {way}: {got:.2f} of the explicit version's time")
    assert got <= wanted


PEAK = """
import re, torch
from pathlib import Path
from tests.benchmarks.test_self_attention import block_and_features, explicit
torch.set_num_threads(1)
# of this process alone: getrusage would begin with the peak of the process that started it
peak = lambda: int(re.search("VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
run = {which}
block, x = block_and_features(8)
run(block, x).sum().backward()  # what libraries take for themselves
block, x = block_and_features({side})
before = peak()
run(block, x).sum().backward()
print(peak() - before)
"""


def extra_peak(which: str, side: int) -> int:
    """How much more memory a fresh process needs at its peak, forward and backward."""
    code = PEAK.format(which=which, side=side)
    command = [sys.executable, "-c", code]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
def test_peak_memory_against_the_explicit_version(benchmark, capsys):
    fused = benchmark.pedantic(extra_peak, ("lambda block, x: block(x)", 64), rounds=1)
    share = fused / extra_peak("explicit", 64)
    benchmark.extra_info["of the explicit version's extra memory"] = round(share, 3)
    with capsys.disabled():
        print(f"\n64 x 64, forward and backward: {share:.3f} of the explicit version's extra peak memory")
    assert share <= LEANER
