"""Digits in cells: one whole, some halves, and nothing shared by the splits."""

import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.hard import banks, cells
from visual_attention.chapters.hard.cells import main
from visual_attention.data import digits


def numbers(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_learning_validation_and_test_share_no_digit():
    for side in (8, 16):
        parts = {split: numbers(banks.digits_of(split, side)[0]) for split in banks.SPLITS}
        assert parts["learning"] | parts["validation"] == parts["train"]
        assert not parts["learning"] & parts["validation"] and not parts["train"] & parts["test"]
        assert 8 < len(parts["learning"]) / len(parts["validation"]) < 10
    with pytest.raises(ValueError, match="train, test, learning, validation; got 'all'"):
        banks.digits_of("all", 8)


def draw(count: int = 40, seed: int = 0, **options) -> cells.DigitCells:
    return cells.batch(
        count, **({"split": "train", "generator": torch.Generator().manual_seed(seed)} | options)
    )


def cut(image: torch.Tensor, cell: int, grid: int) -> torch.Tensor:
    row, column = divmod(cell, grid)
    return image[0, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]


def test_the_whole_digit_lies_in_its_cell():
    images, labels, where = draw(grid=3, faint=1.0)
    bank, kinds = digits.small("train")
    assert images.shape == (40, 1, 24, 24) and where.min() >= 0 and where.max() == 8
    for image, label, cell in zip(images, labels, where.tolist(), strict=True):
        match = (bank[:, 0] == cut(image, cell, 3)).flatten(1).all(dim=1)
        assert (kinds[match] == label).any()


def test_the_whole_digit_is_written_half_as_bright_so_that_ink_does_not_give_it_away():
    faint, bright = draw(2000), draw(2000, faint=1.0)
    for image, other, cell in zip(faint.images, bright.images, faint.cells.tolist(), strict=True):
        assert torch.equal(2 * cut(image, cell, 4), cut(other, cell, 4))
    brightest = [F.avg_pool2d(batch.images, 8).flatten(1).argmax(1) for batch in (faint, bright)]
    right = [(most == faint.cells).float().mean() for most in brightest]
    assert right[0] < 0.1 and right[1] > 0.99


def test_the_other_cells_hold_halves_or_nothing():
    images, _, where = draw(grid=3, halves=4)
    for image, cell in zip(images, where.tolist(), strict=True):
        others = [cut(image, n, 3) for n in range(9) if n != cell]
        used = [other for other in others if other.sum() > 0]
        assert len(used) == 4
        for half in used:
            assert 0 in {float(part.sum()) for part in (half[:4], half[4:], half[:, :4], half[:, 4:])}


def test_every_cell_is_used_as_often():
    counts = torch.bincount(draw(3200).cells, minlength=16)
    assert counts.min() > 140 and counts.max() < 260


def test_drawing_leaves_the_digits_as_they_are():
    before = digits.small("train")[0].clone()
    draw(200)
    assert torch.equal(before, digits.small("train")[0])


def test_a_seed_fixes_the_pictures_and_the_splits_differ():
    assert torch.equal(draw(seed=3).images, draw(seed=3).images)
    assert not torch.equal(draw(seed=3).images, draw(seed=3, split="test").images)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"halves": 16}, {"halves": -1}, {"split": "all"}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="wanted"):
        draw(**wrong)


def test_the_module_runs(capsys):
    main()
    assert "images (64, 1, 32, 32)" in capsys.readouterr().out
