"""The whole matrix, the fused kernel and the blocks give the same numbers, whatever the numbers are."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from visual_attention.chapters.cost.exact import Blocks, Explicit, Fused, nothing_yet, scores, take


def tokens(batch=2, count=11, width=3, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(3, batch, count, width, generator=generator)).unbind()


def test_one_query_by_hand():
    queries, keys = torch.tensor([[[2.0]]]), torch.tensor([[[0.0], [torch.log(torch.tensor(3.0)) / 2]]])
    torch.testing.assert_close(Explicit().weights(queries, keys), torch.tensor([[[0.25, 0.75]]]))
    torch.testing.assert_close(scores(torch.ones(1, 1, 4), torch.ones(1, 1, 4)), torch.tensor([[[2.0]]]))


def test_the_whole_matrix_is_torch_s_attention():
    inputs = tokens()
    torch.testing.assert_close(
        Explicit()(*inputs), F.scaled_dot_product_attention(*inputs), atol=1e-6, rtol=0
    )


@settings(max_examples=40)
@given(
    count=st.integers(1, 23),
    block=st.integers(1, 26),
    seed=st.integers(0, 999),
    scale=st.sampled_from([0.1, 1.0, 6.0]),
)
def test_blocks_equal_the_whole_matrix(count, block, seed, scale):
    inputs = tuple(x.double() for x in tokens(count=count, seed=seed, scale=scale))
    whole = Explicit()(*inputs)
    torch.testing.assert_close(Blocks(block)(*inputs), whole, atol=1e-6, rtol=0)
    torch.testing.assert_close(Fused()(*inputs), whole, atol=1e-6, rtol=0)


def test_blocks_equal_torch_to_a_millionth_in_the_usual_precision():
    inputs = tokens(count=200, width=32)
    torch.testing.assert_close(Blocks(64)(*inputs), Fused()(*inputs), atol=1e-6, rtol=0)


@settings(max_examples=30)
@given(cuts=st.sets(st.integers(1, 9)), seed=st.integers(0, 99), level=st.sampled_from([-900, 0, 900]))
def test_however_the_row_is_cut_the_sums_are_the_same(cuts, seed, level):
    generator = torch.Generator().manual_seed(seed)
    row = (5 * torch.randn(1, 2, 10, generator=generator)).double() + level
    values = torch.randn(1, 10, 3, generator=generator).double()
    so_far, edges = nothing_yet(row, values), [0, *sorted(cuts), 10]
    for low, high in zip(edges, edges[1:], strict=False):
        so_far = take(so_far, row[..., low:high], values[:, low:high])
    torch.testing.assert_close(so_far.best[..., 0], row.amax(-1))
    torch.testing.assert_close(so_far.total[..., 0], (row - row.amax(-1, keepdim=True)).exp().sum(-1))
    torch.testing.assert_close(so_far.mixed / so_far.total, row.softmax(-1) @ values)


@pytest.mark.parametrize("way", [Fused(), Blocks(4)])
def test_gradients_are_those_of_the_whole_matrix(way):
    inputs = [x.double().requires_grad_() for x in tokens()]
    seed = torch.randn(2, 11, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    wanted = torch.autograd.grad(Explicit()(*inputs), inputs, seed)
    for got, want in zip(torch.autograd.grad(way(*inputs), inputs, seed), wanted, strict=True):
        torch.testing.assert_close(got, want)


def test_scores_far_from_zero_do_no_harm():
    queries, keys, values = tokens()
    got = Blocks(4)(100 * queries, 100 * keys, values)
    assert got.isfinite().all()
    torch.testing.assert_close(got, Explicit()(100 * queries, 100 * keys, values), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("way", [Explicit(), Fused(), Blocks(4)])
def test_pictures_do_not_mix_within_a_batch(way):
    inputs = tokens()
    alone = way(*(x[1:] for x in inputs))
    torch.testing.assert_close(way(*inputs)[1:], alone, atol=1e-6, rtol=0)


def test_a_block_of_nothing_is_refused():
    with pytest.raises(ValueError, match="blocks of 1 or more tokens, got 0"):
        Blocks(0)
