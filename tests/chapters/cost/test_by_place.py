"""The same savings without the choice: each way asks what it says, and the page says what the record says."""

import pytest
import torch
from scipy import stats

from visual_attention.chapters.cost import by_place, longer, tuning
from visual_attention.chapters.cost.by_place import STEPS, WAYS, Checkerboard, Neighbours, above
from visual_attention.chapters.cost.claims import CLAIMS
from visual_attention.chapters.cost.counting import bill
from visual_attention.chapters.cost.exact import Explicit, scores
from visual_attention.experiments import record

ROWS, CLAIMED = by_place.load(), record.load("cost")


def tokens(count=16, batch=2, width=5, seed=0):
    return tuple(torch.randn(3, batch, count, width, generator=torch.Generator().manual_seed(seed)).unbind())


def test_a_checkerboard_asks_one_colour_and_the_other_colour_asks_the_rest():
    queries, keys, values = tokens(9)
    black, white = Checkerboard(3), Checkerboard(3, colour=1)
    assert black.asked().tolist() == [True, False, True, False, True, False, True, False, True]
    assert torch.equal(black.asked(), ~white.asked())
    for way in (black, white):
        weights, asked = way.weights(queries, keys), way.asked()
        assert (weights[..., ~asked] == 0).all()
        torch.testing.assert_close(weights[..., asked], scores(queries, keys[:, asked]).softmax(-1))
        torch.testing.assert_close(way(queries, keys, values), weights @ values)


def test_neighbours_are_merged_whatever_their_keys():
    queries, keys, values = tokens(6)
    way = Neighbours(3)
    assert way.home(keys).tolist() == [[0, 0, 2, 2, 4, 4]] * 2
    weights = way.weights(queries, keys)
    torch.testing.assert_close(way(queries, keys, values), weights @ values)
    pooled = [x.unflatten(1, (3, 2)).mean(2) for x in (keys, values)]
    torch.testing.assert_close(way(queries, keys, values), Explicit()(queries, *pooled))


@pytest.mark.parametrize("side,colour", [(1, 0), (4, 2)])
def test_a_board_needs_two_colours(side, colour):
    with pytest.raises(ValueError, match=f"got {side} and {colour}"):
        Checkerboard(side, colour=colour)


def test_pairs_need_two_tokens_each():
    with pytest.raises(ValueError, match="wanted 16 tokens for 8 pairs, got 9"):
        Neighbours(8)(*tokens(9))


def test_what_each_way_costs():
    inputs = tokens(16, batch=1, width=12)
    whole = 2 * bill(Explicit(), *inputs).operations
    found = {
        name: sum(bill(way, *inputs).operations for way in make()) / whole for name, (_, make) in WAYS.items()
    }
    wanted = {"checkerboard": 0.5, "neighbours merged": 0.5, "dropped to 10": 0.656}
    assert found == pytest.approx(wanted, abs=1e-3)


def test_a_run_is_the_claim_s_run_at_the_rate_of_the_way_that_it_stands_in_for():
    found = longer.measure("dropped to 10", 0, steps=4, others=WAYS)
    assert found["rate"] == tuning.rates(tuning.tried())["dropped to 8"] == 0.01
    assert CLAIMS[0].budget("full").steps == STEPS


def test_what_is_missing_is_run_seed_by_seed():
    assert by_place.missing([])[:4] == [*((way, 0) for way in WAYS), ("checkerboard", 1)]
    assert by_place.missing(ROWS) == []


def test_leads_are_paired_over_the_seeds_that_both_have():
    rows = [{"way": "a", "seed": s, "accuracy": {str(STEPS): v}} for s, v in ((0, 5.0), (1, 9.0), (2, 4.0))]
    theirs = ((1, 1.0), (0, 2.0), (7, 3.0))
    claimed = [{"arm": "b", "metric": "accuracy", "seed": s, "value": v} for s, v in theirs]
    mean, low, high = above(rows, "a", claimed, "b")
    ends = stats.ttest_rel([5.0, 9.0], [2.0, 1.0]).confidence_interval()
    assert (mean, low, high) == pytest.approx((5.5, ends.low, ends.high))


LEADS = {
    ("checkerboard", "uniform"): "ends 31.8 (26.9 to 36.7) above asking all alike",
    ("checkerboard", "dropped to 8"): "2.9 (-1.9 to 7.8) above dropping by content",
    ("neighbours merged", "uniform"): "end 15.9 (12.2 to 19.6) above asking all alike",
    ("merged to 8", "neighbours merged"): "is 26.1 (19.4 to 32.8) above them",
    ("merged to 8", "dropped to 10"): "leads dropping to 10 by 4.2 points (0.1 to 8.2)",
}


@pytest.mark.parametrize("pair", LEADS)
def test_what_was_tried_tells_the_numbers_of_the_record(pair):
    way, arm = pair
    turned = arm in WAYS
    mean, low, high = above(ROWS, *(pair[::-1] if turned else pair)[:1], CLAIMED, way if turned else arm)
    if turned:
        mean, low, high = -mean, -high, -low
    said = " ".join(CLAIMS[0].tried[-2:])
    assert f"{mean:.1f}" in LEADS[pair] and f"({low:.1f} to {high:.1f})" in LEADS[pair]
    assert LEADS[pair] in said


def test_a_checkerboard_does_as_well_as_dropping_by_content_and_merging_by_likeness_gains_by_choosing():
    _, low, high = above(ROWS, "checkerboard", CLAIMED, "dropped to 8")
    assert low < 0 < high
    assert above(ROWS, "checkerboard", CLAIMED, "uniform")[1] > 20
    assert above(ROWS, "checkerboard", CLAIMED, "criss-cross")[0] == pytest.approx(32, abs=0.5)
    assert above(ROWS, "neighbours merged", CLAIMED, "merged to 8")[2] < -10
    assert above(ROWS, "neighbours merged", CLAIMED, "uniform")[1] > 0
