"""Linear, merged and dropped attention apply the weights that they show, and are exact where they can be."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from visual_attention.chapters.cost.compressed import Dropped, Linear, Merged
from visual_attention.chapters.cost.exact import Explicit, scores


def tokens(count=13, batch=2, width=5, seed=0):
    return tuple(torch.randn(3, batch, count, width, generator=torch.Generator().manual_seed(seed)).unbind())


@pytest.mark.slow
@settings(max_examples=40)
@given(count=st.integers(1, 17), part=st.floats(0, 1), seed=st.integers(0, 99))
def test_forward_applies_exactly_the_weights(count, part, seed):
    queries, keys, values = tokens(count, seed=seed)
    half = (count + 1) // 2
    ways = [Linear(), Merged(half + round(part * (count - half))), Dropped(1 + round(part * (count - 1)))]
    for way in ways:
        weights = way.weights(queries, keys)
        torch.testing.assert_close(way(queries, keys, values), weights @ values, atol=1e-5, rtol=1e-5)
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, count))


def test_linear_weights_are_products_of_positive_features():
    queries, keys, _ = tokens()
    products = torch.einsum("bid,bjd->bij", F.elu(queries) + 1, F.elu(keys) + 1)
    torch.testing.assert_close(Linear().weights(queries, keys), products / products.sum(-1, keepdim=True))
    assert torch.linalg.matrix_rank(Linear().weights(queries, keys)[0].double(), rtol=1e-5) <= 5


def test_where_all_keys_are_alike_all_ways_agree():
    queries, keys, values = tokens(12)
    alike = keys[:, :1].expand_as(keys)
    for way in (Linear(), Merged(6), Explicit()):
        torch.testing.assert_close(
            way(queries, alike, values), values.mean(1, keepdim=True).expand_as(values)
        )


@pytest.mark.parametrize("way", [Merged(13), Dropped(13)])
def test_nothing_left_out_is_the_whole_matrix(way):
    inputs = tokens()
    torch.testing.assert_close(way(*inputs), Explicit()(*inputs))
    torch.testing.assert_close(way.weights(*inputs[:2]), Explicit().weights(*inputs[:2]))


def test_merging_equal_keys_loses_nothing():
    queries, keys, values = tokens(12)
    twice = keys[:, :6].repeat_interleave(2, dim=1)  # tokens 0 and 1 alike, 2 and 3, ...
    torch.testing.assert_close(Merged(6)(queries, twice, values), Explicit()(queries, twice, values))


def test_only_the_most_alike_are_merged():
    """Of four tokens on a circle, 1 is nearest to 0; 3 lies between."""
    angles = torch.tensor([[0.0, 0.1, 3.0, 1.2]])
    keys = torch.stack([angles.cos(), angles.sin()], dim=-1)
    assert Merged(3).home(keys).tolist() == [[0, 0, 2, 3]]
    assert Merged(2).home(keys).tolist() == [[0, 0, 2, 0]]
    weights = Merged(3).weights(keys, keys)
    torch.testing.assert_close(weights[..., 0], weights[..., 1])
    mean = keys[:, :2].mean(1, keepdim=True)
    raised = torch.cat([2 * scores(keys, mean).exp(), scores(keys, keys[:, 2:]).exp()], dim=-1)
    torch.testing.assert_close(weights[..., 0], raised[..., 0] / raised.sum(-1) / 2)


def test_a_long_key_is_no_more_alike_than_a_short_one():
    """1 points as 0 does and 3 as 2 does, though 2 is so long that every product with it is the largest."""
    keys = torch.tensor([[[1.0, 0.0], [2.0, 0.1], [30.0, 30.0], [0.4, 0.5]]])
    assert Merged(2).home(keys).tolist() == [[0, 0, 2, 2]]
    assert Merged(3).home(keys).tolist() == [[0, 0, 2, 3]]
    assert Merged(3).home(keys * torch.tensor([7.0, 0.2, 1.0, 50.0]).view(4, 1)).tolist() == [[0, 0, 2, 3]]


def test_dropped_tokens_get_nothing_and_the_rest_share():
    queries, keys, _ = tokens()
    way = Dropped(4)
    weights, kept = way.weights(queries, keys), way.kept(queries, keys)
    assert ((weights > 0).sum(-1) == 4).all()
    for b in range(2):
        promise = keys[b] @ queries[b].mean(0)
        assert set(kept[b].tolist()) == set(promise.topk(4).indices.tolist())
        torch.testing.assert_close(weights[b][:, kept[b]], scores(queries[b], keys[b][kept[b]]).softmax(-1))


@pytest.mark.parametrize("way", [Linear(), Merged(7), Dropped(4)])
def test_pictures_do_not_mix_within_a_batch(way):
    inputs = tokens()
    torch.testing.assert_close(way(*inputs)[1:], way(*(x[1:] for x in inputs)))


@pytest.mark.parametrize("way", [Linear(), Merged(7), Dropped(4)])
def test_gradients_reach_all_three(way):
    inputs = [x.requires_grad_() for x in tokens()]
    for gradient in torch.autograd.grad(way(*inputs).square().sum(), inputs):
        assert gradient.isfinite().all() and gradient.abs().sum() > 0


@pytest.mark.parametrize(
    "way,complaint",
    [
        (Merged(6), "keep 7 to 13 of 13 tokens, got 6"),
        (Merged(14), "got 14"),
        (Dropped(0), "keep 1 to 13 tokens, got 0"),
        (Dropped(14), "got 14"),
    ],
)
def test_what_cannot_be_kept_is_refused(way, complaint):
    with pytest.raises(ValueError, match=complaint):
        way(*tokens())
