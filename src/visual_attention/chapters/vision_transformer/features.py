"""What did a pretrained transformer make of pictures with a small digit in them? Features in a small file.

A digit of 42 pixels lies anywhere on a photograph of 112 pixels, which the transformer cuts into 8 x 8
patches. Of each token's 384 numbers the 32 main directions are kept, those in which the training
pictures' tokens differ most, each with spread 1 and in 255 steps. The weights, their licence and what is
inferred of them: `data/packs/PROVENANCE.md`.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.features
"""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import clutter
from visual_attention.mechanisms.pretrained import MEAN, STD, fetch, load
from visual_attention.mechanisms.vision_transformer import VisionTransformer

FILE = Path(__file__).with_name("features.npz")
COUNTS = {"train": 600, "test": 400}  # pictures; the two share no digit and no photograph
SEEDS = {"train": 0, "test": 1}
SIDE, DIGIT, GRID = 112, 42, 8
KEPT = 32  # directions
STEPS = 255


class Features(NamedTuple):
    """Tokens (B, 1 + 64, 32), the class token first; labels (B,); how much of each patch lies in the digit's
    square, (B, 64)."""

    tokens: Tensor
    labels: Tensor
    covered: Tensor


def pictures(split: str) -> clutter.ClutteredDigits:
    """The pictures that the features were made of, always the same."""
    generator = torch.Generator().manual_seed(SEEDS[split])
    return clutter.batch(COUNTS[split], split=split, canvas=SIDE, digit=DIGIT, clutter=0, generator=generator)


@functools.cache
def stored(split: str) -> Features:
    """The features of a split, "train" or "test", as they lie in the package."""
    if split not in COUNTS:
        raise ValueError(f'split: wanted "train" or "test", got {split!r}')
    with np.load(FILE, allow_pickle=False) as arrays:
        steps, low, high = (torch.from_numpy(arrays[name]) for name in (split, "low", "high"))
    tokens, shown = steps.float() / STEPS * (high - low) + low, pictures(split)
    return Features(tokens, shown.labels, covered(shown.masks))


def covered(masks: Tensor) -> Tensor:
    """How much of each patch is true in masks (B, 1, 112, 112), (B, 64)."""
    return F.avg_pool2d(masks.float(), SIDE // GRID).flatten(1)


@torch.no_grad()
def tokens_of(model: VisionTransformer, images: Tensor) -> Tensor:
    """All tokens of grey pictures (B, 1, 112, 112), (B, 65, D)."""
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return torch.cat([model((part.expand(-1, 3, -1, -1) - mean) / std) for part in images.split(20)])


def main_numbers(tokens: Tensor, by: Tensor) -> Tensor:
    """Tokens (B, N, D) along the directions in which those of `by` differ most, of spread 1: (B, N, 32)."""
    flat = by.flatten(0, 1)
    center = flat.mean(0)
    variances, directions = torch.linalg.eigh((flat - center).T @ (flat - center) / len(flat))  # rising
    return (tokens - center) @ directions.flip(1)[:, :KEPT] / variances.flip(0)[:KEPT].sqrt()


def packed(whole: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is written for the tokens of each split, (B, 65, D): whole numbers, and what they stand for.

    The class token has directions of its own, for it is a vector of another kind than a patch's.
    """
    parts = (slice(1), slice(1, None))
    train = whole["train"]
    short = {
        split: torch.cat([main_numbers(tokens[:, part], train[:, part]) for part in parts], dim=1)
        for split, tokens in whole.items()
    }
    low, high = short["train"].amin((0, 1)), short["train"].amax((0, 1))  # (32,)
    steps = {split: (tokens - low) / (high - low) * STEPS for split, tokens in short.items()}
    return {split: t.round().clamp(0, STEPS).byte() for split, t in steps.items()} | {
        "low": low,
        "high": high,
    }


def main() -> None:
    """Fetch the weights and make the file again."""
    model = load(fetch("index"))
    kept = packed({split: tokens_of(model, pictures(split).images) for split in COUNTS})
    np.savez_compressed(FILE, **{name: tensor.numpy() for name, tensor in kept.items()})
    print(f"{FILE.name} {FILE.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
