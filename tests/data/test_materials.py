"""Crops of photographs: train and test share no pixel, labels name the photograph."""

import pytest
import torch

from visual_attention.data import photographs
from visual_attention.data.materials import NAMES, SIDE, batch, collage, main


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def found_at(crop: torch.Tensor, name: str) -> int | None:
    """The column where a crop lies in a photograph, flipped or not; None if it does not."""
    windows = photographs.load(name, SIDE).unfold(1, 16, 1).unfold(2, 16, 1)  # (3, rows, columns, 16, 16)
    for candidate in (crop, crop.flip(2)):
        hits = (windows == candidate[:, None, None]).all(dim=(0, 3, 4)).nonzero()
        if len(hits):
            return int(hits[0, 1])
    return None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("split", "low", "high"),
    [
        ("train", 0, 96 - 16),
        ("test", 96, SIDE - 16),
        ("learning", 0, 72 - 16),
        ("validation", 72, 96 - 16),
    ],
)
def test_a_crop_lies_in_its_photograph_on_its_side(split, low, high):
    crops = batch(12, split=split, size=16, generator=generator())
    for image, label in zip(crops.images, crops.labels, strict=True):
        column = found_at(image, NAMES[label])
        assert column is not None and low <= column <= high


def test_all_classes_occur_about_equally_often():
    counts = batch(1600, split="train", size=4, generator=generator()).labels.bincount(minlength=len(NAMES))
    assert counts.min() > 140


def test_the_same_seed_draws_the_same():
    first, second = (batch(5, split="test", generator=generator(3)) for _ in range(2))
    assert torch.equal(first.images, second.images) and torch.equal(first.labels, second.labels)
    assert first.images.shape == (5, 3, 32, 32)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"count": 0, "split": "train"}, "at least 1 crop, got 0"),
        ({"count": 2, "split": "half"}, "wanted one of train, test, learning, validation; got 'half'"),
        ({"count": 2, "split": "test", "size": 65}, "from 4 to 64 pixels, got 65"),
        ({"count": 2, "split": "validation", "size": 25}, "from 4 to 24 pixels, got 25"),
    ],
)
def test_bad_requests_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        batch(**arguments)


def test_a_collage_shows_four_photographs():
    picture = collage(("brick", "cat", "grass", "flower"))
    assert picture.shape == (3, 128, 128)
    assert found_at(picture[:, 5:21, 5:21], "brick") is not None
    assert found_at(picture[:, 5:21, 70:86], "cat") is not None
    assert found_at(picture[:, 70:86, 5:21], "grass") is not None
    with pytest.raises(ValueError, match="wanted four of"):
        collage(("brick", "cat", "grass", "sea"))


def test_the_module_runs(capsys):
    main()
    assert "test: (6, 3, 32, 32)" in capsys.readouterr().out
