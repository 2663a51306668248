"""The checkpoint: small, whole, and as good as when it was made."""

import pytest
import torch

from visual_attention.chapters.inpainting import holes, trained
from visual_attention.chapters.inpainting.scores import MeanFill
from visual_attention.chapters.inpainting.trained import FILE, NAMES, absolute_error, load, ratio
from visual_attention.training import seeded


def test_the_file_is_small():
    assert FILE.stat().st_size <= 200_000


def test_the_file_is_loaded_whole():
    for name in NAMES:
        assert not load(name).training
    assert load("convolution").attend is None and load("attention").attend.scale == 30


@pytest.mark.parametrize(
    ("name", "kind", "decibels"),
    [("attention", "tiles", 31.2), ("attention", "brick", 28.4), ("convolution", "tiles", 23.5),
     ("convolution", "brick", 26.6)],
)  # fmt: skip
def test_it_reaches_its_number(name, kind, decibels):
    assert ratio(load(name), kind) == pytest.approx(decibels, abs=0.1)


@pytest.mark.parametrize("kind", ["tiles", "brick", "photographs"])
def test_both_are_better_than_one_flat_colour_and_attention_is_ahead(kind):
    flat, plain, ours = (
        ratio(model, kind, count=30) for model in (MeanFill(), load(NAMES[1]), load(NAMES[0]))
    )
    assert flat + 0.5 < plain < ours - 0.5


def test_a_name_that_is_none_is_refused():
    with pytest.raises(ValueError, match="wanted one of attention, convolution; got 'sheet'"):
        trained.network("sheet")


def test_the_error_that_is_trained_counts_missing_pixels_only():
    drawn = holes.batch(3, split="train", generator=torch.Generator().manual_seed(0))
    error = absolute_error(lambda x, m: x + torch.where(m, 0.25, 9.0), drawn)
    assert error.item() == pytest.approx(0.25)


def test_without_a_missing_pixel_there_is_no_error():
    drawn = holes.batch(3, split="train", generator=torch.Generator().manual_seed(0))
    for empty in (drawn._replace(masks=drawn.masks & False), holes.Holed(*(part[:0] for part in drawn))):
        with pytest.raises(ValueError, match="at least one missing pixel, got none in [03] pictures"):
            absolute_error(lambda x, m: x, empty)


def test_training_repeats_itself_and_its_seed_counts():
    histories = []
    for seed in (0, 0, 1):
        with seeded(0):
            model = trained.network("convolution")
        histories.append(trained.train(model, steps=2, batch=2, seed=seed)[1])
    assert histories[0] == histories[1] != histories[2]
