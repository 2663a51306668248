"""Translated, cluttered digits: where the digit lies, what lies about, what the splits share (nothing)."""

import pytest
import torch

from visual_attention.chapters.hard import translated
from visual_attention.chapters.hard.translated import main
from visual_attention.data import digits


def draw(count: int = 50, seed: int = 0, **options) -> translated.TranslatedDigits:
    options = {"split": "train", "generator": torch.Generator().manual_seed(seed)} | options
    return translated.batch(count, **options)


def test_shapes_and_ranges():
    images, labels, centres = draw(canvas=61)
    assert images.shape == (50, 1, 61, 61) and labels.shape == (50,) and centres.shape == (50, 2)
    assert images.min() == 0 and images.max() <= 1
    assert centres.abs().max() <= 1 - 28 / 61 + 1e-6


def test_the_digit_lies_around_its_centre_x_right_y_down():
    images, labels, centres = draw(canvas=60, clutter=0)
    bank, kinds = digits.load("train")
    for image, label, (x, y) in zip(images, labels, centres.tolist(), strict=True):
        left, top = round((x + 1) * 30) - 14, round((y + 1) * 30) - 14
        cut = image[:, top : top + 28, left : left + 28]
        assert cut.sum() == pytest.approx(image.sum().item())  # there is nothing else
        match = (bank == cut).flatten(1).all(dim=1)
        assert match.any() and (kinds[match] == label).all()


def test_digits_are_anywhere():
    centres = draw(2000).centres
    assert centres[:, 0].std() == pytest.approx(32 / 30 / 12**0.5, abs=0.02)
    assert centres.mean(dim=0).abs().max() < 0.03
    assert torch.corrcoef(centres.T)[0, 1].abs() < 0.1


def test_clutter_adds_ink_and_takes_none_away():
    plain, cluttered = draw(clutter=0), draw(clutter=4)
    assert torch.equal(plain.labels, cluttered.labels) and torch.equal(plain.centres, cluttered.centres)
    assert (cluttered.images >= plain.images).all()
    added = (cluttered.images > plain.images).flatten(1).sum(dim=1)
    assert added.float().mean() > 20 and added.max() <= 4 * 64


def test_a_seed_fixes_the_pictures():
    assert torch.equal(draw(seed=3).images, draw(seed=3).images)
    assert not torch.equal(draw(seed=3).images, draw(seed=4).images)


def test_smaller_digits_lie_around_their_centre_too():
    images, _, centres = draw(canvas=40, digit=16, clutter=0)
    for image, (x, y) in zip(images, centres.tolist(), strict=True):
        left, top = round((x + 1) * 20) - 8, round((y + 1) * 20) - 8
        assert image[:, top : top + 16, left : left + 16].sum() == pytest.approx(image.sum().item())


def test_the_splits_use_their_own_digits():
    bank = {image.numpy().tobytes() for image in digits.load("train")[0]}
    images, _, centres = draw(split="test", clutter=0)
    for image, (x, y) in zip(images, centres.tolist(), strict=True):
        left, top = round((x + 1) * 30) - 14, round((y + 1) * 30) - 14
        assert image[:, top : top + 28, left : left + 28].contiguous().numpy().tobytes() not in bank


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"split": "all"}, "split"),
        ({"count": 0}, "count from 1 and clutter from 0, got 0 and 4"),
        ({"clutter": -1}, "got 50 and -1"),
        ({"canvas": 27}, "at least 28 pixels.*got 27"),
        ({"piece": 29}, "from 1 to 28 pixels, got 29"),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        draw(**wrong)


def test_the_module_runs(capsys):
    main()
    assert "images (64, 1, 60, 60)" in capsys.readouterr().out
