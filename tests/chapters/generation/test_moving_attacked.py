"""Pictures that keep every rule, and what the page says of looks at oneself and of copies."""

import pytest
import torch

from visual_attention.chapters.generation import moving, moving_attacked


def test_real_pictures_keep_every_rule_and_spoilt_ones_do_not():
    drawn = moving.batch(30, generator=torch.Generator().manual_seed(0))
    kept, shown = moving_attacked.whole(drawn.images)
    assert kept.all() and len(set(map(tuple, shown.tolist()))) > 25
    blue = moving.compose(drawn.shapes, torch.where(drawn.shapes >= 0, 2, -1), 3).images
    assert not moving_attacked.whole(blue)[0].any()
    third = drawn.shapes.clone()
    third[torch.arange(30), (third < 0).int().argmax(1)] = 0
    colours = torch.where((third == 0) & (drawn.shapes < 0), 1, drawn.colours)
    assert not moving_attacked.whole(moving.compose(third, colours, 3).images)[0].any()
    strange = drawn.colours.clone()
    where = (drawn.shapes == 1).int().argmax(1)
    strange[torch.arange(30), where] = (strange[torch.arange(30), where] + 1) % 6
    assert not moving_attacked.whole(moving.compose(drawn.shapes, strange, 3).images)[0].any()


def test_there_are_so_many_pictures():
    arrangements = 9 * 8 * 7 * 6 // 4
    assert moving_attacked.POSSIBLE == arrangements * 6 * 5


def test_what_the_page_says():
    rows = moving_attacked.rows()
    assert [row["seed"] for row in rows] == [0, 1, 2]
    itself = moving_attacked.gained("itself forbidden")
    assert [round(x) for x in (itself.effect, itself.low, itself.high)] == [9, 5, 13]
    other = moving_attacked.gained("other things forbidden")
    assert abs(other.effect) < 2
    assert moving_attacked.gained("twins forbidden").high < -20
    whole = sum(row["whole"] for row in rows)
    chance = sum(row["whole"] * row["known"] for row in rows) / moving_attacked.POSSIBLE
    assert (whole, sum(row["copies"] for row in rows)) == (261, 12)
    assert chance == pytest.approx(11.2, abs=0.05)
