import pytest
import torch

from visual_attention.chapters.classification import sizes


def draw(count=24, seed=0, split="train"):
    return sizes.mixed(count, split=split, generator=torch.Generator().manual_seed(seed))


def test_each_size_comes_equally_often_and_fills_its_square():
    drawn = draw()
    assert drawn.images.shape == drawn.masks.shape == (24, 1, 48, 48)
    assert torch.equal(drawn.sides.unique(return_counts=True)[1], torch.full((4,), 6))
    torch.testing.assert_close(drawn.masks.sum((1, 2, 3)), drawn.sides**2)
    assert set(drawn.pieces.tolist()) <= set(sizes.PIECES)


def test_all_amounts_of_clutter_come():
    seen = {(side, piece) for seed in range(12) for side, piece in zip(*draw(4, seed)[3:], strict=True)}
    assert {int(piece) for _, piece in seen} == set(sizes.PIECES)


def test_a_cell_is_of_one_kind():
    drawn = sizes.cell(5, split="test", side=14, pieces=4, generator=torch.Generator().manual_seed(1))
    assert drawn.sides.tolist() == [14] * 5 and drawn.pieces.tolist() == [4] * 5
    assert 0 <= drawn.images.min() and drawn.images.max() <= 1


def test_the_generator_decides_everything():
    assert all(torch.equal(a, b) for a, b in zip(draw(), draw(), strict=True))
    assert not torch.equal(draw().images, draw(seed=1).images)


@pytest.mark.parametrize("count", [0, -4, 6])
def test_a_count_that_sizes_cannot_share_is_refused(count):
    with pytest.raises(ValueError, match="multiple of the 4 sizes, got"):
        draw(count)


def test_the_module_runs(capsys):
    sizes.main()
    assert "16 digits of 24 pixels, 25% of the picture" in capsys.readouterr().out


def test_sixteen_pictures_of_a_size_have_one_amount_of_clutter_and_the_next_another():
    drawn = draw(320)
    for start in range(0, 320, 16):
        for side in sizes.SIDES:
            mine = drawn.pieces[start : start + 16][drawn.sides[start : start + 16] == side]
            assert len(mine) == 4 and len(mine.unique()) == 1
    assert len({tuple(part.tolist()) for part in drawn.pieces.split(16)}) > 10


def test_sizes_amounts_and_canvas_may_be_others():
    drawn = sizes.mixed(
        8, split="validation", sides=(8, 12), amounts=(3,), canvas=32,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    assert drawn.images.shape == (8, 1, 32, 32) and set(drawn.pieces.tolist()) == {3}
    assert drawn.sides.tolist() == [8] * 4 + [12] * 4
