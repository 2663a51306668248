"""What goes elsewhere is counted rightly, and each way gets the best that it could do."""

import pytest
import torch

from visual_attention.chapters.cost import stored_maps
from visual_attention.chapters.cost.local import Windows
from visual_attention.chapters.cost.stored_maps import forbid, keep, losses, merge, moved, of_rank


@pytest.fixture
def weights():
    return torch.randn(2, 16, 16, generator=torch.Generator().manual_seed(0)).softmax(-1)


def test_what_moves_by_hand(weights):
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert moved(one, other) == 1 and moved(one, one) == 0
    assert moved(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.75, 0.25]])) == pytest.approx(0.25)


def test_forbidding_moves_what_lay_on_forbidden_places(weights):
    allowed = Windows(4, window=2).allowed()
    left = forbid(weights, allowed)
    torch.testing.assert_close(left.sum(-1), torch.ones(2, 16))
    assert moved(weights, left) == pytest.approx((weights * ~allowed).sum(-1).mean().item(), abs=1e-6)


def test_merged_patches_get_the_same(weights):
    home = torch.arange(16)
    home[3] = 2
    together = merge(weights, home)
    torch.testing.assert_close(together[..., 3], weights[..., 2:4].mean(-1))
    torch.testing.assert_close(together[..., 2], together[..., 3])
    torch.testing.assert_close(together[..., 4:], weights[..., 4:])
    torch.testing.assert_close(together.sum(-1), torch.ones(2, 16))


def test_only_the_first_of_the_order_stay(weights):
    order = torch.arange(16).flip(0).expand(2, 16)
    left = keep(weights, 3, order)
    assert (left[..., :13] == 0).all()
    torch.testing.assert_close(left[..., 13:], weights[..., 13:] / weights[..., 13:].sum(-1, keepdim=True))


def test_full_rank_loses_nothing_and_less_rank_more(weights):
    assert moved(weights, *of_rank(weights, [16])) == pytest.approx(0, abs=1e-5)
    found = [moved(weights, near) for near in of_rank(weights, [2, 4, 8])]
    assert found[0] > found[1] > found[2] > 0
    assert torch.linalg.matrix_rank(of_rank(weights, [4])[0][0]) == 4


def test_the_stored_maps_are_shares():
    for maps in (stored_maps.last_layer("cat"), stored_maps.all_layers("cat")):
        torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]))


def test_all_families_on_a_real_map():
    found = losses(stored_maps.last_layer("coins")[:2], stored_maps.likeness("coins", 16))
    families = {loss.family for loss in found}
    dropped = {"dropped, the best kept", "dropped at random"}
    assert families == dropped | {"criss-cross", "windows", "linear at its best", "merged"}
    assert all(0 < loss.moved < 1 and 0 < loss.cost < 1 for loss in found)
    by = {(loss.family, loss.cost): loss.moved for loss in found}
    assert by["dropped, the best kept", 0.5] < by["dropped at random", 0.5]
    assert by["windows", 1 / 64] > by["windows", 1 / 4]
