"""What the page says of an outsider's cuts is what they give; and they cut where they say."""

import pytest
import torch

from visual_attention.chapters.classification import attacked, steadier


def percent(right):
    return round(100 * right.double().mean().item())


@pytest.mark.slow
def test_where_the_map_misses_holding_it_brings_back_three_in_four():
    hit, right = attacked.answers()
    assert (len(hit), int((~hit).sum())) == (9000, pytest.approx(235, abs=2))
    assert [percent(right[name][~hit]) for name in ("own", "held")] in ([39, 76], [38, 76], [39, 75])
    assert [percent(right[name]) for name in attacked.WAYS] in ([91, 93, 74, 34], [91, 92, 74, 34])


@pytest.mark.slow
def test_torn_digits_are_lost_and_those_left_whole_are_not():
    share, before, after = attacked.torn(10)
    whole, most = share == 1, share < 0.5
    assert (int(whole.sum()), int(most.sum())) == (60, 147)
    assert [percent(before[whole]), percent(after[whole]), percent(after[most])] == [95, 92, 29]
    share, _, after = attacked.torn(24)
    assert share.max() <= 0.25 and percent(after) == 27


@pytest.mark.parametrize(
    ("row", "column", "side", "share"),
    [(0, 0, 10, 1), (2, 12, 10, 1), (6, 0, 10, 0.6), (6, 19, 10, 0.3), (0, 0, 24, 0.25), (3, 3, 24, 0.25)],
)
def test_the_largest_share_in_one_piece_by_hand(row, column, side, share):
    mask = torch.zeros(1, 1, 48, 48, dtype=torch.bool)
    mask[..., row : row + side, column : column + side] = True
    assert attacked.left_whole(mask, side).item() == pytest.approx(share)


class Pool(torch.nn.Module):
    """Weights of its own, whatever the features."""

    def weights(self, features):
        return torch.tensor([[[[0.1, 0.2, 0.7], [0.0, 0.0, 0.0]]]])


def test_the_two_cuts_change_where_and_how_much():
    cover = torch.tensor([[[[0.5, 1.0, 0.0], [0.5, 0.0, 0.0]]]])
    level = attacked.level(Pool(), None, cover)
    assert torch.allclose(level, torch.tensor([[[[0.25, 0.5, 0.0], [0.25, 0.0, 0.0]]]]))
    moved = attacked.moved(Pool(), None, cover)
    assert torch.allclose(moved, torch.tensor([[[[0.7, 0.1, 0.2], [0.0, 0.0, 0.0]]]]))


def test_three_validation_seeds_do_not_break_the_tie():
    soft, gem = steadier.CHOSEN
    for one, said in ((soft, {0.003: 59.2, 0.01: 59.2}), (gem, {0.01: 54.0, 0.03: 43.9})):
        scores = one.scores()
        assert all(len(of_seeds) == 3 for of_seeds in scores.values())
        assert {rate: round(sum(of_seeds) / 3, 1) for rate, of_seeds in scores.items()} == said
    assert (soft.best(), gem.best()) == (0.003, 0.01)
