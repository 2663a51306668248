"""Likeness at the start, or scores that are the same both ways? One without the other, and what they give."""

import pytest
import torch

from tests.chapters.self_attention.mixers import WIDTH, made, tokens
from visual_attention.chapters.self_attention import mutual, networks
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention


@pytest.mark.parametrize("heads", [1, 3])
def test_scores_are_the_same_both_ways_and_do_not_begin_with_likeness(heads):
    mixer, x = made(lambda: mutual.Mutual(WIDTH, heads=heads)), tokens()
    weights = mixer.weights(x)
    queries, keys = mixer.qkv(x)[..., : 2 * WIDTH].unflatten(2, (2, heads, -1)).permute(2, 0, 3, 1, 4)
    both = (queries @ keys.mT + keys @ queries.mT) / (2 * WIDTH // heads) ** 0.5
    torch.testing.assert_close(weights, both.softmax(-1))
    torch.testing.assert_close(both, both.mT)
    assert (both.diagonal(dim1=2, dim2=3) < both.mean(-1)).any()  # a cell is not what it is most like
    torch.testing.assert_close(networks.take(mixer, x, weights), mixer(x))


def test_two_layers_begin_equal_and_are_free_to_part():
    plain = made(lambda: MultiHeadSelfAttention(WIDTH, heads=1))
    mixer, x = made(lambda: mutual.SameStart(WIDTH)), tokens()
    weight = mixer.qkv.weight
    assert torch.equal(weight[:WIDTH], weight[WIDTH : 2 * WIDTH])
    assert torch.equal(weight[WIDTH:], plain.qkv.weight[WIDTH:])
    mixer(x).square().sum().backward()
    assert not torch.allclose(weight.grad[:WIDTH], weight.grad[WIDTH : 2 * WIDTH])


def test_two_layers_of_names_begin_as_one_and_are_free_to_part():
    bins, x = made(lambda: mutual.TwoNamesSameStart(WIDTH, 5)), tokens()
    torch.testing.assert_close(bins.read(x, bins.names(x)), bins.names(x))
    bins(x).square().sum().backward()
    assert not torch.allclose(bins.second.weight.grad, bins.name.weight.grad)


def told(one, other):
    found = mutual.lead(one, other)
    return [round(value, 1) for value in (found.effect, found.low, found.high)]


def test_what_the_chapter_says_of_likeness_at_the_start():
    assert [len(one.rows) for one in mutual.TRAINED.values()] == [5, 5, 5]
    assert told("same start", "one vector") == [-0.8, -1.9, 0.3]
    assert told("mutual", "one vector") == [-1.6, -2.9, -0.2]
    assert told("mutual", "one head") == [1.9, -0.3, 4.0]


def test_what_the_chapter_says_of_names_that_begin_as_one():
    assert told("two names, same start", "two names") == [16.7, -0.7, 34.1]
    rows = mutual.TRAINED["two names, same start"].rows
    ends, before = ([round(row["scores"]["accuracy"][at]) for row in rows] for at in (-1, -2))
    assert sorted(ends) == [69, 69, 71, 88, 92] and max(before) < 60
    lost = mutual.JOINED.scores("bins")[:5] - mutual.JOINED.scores("two names")[:5]
    assert round(lost.mean()) == 30
