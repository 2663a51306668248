"""Which digits serve for learning, for choosing a rate, and for the test?"""

import functools

import torch
from torch import Tensor

from visual_attention.data import digits

SPLITS = (*digits.SPLITS, "learning", "validation")  # the last two divide what "train" has
VALIDATION_SHARE = 10  # every tenth digit of "train" is for "validation"
MNIST, SMALL = 28, 8  # sides in pixels of the digits that need no resizing


@functools.cache
def digits_of(split: str, side: int) -> tuple[Tensor, Tensor]:
    """The digits of a split, (N, 1, side, side) in [0, 1], and their labels (N,).

    Args:
        split: one of `SPLITS`.
        side: 28 for MNIST as it is, 8 for the digits of scikit-learn, else MNIST's cut out at their ink and
            resized.
    """
    if split not in SPLITS:
        raise ValueError(f"split: wanted one of {', '.join(SPLITS)}; got {split!r}")
    name = "test" if split == "test" else "train"
    banks = {MNIST: digits.load, SMALL: digits.small}
    images, labels = banks[side](name) if side in banks else digits.tight(name, side)
    if split in digits.SPLITS:
        return images, labels
    held_out = torch.arange(len(labels)) % VALIDATION_SHARE == VALIDATION_SHARE - 1
    chosen = held_out if split == "validation" else ~held_out
    return images[chosen], labels[chosen]
