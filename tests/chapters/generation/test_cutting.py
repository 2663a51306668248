"""What is cut has no say, what is left has all of it, and the trained network stays whole."""

import pytest
import torch

from visual_attention.chapters.generation.cutting import CutAttention, cut, main, same_row, same_side, switch
from visual_attention.chapters.generation.transformer import VelocityTransformer
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention
from visual_attention.training import seeded

GRID, SIZE = (2, 4), (6, 12)  # patches of 3 x 3
X = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(0))
TIMES = torch.tensor([0.2, 0.7])


def made():
    with seeded(0):
        return VelocityTransformer(SIZE, patch=3, dim=12, depth=2, heads=3).eval()


def test_sides_and_rows_by_hand():
    left = [0, 1, 4, 5]
    assert same_side(GRID)[0].nonzero().flatten().tolist() == left
    assert same_side(GRID)[5].nonzero().flatten().tolist() == left
    assert same_side(GRID)[2].nonzero().flatten().tolist() == [2, 3, 6, 7]
    assert same_row(GRID)[1].nonzero().flatten().tolist() == [0, 1, 2, 3]
    assert same_row(GRID)[7].nonzero().flatten().tolist() == [4, 5, 6, 7]


def test_the_weights_left_are_those_of_before_in_proportion():
    model, allowed = made(), same_side(GRID)
    before, after = model.weights(X, TIMES)[0], cut(model, allowed).weights(X, TIMES)[0]
    kept = before * allowed
    torch.testing.assert_close(after, kept / kept.sum(-1, keepdim=True))
    assert after[..., ~allowed].count_nonzero() == 0


def test_forward_applies_exactly_the_weights():
    with seeded(0):
        trained = MultiHeadSelfAttention(12, heads=3)
        tokens = torch.randn(2, 8, 12)
    some = CutAttention(trained, same_row(GRID))
    values = some.qkv(tokens)[..., 24:].unflatten(2, (3, 4)).transpose(1, 2)  # (B, h, N, d)
    want = some.proj((some.weights(tokens) @ values).transpose(1, 2).flatten(2))
    torch.testing.assert_close(some(tokens), want)


def test_one_side_no_longer_hears_of_the_other():
    changed = X.clone()
    changed[..., 6:] += 1
    for model, hears in ((made(), True), (cut(made(), same_side(GRID)), False)):
        with torch.no_grad():
            moved = (model(changed, TIMES) - model(X, TIMES))[..., :6].abs().max().item()
        assert (moved > 1e-6) == hears


def test_nothing_cut_changes_nothing_and_the_network_stays_whole():
    model = made()
    before = model(X, TIMES)
    torch.testing.assert_close(cut(model, torch.ones(8, 8, dtype=torch.bool))(X, TIMES), before)
    cut(model, same_side(GRID))
    assert torch.equal(model(X, TIMES), before)


def test_switch_follows_one_and_then_the_other():
    velocity = switch(lambda x, t: x, lambda x, t: -x, at=0.5)
    got = velocity(X.repeat(2, 1, 1, 1)[:3], torch.tensor([0.49, 0.5, 0.9]))
    assert torch.equal(got, torch.cat([X[:1], -X[1:], -X[:1]]))
    assert torch.equal(velocity(X, torch.tensor([0.1, 0.2])), X)
    assert torch.equal(velocity(X, torch.tensor([0.5, 1.0])), -X)


@pytest.mark.parametrize(
    ("allowed", "says"),
    [
        (torch.ones(8, 8), "of bool, got"),
        (torch.ones(8, 7, dtype=torch.bool), r"got \(8, 7\)"),
        (torch.zeros(8, 8, dtype=torch.bool), "rows without any"),
    ],
)
def test_what_cannot_be_allowed_is_refused(allowed, says):
    with pytest.raises(ValueError, match=says):
        CutAttention(MultiHeadSelfAttention(12, heads=3), allowed)


def test_the_module_runs(capsys):
    main()
    assert "same side: 50% of the pairs are left" in capsys.readouterr().out
