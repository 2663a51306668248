"""Rivals see pictures and no network, and each sees what its name says."""

import pytest
import torch

from tests.chapters.explanation.worlds import pictures
from visual_attention.chapters.explanation import maps, measures, rivals, trained
from visual_attention.chapters.explanation.marked import arrangements


def seen(name, images):
    return rivals.RIVALS[name](None, images, None)


@pytest.mark.parametrize("name", rivals.RIVALS)
def test_a_rival_gives_a_number_for_each_cell_and_asks_no_network(name):
    found = seen(name, torch.rand(3, 1, 24, 24, generator=torch.Generator().manual_seed(0)))
    assert found.shape == (3, 1, 6, 6) and found.isfinite().all() and found.amax() > found.amin()


def test_spread_is_the_standard_deviation_of_a_cell():
    images = torch.rand(2, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    wanted = images[1, 0, 8:12, 20:].std(correction=0).item()
    assert seen("spread", images)[1, 0, 2, 5].item() == pytest.approx(wanted, abs=1e-5)
    assert not seen("spread", torch.ones(1, 1, 24, 24)).any()


def test_of_two_equal_spreads_the_darker_cell_is_the_higher():
    images = torch.zeros(1, 1, 24, 24)
    images[..., :4, 0], images[..., 20:, 20:23] = 1, 1  # a quarter is white, three quarters are
    spread, dark = (seen(name, images)[0, 0] for name in ("spread", "spread and dark"))
    assert spread[0, 0] == spread[5, 5] == spread.max() and dark[0, 0] == dark.max() > dark[5, 5]


def test_edges_are_counted_within_a_cell_and_see_how_it_is_arranged():
    images, blocks = torch.zeros(1, 1, 24, 24), arrangements()
    images[..., :4, :4] = blocks[0]  # two white rows above two black ones: one edge, four pixels long
    images[..., 20:, 20:] = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]]).repeat(2, 1)  # a chequerboard
    found = seen("edges", images)[0, 0]
    assert found[0, 0] == 4 and found[5, 5] == 4 * 3 + 4
    assert found.sum() == found[0, 0] + found[5, 5]  # none from one cell to the next


def test_smoothed_and_centred_prefers_what_is_large_and_in_the_middle():
    images = torch.zeros(1, 1, 24, 24)
    images[..., :4, :4], images[..., 4:12, 4:12] = 1, 0.5
    found = seen("smoothed and centred", images)[0, 0]
    assert divmod(int(found.argmax()), 6) in ((1, 1), (2, 2), (1, 2), (2, 1))
    assert int(seen("contrast", images).argmax()) == 0


def test_ink_is_brighter_than_any_background():
    images = torch.full((1, 1, 24, 24), 0.59)
    assert not seen("ink", images).any()
    images[..., 8:20, 8:20] = 0.9
    row, column = divmod(int(seen("ink", images).argmax()), 6)
    assert (row, column) == (3, 3)


def test_at_random_is_the_same_for_the_same_number_of_pictures_and_centre_for_all():
    images = torch.rand(4, 1, 24, 24)
    assert torch.equal(seen("at random", images), seen("at random", images.flip(0)))
    assert seen("centre", images)[2, 0, 2, 3] == seen("centre", images).max()


def test_only_two_rivals_see_nothing():
    images, answers = pictures()
    blind = [
        name
        for name, rival in rivals.RIVALS.items()
        if torch.equal(rival(None, images, answers), rival(None, 0 * images, answers + 1))
    ]
    assert blind == ["at random", "centre"]
    near = rivals.centre(None, images, answers)
    assert near[0, 0, 2, 2] == near[0, 0, 3, 3] == near.max() and near[0, 0, 0, 0] == near.min()


def test_contrast_is_how_far_pixels_are_from_the_mean_of_their_picture():
    images = torch.full((1, 1, 24, 24), 0.5)
    images[0, 0, 4:8, 8:12] = torch.tensor([0.0, 1.0]).repeat(8).view(4, 4)  # cell in row 1, column 2
    images[0, 0, 20:22, 20:24], images[0, 0, 22:24, 20:24] = 0.25, 0.75  # cell in row 5, column 5
    found = rivals.contrast(None, images, torch.zeros(1, dtype=torch.int64))
    assert found.shape == (1, 1, 6, 6)
    assert found[0, 0, 1, 2].item() == pytest.approx(8) and found[0, 0, 5, 5].item() == pytest.approx(4)
    assert found.sum().item() == pytest.approx(12)


def test_contrast_is_integrated_gradients_with_the_network_taken_out():
    """Where every slope is 1 and the picture is brighter than its mean, the two are the same numbers."""

    class Adds(torch.nn.Module):
        def forward(self, images):
            return images.sum((1, 2, 3))[:, None].expand(-1, 10)

    images, answers = pictures()
    signed = maps.integrated_gradients(Adds(), images, answers)
    found = rivals.contrast(None, images, answers)
    assert (found >= signed.abs() - 1e-5).all()
    dark = torch.zeros(2, 1, 24, 24)
    dark[:, :, :4, :4] = 1
    ours, theirs = (f(Adds(), dark, answers[:2]) for f in (rivals.contrast, maps.integrated_gradients))
    torch.testing.assert_close(ours, theirs.abs())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "beaten"), [("twin", True), ("convolutional", False)])
def test_a_rival_that_came_late_beats_the_others_in_deletion_and_in_the_twin_the_gradient(name, beaten):
    """What the page tells of contrast times ink, on its stored networks."""
    model = trained.load(name)
    plain = measures.chosen(model, trained.MADE[name][1], 96, share=0.0)
    asked = plain.images, plain.labels

    def kept(method):
        values = measures.curves(model, plain, method(model, *asked))
        return {what: value.mean().item() for what, value in values.items() if "deletion" in what}

    late = kept(lambda *given: rivals.contrast(*given) * rivals.ink(*given))
    for rival in map(kept, rivals.RIVALS.values()):
        assert all(value < rival[what] for what, value in late.items())
    gradient = kept(maps.gradient)
    assert all((late[what] < gradient[what]) == beaten for what in late)
    for method in (maps.occlusion, maps.integrated_gradients):
        assert all(value < late[what] - 0.03 for what, value in kept(method).items())
