"""Local attention is softmax attention with the far tokens forbidden, made without the far scores."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visual_attention.chapters.cost.exact import Explicit, scores
from visual_attention.chapters.cost.local import Columns, CrissCross, Rows, Windows

WAYS = [
    Windows(6, window=3),
    Windows(6, window=2, shift=1),
    Windows(6, window=3, shift=1),
    Windows(6, window=6, shift=4),
    Rows(6),
    Columns(6),
    CrissCross(6),
]
every_way = pytest.mark.parametrize(
    "way", WAYS, ids=lambda w: f"{type(w).__name__}-{getattr(w, 'shift', '')}"
)


def tokens(count, batch=2, width=5, seed=0):
    return tuple(torch.randn(3, batch, count, width, generator=torch.Generator().manual_seed(seed)).unbind())


@every_way
def test_forward_applies_exactly_the_weights(way):
    queries, keys, values = tokens(36)
    torch.testing.assert_close(
        way(queries, keys, values), way.weights(queries, keys) @ values, atol=1e-6, rtol=0
    )


@every_way
def test_weights_are_the_softmax_over_what_is_allowed(way):
    queries, keys, _ = tokens(36)
    raised = scores(queries, keys).exp() * way.allowed()
    torch.testing.assert_close(way.weights(queries, keys), raised / raised.sum(-1, keepdim=True))


@every_way
def test_everyone_may_ask_itself_and_asking_is_mutual(way):
    allowed = way.allowed()
    assert allowed.diagonal().all() and (allowed == allowed.T).all()


@settings(max_examples=40)
@given(per_side=st.integers(1, 3), window=st.integers(1, 4), shift=st.integers(0, 3), data=st.integers(0, 99))
def test_any_windows_equal_their_own_weights(per_side, window, shift, data):
    way = Windows(per_side * window, window=window, shift=shift % window)
    queries, keys, values = tokens((per_side * window) ** 2, seed=data)
    torch.testing.assert_close(
        way(queries, keys, values), way.weights(queries, keys) @ values, atol=1e-6, rtol=0
    )


def test_a_window_as_large_as_the_grid_is_the_whole_matrix():
    inputs = tokens(36)
    torch.testing.assert_close(Windows(6, window=6)(*inputs), Explicit()(*inputs), atol=1e-6, rtol=0)


def test_shifted_windows_by_hand():
    """On 4 x 4 with a shift of 1, rows and columns fall into 0 | 1 2 | 3."""
    allowed = Windows(4, window=2, shift=1).allowed()
    assert allowed[0].nonzero().flatten().tolist() == [0]
    assert allowed[5].nonzero().flatten().tolist() == [5, 6, 9, 10]
    assert allowed[1].nonzero().flatten().tolist() == [1, 2]
    assert allowed[15].nonzero().flatten().tolist() == [15]
    assert Windows(4, window=2).allowed()[5].nonzero().flatten().tolist() == [0, 1, 4, 5]


def test_rows_columns_and_both_by_hand():
    assert Rows(3).allowed()[4].nonzero().flatten().tolist() == [3, 4, 5]
    assert Columns(3).allowed()[5].nonzero().flatten().tolist() == [2, 5, 8]
    assert CrissCross(3).allowed()[5].nonzero().flatten().tolist() == [2, 3, 4, 5, 8]
    assert (CrissCross(7).allowed().sum(1) == 13).all()


def test_a_row_then_a_column_reaches_everyone_and_windows_do_not():
    assert (Rows(4).allowed().float() @ Columns(4).allowed().float() > 0).all()
    first, second = Windows(4, window=2).allowed().float(), Windows(4, window=2, shift=1).allowed().float()
    assert not (first @ first > 0).all()
    assert ((first @ second > 0).sum(1) > 4).any() and not (first @ second > 0).all()


@every_way
def test_gradients_reach_all_three(way):
    inputs = [x.requires_grad_() for x in tokens(36)]
    for gradient in torch.autograd.grad(way(*inputs).square().sum(), inputs):
        assert gradient.isfinite().all() and gradient.abs().sum() > 0


@pytest.mark.parametrize(
    "build,complaint",
    [
        (lambda: Rows(0), "1 or more rows, got 0"),
        (lambda: Windows(6, window=4), "divide 6 rows, got 4"),
        (lambda: Windows(6, window=0), "divide 6 rows, got 0"),
        (lambda: Windows(6, window=3, shift=3), "from 0 to 2, got 3"),
        (lambda: Rows(6)(*tokens(35)), "6 x 6 = 36 tokens, got 35"),
        (lambda: CrissCross(6).weights(*tokens(35)[:2]), "6 x 6 = 36 tokens, got 35"),
    ],
)
def test_what_cannot_be_cut_is_refused(build, complaint):
    with pytest.raises(ValueError, match=complaint):
        build()
