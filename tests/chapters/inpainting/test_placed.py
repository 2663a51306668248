"""Copies by place alone, four times the steps, another rate, and peeling without mistakes."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.inpainting import bolder, inwards, longer, placed
from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.chapters.inpainting.placed import PlacedCopies
from visual_attention.training import seeded

GRID = (4, 5)
WALL, PHOTO = placed.WORLDS
ATTENTION, ALIKE = "contextual attention", "all patches alike"


def drawn(channels=3, seed=0):
    x = torch.randn(2, channels, *GRID, generator=torch.Generator().manual_seed(seed))
    mask = torch.zeros(2, 1, *GRID, dtype=torch.bool)
    mask[0, :, 1:3, 2:4] = True
    mask[1, :, 0, 1] = True
    return x, mask


def test_what_is_copied_hangs_on_places_alone():
    with seeded(0):
        layer = PlacedCopies(GRID)
        layer.table.data.normal_()
    x, mask = drawn()
    weights = layer.weights(x, mask)
    assert torch.equal(weights, layer.weights(x + 1, mask))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 20))
    assert not weights.masked_select(mask.flatten(1)[:, None].expand_as(weights)).any()
    values = drawn(seed=1)[0]
    filled = layer(x, mask, values)
    applied = (weights @ values.flatten(2).mT).mT.view_as(values)
    torch.testing.assert_close(filled, torch.where(mask, applied, values))


def test_a_score_stands_for_an_offset_and_near_places_come_first():
    layer, (x, mask) = PlacedCopies(GRID, near=2.0), drawn()
    asking, down, across = 1 * 5 + 2, [1, 0, -1], [0, 2, 1]
    rows = layer.weights(x, torch.zeros_like(mask))[0, asking].detach().log().view(GRID)
    for one, other in zip(down, across, strict=True):
        distance = (one**2 + other**2) ** 0.5
        assert (rows[1, 2] - rows[1 + one, 2 + other]).item() == pytest.approx(2 * distance, abs=1e-4)
    layer.table.data[GRID[0] - 1 + 1, GRID[1] - 1 - 2] = 9.0  # one down, two to the left
    shares = layer.weights(x, torch.zeros_like(mask))[0].view(*GRID, *GRID)
    assert shares[0, 2].argmax() == 1 * 5 + 0 and shares[2, 4].argmax() == 3 * 5 + 2
    with pytest.raises(ValueError, match="4 x 5"):
        layer(torch.rand(1, 3, 5, 5), torch.zeros(1, 1, 5, 5, dtype=torch.bool))


def test_without_mistakes_a_rim_asks_with_the_truth():
    with torch.no_grad():
        x = torch.rand(2, 3, 14, 14, generator=torch.Generator().manual_seed(2))
        mask = torch.zeros(2, 1, 14, 14, dtype=torch.bool)
        mask[..., 6:7, 6:8] = True
        told, plain = (
            inwards._Unmistaken(patch=3, temperature=0.1),
            PeelingAttention(patch=3, temperature=0.1),
        )
        torch.testing.assert_close(told(x, mask), plain(x, mask))  # one rim: no mistake is carried
        mask[..., 4:9, 5:10] = True
        one, other = told(x, mask), plain(x, mask)
        rim = mask & ~(F.avg_pool2d(mask.float(), 3, stride=1, padding=1) > 0.99)
        torch.testing.assert_close(one[rim.expand_as(x)], other[rim.expand_as(x)])
        assert (one - other).abs().max() > 1e-3
        known = ~mask.expand_as(x)
        assert torch.equal(one[known], x[known])


def test_without_mistakes_what_repeats_comes_back():
    tile = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(3))
    x, mask = tile.repeat(1, 1, 4, 4), torch.zeros(1, 1, 20, 20, dtype=torch.bool)
    mask[..., 6:12, 7:13] = True
    torch.testing.assert_close(inwards._Unmistaken(patch=5, temperature=1e-5)(x, mask), x)


def test_the_records_are_whole():
    for world in placed.WORLDS:
        rows = world.rows
        assert world.lacking(rows) == [] and {row["rule"] for row in rows} == {world.question.rule}
        assert len(world.scores(placed.PLACED.name)) == 10
    assert all(longer.lacking(*each) == [] for each in longer.TRAINED)
    assert len(bolder.AGAIN.rows) == 10
    assert all(len(found) == 5 for name, found in inwards.load().items() if name != "chosen")


def told(found, digits=1):
    return [round(value, digits) for value in (found.effect, found.low, found.high)]


def test_about_half_of_the_lead_over_the_control_needs_no_choice_by_content():
    name = placed.PLACED.name
    means = [round(world.scores(name).mean(), 1) for world in placed.WORLDS]
    assert means == [27.1, 25.4]
    assert told(WALL.lead(name, ALIKE)) == [2.5, 2.4, 2.7]
    assert told(WALL.lead(ATTENTION, name)) == [2.0, 1.8, 2.2]
    assert told(PHOTO.lead(name, ALIKE)) == [1.7, 1.2, 2.2]
    assert told(PHOTO.lead(ATTENTION, name)) == [1.5, 1.1, 1.9]
    for world in placed.WORLDS:
        share = world.lead(name, ALIKE).effect / world.lead(ATTENTION, ALIKE).effect
        assert 0.5 < share < 0.6


def test_with_four_times_the_steps_attention_passes_peeling():
    first, second, last = (longer.minus_peeling(steps) for steps in (192, 384, 768))
    assert told(first) == [-0.5, -0.9, -0.1] and second.low < 0 < second.high
    assert told(last) == [0.7, 0.3, 1.1]
    assert round(longer.scores(ATTENTION, 768).mean(), 1) == 31.1
    assert told(longer.minus_peeling(768, "SSIM"), 3) == [0.02, 0.011, 0.028]
    assert told(longer.minus_peeling(768, "GMSD"), 4) == [-0.0027, -0.0052, -0.0002]
    level = longer.minus_peeling(768, "patch distance")
    assert level.low < 0 < level.high
    assert told(longer.ahead_of_convolution(768)) == [2.3, 1.5, 3.1]


def test_at_a_higher_rate_attention_is_level_with_peeling_on_photographs_without_end():
    assert round(bolder.AGAIN.scores.mean(), 1) == 27.4
    level = bolder.AGAIN.minus("peeling")
    assert level.low < 0 < level.high
    assert told(bolder.AGAIN.minus("biharmonic")) == [-3.3, -3.7, -2.9]


def test_mistakes_that_are_carried_inwards_are_most_of_what_peeling_lacks_in_the_larger_hole():
    assert tuple(inwards.load()["chosen"]) == inwards.CHOSEN
    assert told(inwards.ahead("larger")) == [1.7, 0.9, 2.5]
    assert told(inwards.ahead("larger, unmistaken")) == [0.6, -0.1, 1.3]
    assert told(inwards.gained("larger")) == [1.1, 1.0, 1.1]
    assert told(inwards.gained("usual"))[0] == 0.3
