import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visual_attention.data import clutter, digits


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@settings(max_examples=25)
@given(
    count=st.integers(1, 5),
    canvas=st.integers(32, 70),
    digit=st.integers(9, 16),
    pieces=st.integers(0, 12),
    seed=st.integers(0, 99),
    split=st.sampled_from(["train", "test"]),
)
def test_any_size(count, canvas, digit, pieces, seed, split):
    drawn = clutter.batch(
        count, split=split, canvas=canvas, digit=digit, clutter=pieces, generator=seeded(seed)
    )
    assert drawn.images.shape == drawn.masks.shape == (count, 1, canvas, canvas)
    assert drawn.images.dtype == torch.float32 and drawn.masks.dtype == torch.bool
    assert 0 <= drawn.images.min() and drawn.images.max() <= 1
    assert drawn.labels.shape == (count,) and drawn.labels.dtype == torch.int64
    assert (drawn.masks.flatten(1).sum(1) == digit * digit).all()
    for mask in drawn.masks[:, 0]:  # one square, no holes
        assert (mask.any(0).sum(), mask.any(1).sum()) == (digit, digit)


def test_the_mask_is_exactly_where_the_digit_is(monkeypatch):
    """On a black background with ink 1, what lies in the mask is a digit of the split, pixel by pixel."""
    monkeypatch.setattr(clutter, "BACKGROUND", 0.0)
    monkeypatch.setattr(clutter, "INK", (1.0, 1.0))
    bank, labels = digits.tight("test", 16)
    known = {image.numpy().tobytes(): int(label) for image, label in zip(bank, labels, strict=True)}
    drawn = clutter.batch(40, split="test", generator=seeded(0))
    for image, label, mask in zip(*drawn, strict=True):
        assert known[image[mask].numpy().tobytes()] == label
    without = clutter.batch(40, split="test", clutter=0, generator=seeded(0))
    assert not without.images[~without.masks].any()


def test_clutter_lies_beside_the_digit(monkeypatch):
    monkeypatch.setattr(clutter, "BACKGROUND", 0.0)
    drawn = clutter.batch(40, split="train", clutter=9, generator=seeded(1))
    outside = torch.where(drawn.masks, 0, drawn.images).flatten(1)
    assert (outside.amax(1) > 0.7).float().mean() > 0.9  # as bright as the digit


def test_the_digit_visits_the_whole_canvas():
    drawn = clutter.batch(2000, split="train", generator=seeded(0))
    rows = drawn.masks[:, 0].any(2).float().argmax(1)
    columns = drawn.masks[:, 0].any(1).float().argmax(1)
    for corner in (rows, columns):
        assert corner.unique().tolist() == list(range(56 - 16 + 1))
    assert drawn.labels.bincount(minlength=10).min() > 120


def test_a_seed_fixes_the_batch():
    one, again, other = (clutter.batch(6, split="train", generator=seeded(seed)) for seed in (4, 4, 5))
    assert same(one, again)
    assert not same(one, other)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    clutter.batch(3, split="test", generator=seeded(0))
    assert torch.equal(before, torch.get_rng_state())


def test_splits_share_no_photograph():
    assert not set(clutter.TEXTURES["train"]) & set(clutter.TEXTURES["test"])


def test_a_batch_of_64_takes_milliseconds():
    clutter.batch(64, split="train", generator=seeded(0))
    seconds = []
    for seed in range(5):
        start = time.process_time()
        clutter.batch(64, split="train", generator=seeded(seed))
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.05


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"split": "valid"}, "wanted one of train, test, learning, validation; got .valid."),
        ({"count": 0}, "at least 1 picture, got 0"),
        ({"clutter": -1}, "0 or more pieces, got -1"),
        ({"canvas": 20}, "canvas: wanted from 30"),
        ({"canvas": 500}, "to 192 pixels, got 500"),
        ({"digit": 2, "canvas": 40}, "at least 4 pixels for a digit"),
    ],
)
def test_errors_say_what_was_wanted(wrong, message):
    arguments = {"count": 2, "split": "train"} | wrong
    with pytest.raises(ValueError, match=message):
        clutter.batch(arguments.pop("count"), **arguments)
