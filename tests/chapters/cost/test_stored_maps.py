"""What goes elsewhere is counted rightly, and each way gets the best that it could do."""

import pytest
import torch

from visual_attention.chapters.cost import cost_against_loss, stored_maps
from visual_attention.chapters.cost.local import Windows
from visual_attention.chapters.cost.stored_maps import forbid, keep, losses, merge, moved, of_rank
from visual_attention.data import packs


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
    linear = {"linear at its best", "linear, rows shuffled"}
    assert families == dropped | linear | {"criss-cross", "windows", "merged", "all alike"}
    assert all(0 < loss.moved < 1 and 0 < loss.cost < 1 for loss in found)
    by = {(loss.family, loss.cost): loss.moved for loss in found}
    assert by["dropped, the best kept", 0.5] < by["dropped at random", 0.5]
    assert by["windows", 1 / 64] > by["windows", 1 / 4]
    for share in stored_maps.SHARES[:-1]:
        assert by["linear at its best", share] < by["linear, rows shuffled", share]


def test_shuffled_rows_hold_the_same_numbers_each_in_an_order_of_its_own(weights):
    mixed = stored_maps.shuffled(weights)
    torch.testing.assert_close(mixed.sort(dim=-1).values, weights.sort(dim=-1).values)
    same = torch.arange(16.0).expand(2, 16, 16)  # all rows alike
    orders = stored_maps.shuffled(same).flatten(0, 1)
    assert len(orders.unique(dim=0)) == 32


def test_all_alike_loses_what_lies_above_the_mean(weights):
    found = {loss.family: loss.moved for loss in losses(weights, torch.randn(1, 16, 3))}
    above = (weights - 1 / 16).clamp(min=0).sum(-1).mean().item()
    assert found["all alike"] == pytest.approx(above, abs=1e-6)


@pytest.mark.slow
def test_what_the_page_says_of_the_stored_maps():
    """Sixteen patterns leave 85 % in place and shuffled rows under half; windows lose about as all alike."""
    found = cost_against_loss.on_stored_maps()
    at = {(family, point.cost): point for family, points in found.items() for point in points}
    few, control = at["linear at its best", 1 / 16].lost, at["linear, rows shuffled", 1 / 16].lost
    assert few == pytest.approx(15, abs=1) and control > 50
    assert 50 < at["windows", 1 / 4].lost < at["dropped at random", 1 / 4].lost
    assert at["dropped, the best kept", 1 / 4].lost < at["windows", 1 / 4].lost
    assert 0 < at["all alike", 1 / 2].lost - at["windows", 1 / 4].lost < 5
    assert at["all alike", 1 / 2].lost == pytest.approx(59, abs=0.6) and control == pytest.approx(55, abs=0.6)


def test_windows_do_not_win_only_because_each_patch_keeps_itself():
    """A patch's own share is 5 %; without it, windows of a quarter still move less than random keys do."""
    allowed = Windows(16, window=8).allowed()
    random = torch.rand(256, 256, generator=torch.Generator().manual_seed(0)).argsort(-1).argsort(-1) < 64
    found = []
    for name in packs.names(having="patch_attention"):
        weights = stored_maps.last_layer(name)
        own = weights.diagonal(dim1=-2, dim2=-1).mean().item()
        without = forbid(weights, ~torch.eye(256, dtype=torch.bool))
        found.append([own, *(moved(without, forbid(without, places)) for places in (allowed, random))])
    own, windows, chance = torch.tensor(found).mean(0).tolist()
    assert own == pytest.approx(0.055, abs=0.005)
    assert windows == pytest.approx(0.59, abs=0.005) and chance == pytest.approx(0.75, abs=0.005)


@pytest.mark.slow
def test_a_single_pattern_leaves_more_than_half_of_the_weight_in_place():
    left = []
    for name in packs.names(having="patch_attention"):
        weights = stored_maps.last_layer(name)
        left.append([1 - stored_maps.moved(weights, near) for near in stored_maps.of_rank(weights, (1, 16))])
    assert torch.tensor(left).mean(0).tolist() == pytest.approx([0.59, 0.85], abs=0.005)
