"""Cuts of weights: what they take, what they leave, and that the network itself stays."""

import pytest
import torch

from visual_attention.chapters.generation import moving, moving_cuts
from visual_attention.chapters.generation.moving_claims import QUESTION
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention
from visual_attention.training import seeded

TWINS = moving.alike(torch.tensor([[0, 1, 0, -1, 1], [1, 1, -1, 0, 0]]))


@pytest.fixture
def weights():
    return torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0)).softmax(-1)


def test_own_uniform_and_anothers(weights):
    assert torch.equal(moving_cuts.own(weights, TWINS), weights)
    assert torch.equal(moving_cuts.uniform(weights, TWINS), torch.full_like(weights, 0.2))
    assert torch.equal(moving_cuts.anothers(weights, TWINS)[0], weights[1])


@pytest.mark.parametrize("cut", [moving_cuts.without_twins, moving_cuts.without_as_many])
def test_a_cut_keeps_ratios_and_sums(cut, weights):
    left = cut(weights, TWINS)
    torch.testing.assert_close(left.sum(-1), torch.ones(2, 3, 5))
    kept = left[0, 0, 0] > 0
    ratio = left[0, 0, 0][kept] / weights[0, 0, 0][kept]
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))


def test_twins_and_only_twins_are_forbidden(weights):
    gone = moving_cuts.without_twins(weights, TWINS) == 0
    assert torch.equal(gone, TWINS[:, None].expand_as(gone))


def test_the_control_takes_others_and_nearly_as_many(weights):
    gone = (moving_cuts.without_as_many(weights, TWINS) == 0)[:, 0]
    assert not (gone & TWINS).any() and not gone.diagonal(dim1=1, dim2=2).any()
    assert 0 < gone.sum() <= TWINS.sum()


def test_a_changed_attention_applies_its_weights(weights):
    torch.manual_seed(0)
    trained = MultiHeadSelfAttention(12, heads=3)
    x = torch.randn(2, 5, 12)
    same = moving_cuts.ChangedAttention(trained, lambda weights: weights)
    torch.testing.assert_close(same(x), trained(x), atol=1e-5, rtol=1e-4)
    even = moving_cuts.ChangedAttention(trained, lambda w: torch.full_like(w, 0.2))
    mean = trained.qkv(x)[..., 24:].mean(1, keepdim=True).expand(-1, 5, -1)
    torch.testing.assert_close(even(x), trained.proj(mean), atol=1e-5, rtol=1e-4)
    assert even.qkv is trained.qkv


def test_a_cut_network_uses_the_twins_that_are_foreseen():
    with seeded(0):
        model = QUESTION.attention.build(QUESTION.setting).eval()
        x = torch.randn(3, 3, 12, 12)
    seen = []

    def watch(weights, twins):
        seen.append(twins)
        return weights

    with torch.no_grad():
        times = torch.full((3,), 0.5)
        found = moving_cuts.cut(model, watch)(x, times)
        torch.testing.assert_close(found, model(x, times), atol=1e-4, rtol=1e-4)
        shapes, _ = moving.read((0.3 * model.foresee(x, times) + 0.15).clamp(0, 1))
    assert len(seen) == 2 and torch.equal(seen[0], moving.alike(shapes))
    assert not isinstance(model.layers[0].mixer, moving_cuts.ChangedAttention)


def test_the_module_runs(capsys):
    moving_cuts.main()
    assert "own                  moves 0%" in capsys.readouterr().out


def test_without_itself_only_looks_at_oneself_are_gone(weights):
    gone = moving_cuts.without_itself(weights, TWINS) == 0
    assert torch.equal(gone, torch.eye(5, dtype=torch.bool).expand_as(gone))


def test_other_things_are_those_of_the_other_shape(weights):
    gone = (moving_cuts.without_other_things(weights, TWINS) == 0)[:, 0]
    pairs = {tuple(sorted(pair)) for pair in gone[0].nonzero().tolist()}
    assert pairs == {(0, 1), (1, 2), (0, 4), (2, 4)}  # of 0 1 0 - 1
    assert torch.equal(gone, gone.mT) and not (gone & TWINS).any()
