"""A twin may lie anywhere, has its thing's colour, and agreement counts what it says."""

import pytest
import torch

from visual_attention.chapters.generation import moving


def drawn(count=200, seed=0, **how):
    return moving.batch(count, generator=torch.Generator().manual_seed(seed), **how)


@pytest.mark.parametrize(("shapes", "side"), [(2, 3), (3, 4), (4, 4)])
def test_things_of_one_shape_have_one_colour_and_shapes_differ(shapes, side):
    real = drawn(shapes=shapes, side=side)
    assert real.images.shape == (200, 3, 4 * side, 4 * side) and real.images.amin() == 0
    for row, colours in zip(real.shapes, real.colours, strict=True):
        found = [colours[row == kind].unique() for kind in range(shapes)]
        assert all((row == kind).sum() == 2 for kind in range(shapes)) and all(len(c) == 1 for c in found)
        assert len(torch.cat(found).unique()) == shapes
    assert ((real.shapes < 0) == (real.colours < 0)).all()


def test_what_is_drawn_is_read_again():
    real = drawn(shapes=4, side=4)
    shapes, colours = moving.read(real.images)
    assert torch.equal(shapes, real.shapes) and torch.equal(colours, real.colours)
    assert torch.equal(moving.there(real.images), real.shapes >= 0)
    noisy = real.images + 0.05 * torch.randn(real.images.shape, generator=torch.Generator().manual_seed(1))
    assert (moving.read(noisy)[0] == real.shapes).float().mean() > 0.99


def test_a_twin_may_lie_in_any_other_cell_or_only_across():
    offsets = [set(), set()]
    for found, moves in zip(offsets, (True, False), strict=True):
        for row in drawn(400, moves=moves).shapes:
            for kind in (0, 1):
                first, second = (row == kind).nonzero()[:, 0].tolist()
                found.add((second // 3 - first // 3, second % 3 - first % 3))
    assert len(offsets[0]) == 12 and offsets[1] == {(0, 2)}


def test_agreement_by_hand():
    shapes = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1]])
    colours = torch.tensor([[2, 2, 2, 3], [1, 1, 4, 4]])
    found = moving.agreement(moving.compose(shapes, colours, 2).images)
    # twins: 3 of 4 pairs; others: of the first picture's four pairs two are alike, of eight in all
    assert found == {"agreement": 50.0, "twins agree": 75.0, "others agree": 25.0, "clear": 100.0}


def test_one_colour_for_all_and_nothing_at_all_score_0():
    real = drawn()
    blue = moving.compose(real.shapes, torch.where(real.shapes >= 0, 2, -1), 3).images
    assert moving.agreement(blue)["agreement"] == 0 and moving.agreement(blue)["twins agree"] == 100
    assert moving.agreement(torch.zeros(3, 3, 12, 12))["agreement"] == 0
    assert moving.agreement(torch.full((3, 3, 12, 12), 0.5)) == {
        "agreement": 0.0, "twins agree": 0.0, "others agree": 0.0, "clear": 0.0
    }  # fmt: skip


def test_no_cell_is_its_own_twin():
    pairs = moving.alike(torch.tensor([[0, 1, 0, -1, -1, 1]]))[0]
    assert pairs.nonzero().tolist() == [[0, 2], [1, 5], [2, 0], [5, 1]]


def test_cells_are_numbered_row_by_row():
    images = torch.zeros(1, 3, 8, 8)
    images[0, 1, 1, 6] = 1.0
    cells = moving.cells_of(images)
    assert cells.shape == (1, 4, 3, 4, 4) and cells[0, 1, 1, 1, 2] == 1 and cells.sum() == 1


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"shapes": 5, "side": 4}, "1 to 4 shapes on 4 x 4 cells, got 5"),
        ({"shapes": 3, "side": 2}, "1 to 2 shapes"),
        ({"shapes": 4, "side": 3, "moves": False}, "1 to 3 shapes"),
    ],
)
def test_what_does_not_fit_is_refused(how, says):
    with pytest.raises(ValueError, match=says):
        moving.batch(2, **how)


@pytest.mark.parametrize("shape", [(1, 3, 8, 12), (1, 3, 10, 10), (3, 8, 8)])
def test_other_pictures_are_refused(shape):
    with pytest.raises(ValueError, match="wanted"):
        moving.cells_of(torch.zeros(shape))


def test_the_module_runs(capsys):
    moving.main()
    assert "real               agreement 100" in capsys.readouterr().out
