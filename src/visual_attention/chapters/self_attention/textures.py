"""What can be told of a picture by any small part of it?

Of what it is made: a crop of a photograph of bricks, grass or gravel shows the same stuff everywhere.
Training and test crops come from different halves of each photograph.

Run: python -m visual_attention.chapters.self_attention.textures
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from visual_attention.data import photographs
from visual_attention.data.digits import check_split

CLASSES = ("brick", "cat", "coins", "flower", "grass", "gravel", "hubble", "text")
SIZE = 56  # pixels of a crop's side


class Textures(NamedTuple):
    """A batch of crops: `images` (B, 3, 56, 56), grey and of one brightness; `labels` (B,) into CLASSES."""

    images: Tensor
    labels: Tensor


def batch(count: int, *, split: str, generator: torch.Generator | None = None) -> Textures:
    """Draw grey crops, turned and mirrored at random, each brought to mean 0.5 and standard deviation 0.2.

    Args:
        count: B, crops to draw.
        split: "train" for the left half of each photograph, "test" for the right.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if `count` is below 1 or there is no such split.
    """
    check_split(split)
    if count < 1:
        raise ValueError(f"count: wanted at least 1 crop, got {count}")
    labels = torch.randint(len(CLASSES), (count,), generator=generator)
    crops = torch.stack([_crop(_half(CLASSES[label], split), generator) for label in labels.tolist()])
    crops = crops - crops.mean(dim=(1, 2), keepdim=True)
    crops = 0.5 + 0.2 * crops / crops.std(dim=(1, 2), keepdim=True).clamp_min(1e-3)
    return Textures(crops.clamp(0, 1)[:, None].expand(-1, 3, -1, -1).contiguous(), labels)


@functools.cache
def _half(name: str, split: str) -> Tensor:
    """The left or the right half of a photograph in grey, (H, W / 2)."""
    grey = photographs.load(name).mean(dim=0)
    middle = grey.shape[1] // 2
    return grey[:, :middle] if split == "train" else grey[:, middle:]


def _crop(grey: Tensor, generator: torch.Generator | None) -> Tensor:
    """A square somewhere in it, turned by quarters and mirrored at random, (56, 56)."""
    top = int(torch.randint(grey.shape[0] - SIZE + 1, (), generator=generator))
    left = int(torch.randint(grey.shape[1] - SIZE + 1, (), generator=generator))
    turns, mirror = torch.randint(4, (2,), generator=generator).tolist()
    crop = torch.rot90(grey[top : top + SIZE, left : left + SIZE], turns)
    return crop.flip(0) if mirror % 2 else crop


def main() -> None:
    drawn = batch(64, split="test", generator=torch.Generator().manual_seed(0))
    print(f"images {tuple(drawn.images.shape)}, brightness {drawn.images.mean():.3f}")
    for label, name in enumerate(CLASSES):
        print(f"  {int((drawn.labels == label).sum()):2} of {name}")


if __name__ == "__main__":
    main()
