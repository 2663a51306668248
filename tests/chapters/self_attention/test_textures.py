"""Crops of one class come from one photograph, half for training, half for testing, all of one brightness."""

import pytest
import torch

from visual_attention.chapters.self_attention import textures
from visual_attention.data import photographs


def drawn(count: int = 40, split: str = "test", seed: int = 0) -> textures.Textures:
    return textures.batch(count, split=split, generator=torch.Generator().manual_seed(seed))


def test_size_brightness_and_labels():
    batch = drawn()
    assert batch.images.shape == (40, 3, 56, 56)
    assert 0 <= batch.images.min() and batch.images.max() <= 1
    means = batch.images.mean(dim=(1, 2, 3))
    assert (means - 0.5).abs().max() < 0.06  # clipping moves it a little
    assert (batch.images[:, 0] == batch.images[:, 2]).all()
    assert batch.labels.min() >= 0 and batch.labels.max() < len(textures.CLASSES)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_halves_do_not_overlap(monkeypatch, split):
    """On photographs that are dark left and bright right, with a little noise, no crop sees both."""
    ramp = torch.zeros(3, 120, 200)
    ramp[..., 100:] = 1.0
    monkeypatch.setattr(photographs, "load", lambda name: ramp)
    textures._half.cache_clear()
    half = textures._half("brick", split)
    textures._half.cache_clear()
    assert half.unique().tolist() == [0.0 if split == "train" else 1.0]


def test_all_classes_are_photographs_and_large_enough():
    assert set(textures.CLASSES) <= set(photographs.names())
    for name in textures.CLASSES:
        assert min(textures._half(name, "test").shape) >= textures.SIZE


def test_a_seed_gives_the_same_crops():
    assert all(torch.equal(a, b) for a, b in zip(drawn(), drawn(), strict=True))


@pytest.mark.parametrize(("options", "says"), [({"count": 0}, "at least 1"), ({"split": "all"}, "split")])
def test_impossible_wishes_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        drawn(**options)
