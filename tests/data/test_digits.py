import hashlib

import pytest
import torch

from visual_attention.data import digits


def hashes(images):
    return {hashlib.sha256(image.numpy().tobytes()).hexdigest() for image in images}


@pytest.mark.parametrize(("source", "size"), [(digits.load, 28), (digits.small, 8)])
def test_ranges_and_shapes(source, size):
    for split in ("train", "test"):
        images, labels = source(split)
        assert images.shape == (len(labels), 1, size, size)
        assert images.dtype == torch.float32 and labels.dtype == torch.int64
        assert images.min() == 0 and images.max() == 1
        assert labels.unique().tolist() == list(range(10))


@pytest.mark.parametrize("source", [digits.load, digits.small])
def test_splits_share_no_picture(source):
    assert not hashes(source("train")[0]) & hashes(source("test")[0])


@pytest.mark.parametrize("source", [digits.small, lambda split: digits.tight(split, 8)])
def test_learning_and_validation_divide_train(source):
    parts = [hashes(source(split)[0]) for split in ("learning", "validation")]
    assert not parts[0] & parts[1] and parts[0] | parts[1] == hashes(source("train")[0])
    assert len(source("validation")[0]) == len(source("train")[0]) // 10


def test_mnist_is_balanced():
    assert digits.load("train")[1].bincount().tolist() == [400] * 10
    assert digits.load("test")[1].bincount().tolist() == [100] * 10


def test_splits_together_are_all_digits():
    assert len(digits.load("train")[0]) + len(digits.load("test")[0]) == 5000
    assert len(digits.small("train")[0]) + len(digits.small("test")[0]) == 1797


@pytest.mark.parametrize("size", [12, 17])
def test_tight_digits_fill_the_square_and_sit_in_its_middle(size):
    images, labels = digits.tight("test", size)
    assert images.shape == (1000, 1, size, size)
    assert torch.equal(labels, digits.load("test")[1])
    assert images.min() >= 0 and images.max() <= 1
    ink = images[:, 0] > 0.1
    rows, columns = ink.any(2), ink.any(1)
    longer = torch.maximum(rows.sum(1), columns.sum(1))
    assert (longer >= size - 2).float().mean() > 0.99


def test_labels_belong_to_the_pictures():
    """A nearest-neighbour reader trained on one split reads the other: labels are not shuffled."""
    train, labels = digits.load("train")
    test, truth = digits.load("test")
    nearest = torch.cdist(test.flatten(1), train.flatten(1)).argmin(1)
    assert (labels[nearest] == truth).float().mean() > 0.9


@pytest.mark.parametrize("source", [digits.load, digits.small, lambda split: digits.tight(split, 16)])
def test_unknown_split(source):
    with pytest.raises(ValueError, match='wanted "train" or "test", got \'valid\''):
        source("valid")
