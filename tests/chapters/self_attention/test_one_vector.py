"""Bins are attention whose keys are its queries; what the record says of why they need fewer pictures."""

import pytest
import torch

from tests.chapters.self_attention.mixers import WIDTH, made, tokens
from visual_attention.chapters.self_attention import networks, one_vector


@pytest.mark.parametrize("kind", [networks.Bins, one_vector.TwoNames])
def test_what_bins_give_is_what_their_weights_take(kind):
    bins, x = made(lambda: kind(WIDTH, 5)), tokens()
    weights = bins.weights(x)
    assert weights.shape == (2, 1, 16, 16) and weights.min() > 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 1, 16), atol=2e-4, rtol=0)
    torch.testing.assert_close(bins.take(x, weights), bins(x))


def test_two_places_score_each_other_alike_in_bins_and_not_with_two_names():
    """A weight, without the size of the bins, is the agreement of two names."""
    bins, other, x = (
        made(lambda: networks.Bins(WIDTH, 5)),
        made(lambda: one_vector.TwoNames(WIDTH, 5)),
        tokens(),
    )
    agreement = bins.read(x, bins.names(x)) @ bins.names(x).mT
    torch.testing.assert_close(agreement, agreement.mT)
    agreement = other.read(x, other.names(x)) @ other.names(x).mT
    assert (agreement - agreement.mT).abs().max() > 0.01


@pytest.mark.parametrize("itself", [True, False])
@pytest.mark.parametrize("heads", [1, 3])
def test_one_vector_asks_and_offers(itself, heads):
    mixer, x = made(lambda: one_vector.OneVector(WIDTH, heads=heads, itself=itself)), tokens()
    weights = mixer.weights(x)
    keys = mixer.qkv(x)[..., WIDTH : 2 * WIDTH].unflatten(2, (heads, -1)).transpose(1, 2)
    scores = keys @ keys.mT / (WIDTH // heads) ** 0.5
    for row in range(16):
        kept = [place for place in range(16) if itself or place != row]
        torch.testing.assert_close(weights[:, :, row, kept], scores[:, :, row, kept].softmax(-1))
    assert (weights.diagonal(dim1=2, dim2=3) == 0).all() != itself
    torch.testing.assert_close(networks.take(mixer, x, weights), mixer(x))
    mixer.qkv.weight.data[:WIDTH] += 1  # the queries' rows
    torch.testing.assert_close(mixer.weights(x), weights)


JOINED = one_vector.JOINED


def told(one, other, size="1,000 pictures"):
    found = JOINED.lead(one, other, size)
    return [round(value, 1) for value in (found.effect, found.low, found.high)]


def test_the_record_is_whole():
    assert JOINED.lacking(JOINED.rows) == []
    for name in ("attention", "bins", *(each.name for each in one_vector.CONTENDERS)):
        assert [len(JOINED.scores(name, size)) for size in one_vector.SIZES] == [5, 10]


def test_what_the_chapter_says_of_one_vector():
    few, many = one_vector.SIZES
    assert told("one vector", "one head") == [4.3, 2.0, 6.6]
    assert told("one vector, others only", "one vector") == [3.5, 2.9, 4.1]
    assert told("one vector, others only", "bins") == [1.9, 0.3, 3.5]
    lost = told("bins", "two names")
    assert [round(value) for value in lost] == [28, 19, 36]
    assert told("one head", "attention")[1] < 0 < told("one head", "attention")[2]
    assert told("one head", "attention", few) == [7.0, 2.9, 11.0]
    ends = [round(JOINED.scores("one vector, others only", size).mean()) for size in (few, many)]
    assert ends == [88, 92]
    assert round(JOINED.scores("attention", few).mean()) == 69
