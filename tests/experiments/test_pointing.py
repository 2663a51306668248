import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visual_attention.experiments import pointing


def masks():
    """Two pictures of 4 x 6: a 2 x 3 object at the top left; a 1 x 1 object."""
    drawn = torch.zeros(2, 1, 4, 6, dtype=torch.bool)
    drawn[0, 0, :2, :3] = True
    drawn[1, 0, 3, 5] = True
    return drawn


def test_by_hand():
    weights = torch.tensor([[[[0.7, 0.1], [0.2, 0.0]]], [[[0.0, 0.0], [0.5, 0.5]]]])  # a cell is 2 x 3 pixels
    torch.testing.assert_close(pointing.share(weights, masks()), torch.tensor([0.7, 0.5 / 6]))
    torch.testing.assert_close(pointing.area(masks()), torch.tensor([6 / 24, 1 / 24]))


@given(st.sampled_from([(1, 1), (2, 3), (4, 6), (4, 2)]), st.floats(0.01, 100))
def test_weights_that_know_nothing_get_the_area(grid, weight):
    weights = torch.full((2, 1, *grid), weight)
    torch.testing.assert_close(pointing.share(weights, masks()), pointing.area(masks()))


def test_the_sum_of_the_weights_does_not_matter():
    weights = torch.rand(2, 1, 2, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pointing.share(weights, masks()), pointing.share(5 * weights, masks()))


def test_no_weight_at_all_points_nowhere():
    assert pointing.share(torch.zeros(2, 1, 2, 3), masks()).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.ones(2, 2, 3), r"got \(2, 2, 3\), \(2, 1, 4, 6\)"),
        (torch.ones(2, 5, 2, 3), r"wanted weights \(B, 1, h, w\)"),
        (torch.ones(3, 1, 2, 3), r"got \(3, 1, 2, 3\)"),
        (torch.ones(2, 1, 3, 3), "a grid that divides the picture, got 3 x 3 for 4 x 6"),
        (-torch.ones(2, 1, 2, 3), "weights of 0 or more, got -1"),
    ],
)
def test_errors_say_what_was_wanted(weights, message):
    with pytest.raises(ValueError, match=message):
        pointing.share(weights, masks())


def test_the_peak_hits_where_the_mask_covers_half_of_its_cell():
    weights = torch.tensor([[[[0.4, 0.1], [0.3, 0.2]]], [[[0.1, 0.1], [0.1, 0.7]]]])
    assert pointing.hits(weights, masks()).tolist() == [True, False]  # the second covers 1 of 6 pixels
    half = masks()
    half[1, 0, 2:, 4:] = True  # now 4 of 6
    assert pointing.hits(weights, half).tolist() == [True, True]
    assert pointing.hits(weights.flip(3), half).tolist() == [False, False]


@pytest.mark.parametrize("score", [pointing.share, pointing.hits])
def test_weights_that_are_no_numbers_are_refused(score):
    weights = torch.ones(2, 1, 2, 3)
    weights[1, 0, 1, 1] = torch.nan
    with pytest.raises(ValueError, match="wanted finite weights, got 1 NaN or infinite"):
        score(weights, torch.ones(2, 1, 4, 6, dtype=torch.bool))


def test_weights_that_choose_nothing_do_not_hit():
    assert not pointing.hits(torch.ones(2, 1, 2, 3), torch.ones(2, 1, 4, 6, dtype=torch.bool)).any()


def test_the_gap_is_taken_within_groups():
    """Group 0: hits 1 of 2 right, misses 0 of 2. Group 1: hits 3 of 3 right, misses 1 of 1: no gap there."""
    hits = torch.tensor([1, 1, 0, 0, 1, 1, 1, 0]).bool()
    right = torch.tensor([1, 0, 0, 0, 1, 1, 1, 1]).bool()
    groups = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    # weights 2 * 2 / 4 = 1 and 3 * 1 / 4 = 0.75, gaps 0.5 and 0
    assert pointing.gap(hits, right, groups) == pytest.approx(0.5 / 1.75)
    assert pointing.gap(hits, right, torch.zeros(8)) == pytest.approx(4 / 5 - 1 / 3)
    order = torch.tensor([5, 0, 7, 2, 1, 6, 3, 4])
    assert pointing.gap(hits[order], right[order], groups[order]) == pytest.approx(0.5 / 1.75)


def test_a_group_of_hits_alone_tells_nothing():
    hits, right = torch.tensor([1, 1, 1, 0]).bool(), torch.tensor([0, 0, 1, 0]).bool()
    assert pointing.gap(hits, right, torch.tensor([0, 0, 1, 1])) == 1.0
    assert pointing.gap(hits, right, torch.tensor([0, 0, 0, 1])) is None
