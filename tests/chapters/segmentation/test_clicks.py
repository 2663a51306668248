"""Clicks: on the thing that is meant, second ones on what is wrong; the splits share nothing."""

import pytest
import torch

from visual_attention.chapters.segmentation import clicks


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def many():
    return clicks.batch(120, split="test", generator=seeded(0))


def test_shapes_ranges_and_repetition(many):
    side = clicks.WINDOW
    assert many.images.shape == (120, 3, side, side) and 0 <= many.images.min() <= many.images.max() <= 1
    assert many.clicks.shape == (120, 1, 3) and many.masks.shape == many.things.shape == (120, 1, side, side)
    again = clicks.batch(120, split="test", generator=seeded(0))
    assert all(torch.equal(one, other) for one, other in zip(many, again, strict=True))


def test_each_click_lies_on_the_thing_that_is_meant(many):
    row, column, sign = many.clicks[:, 0].unbind(-1)
    assert many.masks[torch.arange(120), 0, row.long(), column.long()].all() and (sign == 1).all()
    assert (many.masks.sum((2, 3)) >= clicks.LEAST).float().mean() > 0.95


def test_what_is_meant_is_one_of_the_things(many):
    assert torch.equal(many.labels > 0, many.things[:, 0])
    for mask, labels in zip(many.masks[:, 0], many.labels, strict=True):
        found, counts = labels[mask].unique(return_counts=True)
        best = found[counts.argmax()]
        assert ((labels == best) & mask).sum() / ((labels == best) | mask).sum() > 0.9
    assert (many.labels.flatten(1).unique(dim=1) > 0).any()


def test_the_place_of_a_click_does_not_tell_its_thing(many):
    """Things lie anywhere: no row or column is free of them, as the borders of fixed cells were."""
    covered = many.masks.float().mean((0, 1))
    for lines in (covered.mean(0), covered.mean(1)):
        assert lines[4:-4].amin() > 0.5 * lines.mean()


def test_a_correction_lies_deepest_in_the_largest_mistake():
    true = torch.zeros(3, 1, 12, 16, dtype=torch.bool)
    true[:, :, 2:9, 2:9] = True
    found = true.clone()
    found[0, 0, 3:8, 3:8] = False  # a hole of 5 x 5 around (5, 5)
    found[1, 0, 2:7, 11:16] = True  # too much
    found[1, 0, 2, 2] = False  # and a small miss
    made = clicks.correction(found, true)
    assert made[0, 0].tolist() == [5, 5, 1]
    assert made[1, 0, 2] == -1 and made[1, 0, 0] == 4 and 13 <= made[1, 0, 1] <= 15
    assert made[2, 0].tolist() == [5, 5, 1]  # nothing is wrong: the thing once more


def test_a_random_mistake_is_one():
    generator = seeded(4)
    true = torch.rand(20, 1, 8, 8, generator=generator) > 0.5
    found = true ^ (torch.rand(20, 1, 8, 8, generator=generator) > 0.9)
    made = clicks.any_mistake(found, true)
    for place, one, other in zip(made[:, 0].tolist(), found[:, 0], true[:, 0], strict=True):
        row, column, sign = map(int, place)
        if not torch.equal(one, other):
            assert one[row, column] != other[row, column]
        assert (sign == 1) == bool(other[row, column])


def test_iou_by_hand():
    one, other = torch.zeros(3, 1, 4, 4, dtype=torch.bool), torch.zeros(3, 1, 4, 4, dtype=torch.bool)
    one[0, 0, 0, :3], other[0, 0, 0, 1:] = True, True
    one[1, 0, 0, 0] = True
    assert clicks.iou(one, other).tolist() == [0.5, 0.0, 1.0]


def test_windows_of_the_real_coins_hold_the_coin_and_its_click():
    shown = clicks.coins()
    assert len(shown.images) == 32 and shown.images.shape[2:] == (clicks.WINDOW, clicks.WINDOW)
    row, column, _ = shown.clicks[:, 0].long().unbind(-1)
    assert shown.masks[torch.arange(32), 0, row, column].all()
    assert (shown.masks.sum((1, 2, 3)) > 30).all() and (shown.masks.float().mean() < 0.4)


@pytest.mark.parametrize(("parts", "says"), [({"things": 10}, "1 to 9"), ({"split": "all"}, "split")])
def test_what_cannot_be_drawn_is_refused(parts, says):
    with pytest.raises(ValueError, match=says):
        clicks.batch(2, **({"split": "test"} | parts))
