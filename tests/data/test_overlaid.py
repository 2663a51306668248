"""Cued digits: the cue tells the answer, and nothing else does."""

import pytest
import torch

from visual_attention.data import digits
from visual_attention.data.overlaid import BAR, SIZE, STRIPE, by_colour, by_place, main

DRAWS = [(by_colour, 3, (11, 10)), (by_place, 4, (20, 20))]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("draw", "among", "size"), DRAWS)
class TestBoth:
    def test_shapes_and_range(self, draw, among, size):
        batch = draw(11, split="train", generator=generator())
        assert batch.images.shape == (11, 3, *size) and batch.images.dtype == torch.float32
        assert 0 <= batch.images.min() and batch.images.max() <= 1
        assert batch.digits.shape == (11, among) and batch.labels.shape == batch.cues.shape == (11,)

    def test_the_label_is_the_cued_digit(self, draw, among, size):
        batch = draw(200, split="train", generator=generator())
        assert batch.labels.tolist() == [row[cue] for row, cue in zip(batch.digits, batch.cues, strict=True)]

    def test_digits_and_cues_are_about_equally_frequent(self, draw, among, size):
        batch = draw(4000, split="train", generator=generator())
        assert batch.cues.bincount(minlength=among).min() > 0.85 * 4000 / among
        assert batch.digits.flatten().bincount(minlength=10).min() > 0.08 * 4000 * among

    def test_the_same_seed_draws_the_same(self, draw, among, size):
        first, second = (draw(5, split="test", generator=generator(3)) for _ in range(2))
        assert torch.equal(first.images, second.images)
        assert not torch.equal(first.images, draw(5, split="test", generator=generator(4)).images)

    def test_bad_requests_are_refused(self, draw, among, size):
        with pytest.raises(ValueError, match="at least 1 picture, got 0"):
            draw(0, split="train")
        with pytest.raises(ValueError, match='"train" or "test"'):
            draw(2, split="valid")

    def test_learning_and_validation_divide_what_training_shows(self, draw, among, size):
        for split in digits.TUNING:
            assert draw(4, split=split, generator=generator()).images.shape == (4, 3, *size)


def test_a_colour_holds_its_digit_and_the_stripe_its_name():
    batch = by_colour(50, split="test", generator=generator())
    bank = digits.small("test")[0][:, 0]
    stripes = batch.images[:, :, :STRIPE].mean(dim=(2, 3))
    assert torch.equal(stripes, torch.eye(3)[batch.cues])
    shown = batch.images[:, 1, STRIPE + 1 :, 1:-1]  # green
    gaps = (shown[:, None] - bank[None]).abs().amax(dim=(2, 3))
    assert (gaps.amin(dim=1) == 0).all()
    assert digits.small("test")[1][gaps.argmin(dim=1)].tolist() == batch.digits[:, 1].tolist()


def test_a_place_holds_its_digit_and_the_bar_lies_beneath_it():
    batch = by_place(50, split="test", generator=generator())
    assert torch.equal(batch.images[:, 0], batch.images[:, 2])  # white: the colour says nothing
    bank = digits.small("test")[0][:, 0]
    for place in range(4):
        row, column = place // 2 * 10, place % 2 * 10
        cell = batch.images[:, 0, row : row + 10, column : column + 10]
        assert torch.equal(cell[:, -BAR:].mean(dim=(1, 2)), (batch.cues == place).float())
        gaps = (cell[:, None, :SIZE, 1:-1] - bank[None]).abs().amax(dim=(2, 3))
        assert (gaps.amin(dim=1) == 0).all()
        assert digits.small("test")[1][gaps.argmin(dim=1)].tolist() == batch.digits[:, place].tolist()


def test_the_module_runs(capsys):
    main()
    assert "by_place" in capsys.readouterr().out
