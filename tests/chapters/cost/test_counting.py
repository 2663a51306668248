"""Operations and bytes are those that can be counted by hand."""

import pytest
import torch
from torch import nn

from visual_attention.chapters.cost.compressed import Linear
from visual_attention.chapters.cost.counting import Ledger, bill
from visual_attention.chapters.cost.exact import Blocks, Explicit, Fused
from visual_attention.chapters.cost.local import CrissCross, Rows, Windows


def tokens(count=64, width=8):
    return torch.randn(3, 1, count, width, generator=torch.Generator().manual_seed(0)).unbind()


@pytest.mark.parametrize(
    "way,operations",
    [
        (Explicit(), 4 * 64 * 64 * 8),
        (Fused(), 4 * 64 * 64 * 8),
        (Blocks(16), 4 * 64 * 64 * 8),
        (Windows(8, window=4), 4 * 64 * 16 * 8),
        (Windows(8, window=4, shift=2), 4 * 64 * 16 * 8),
        (Rows(8), 4 * 64 * 8 * 8),
        (CrissCross(8), 4 * 64 * 16 * 8),
        (Linear(), 4 * 64 * 8 * 8 + 2 * 64 * 8),
    ],
)
def test_operations_by_hand(way, operations):
    assert bill(way, *tokens()).operations == operations


def test_the_whole_matrix_is_held_and_blocks_hold_a_tile():
    whole, tiled = bill(Explicit(), *tokens(512)), bill(Blocks(64), *tokens(512))
    assert whole.held >= 4 * 512 * 512
    assert tiled.held < 4 * 512 * 512 / 4


@pytest.mark.slow
def test_what_is_held_grows_with_n_squared_or_with_n():
    ratio = {}
    for way in (Explicit(), Fused(), Blocks(64), Linear()):
        small, large = (bill(way, *tokens(count, 64)).held for count in (1024, 2048))
        ratio[type(way).__name__] = large / small
    assert ratio["Explicit"] == pytest.approx(4, rel=0.02)
    for name in ("Fused", "Blocks", "Linear"):
        assert 1.5 < ratio[name] < 2.1, name


def test_each_call_moves_inputs_and_result_once_at_the_least():
    counted = bill(Explicit(), *tokens(), fast=2**30)
    assert counted.moved == 4 * tokens()[0].nbytes
    assert counted.intensity == counted.operations / counted.moved


def test_slow_memory_is_what_is_larger_than_the_fast():
    assert bill(Explicit(), *tokens(), fast=0).moved > bill(Explicit(), *tokens(), fast=2**13).moved


@pytest.mark.slow
def test_larger_blocks_move_less():
    moved = [bill(Blocks(block), *tokens(256, 32), fast=2**14).moved for block in (16, 32, 64)]
    assert moved[0] > 1.8 * moved[1] > 3.2 * moved[2]


def test_the_ledger_by_hand():
    class Twice(nn.Module):
        def forward(self, x):
            return (x + x) * 3.0

    x = torch.ones(1000)
    counted = bill(Twice(), x, fast=0)
    assert counted.moved == 4000 * (3 + 2)  # x, x, sum; sum, product
    assert counted.held == 8000 and counted.operations == 0


def test_a_view_costs_nothing_and_what_is_freed_is_forgotten():
    x = torch.ones(10, 100)
    with Ledger(0) as ledger:
        ledger.inputs(x)
        x.T.flatten(0).view(-1)
        for _ in range(5):
            x + 1
    assert ledger.held == 4000
