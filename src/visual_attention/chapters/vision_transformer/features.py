"""What did a pretrained transformer make of pictures with a small digit in them? Features in a small file.

A digit of 28 pixels lies anywhere on a photograph of 112 pixels, which the transformer cuts into 8 x 8
patches. Of each token's 384 numbers the main directions are kept, those in which the training pictures'
tokens differ most, in 255 steps each. Weights, licence and what is inferred: `data/packs/PROVENANCE.md`.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.features
"""

import functools
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import clutter
from visual_attention.mechanisms.pretrained import MEAN, STD, fetch, load
from visual_attention.mechanisms.vision_transformer import VisionTransformer

FILE = Path(__file__).with_name("features.safetensors")
COUNTS = {"train": 600, "test": 400}  # pictures; the two share no digit and no photograph
SEEDS = {"train": 0, "test": 1}
SIDE, DIGIT, GRID = 112, 28, 8
KEPT = 64  # directions
STEPS = 255


class Features(NamedTuple):
    """Tokens (B, 1 + 64, 64) with the class token first, labels (B,), and the share of each patch that the
    digit's square covers, (B, 64)."""

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
    kept, shown = load_file(FILE), pictures(split)
    tokens = kept[split].float() / STEPS * (kept["high"] - kept["low"]) + kept["low"]
    return Features(tokens, shown.labels, covered(shown.masks))


def covered(masks: Tensor) -> Tensor:
    """How much of each patch is true in masks (B, 1, 112, 112), (B, 64)."""
    return F.avg_pool2d(masks.float(), SIDE // GRID).flatten(1)


@torch.no_grad()
def tokens_of(model: VisionTransformer, images: Tensor) -> Tensor:
    """All tokens of grey pictures (B, 1, 112, 112), (B, 65, D)."""
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return torch.cat([model((part.expand(-1, 3, -1, -1) - mean) / std) for part in images.split(20)])


def main_directions(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of tokens (B, N, D), and the directions in which they differ most, (D, 64)."""
    flat = tokens.flatten(0, 1)
    center = flat.mean(0)
    _, directions = torch.linalg.eigh((flat - center).T @ (flat - center))
    return center, directions.flip(1)[:, :KEPT]  # eigenvalues rise


def packed(whole: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is written for the tokens of each split, (B, 65, D): whole numbers, and what they stand for.

    The class token has directions of its own, for it is a vector of another kind than a patch's.
    """
    ways = [main_directions(whole["train"][:, part]) for part in (slice(1), slice(1, None))]
    short = {}
    for split, tokens in whole.items():
        parts = (tokens[:, :1], tokens[:, 1:])
        short[split] = torch.cat(
            [(part - center) @ axes for part, (center, axes) in zip(parts, ways, strict=True)], dim=1
        )
    low, high = (torch.stack([f(short["train"][:, :1]), f(short["train"][:, 1:])]) for f in (lowest, highest))
    place = [0, *[1] * GRID**2]
    low, high = low[place], high[place]  # (65, 64)
    steps = {
        split: ((t - low) / (high - low) * STEPS).round().clamp(0, STEPS).byte() for split, t in short.items()
    }
    return {**steps, "low": low, "high": high}


def lowest(tokens: Tensor) -> Tensor:
    """The lowest value of each number, (64,)."""
    return tokens.flatten(0, 1).amin(0)


def highest(tokens: Tensor) -> Tensor:
    """The highest value of each number, (64,)."""
    return tokens.flatten(0, 1).amax(0)


def main() -> None:
    """Fetch the weights and make the file again."""
    model = load(fetch("index"))
    save_file(packed({split: tokens_of(model, pictures(split).images) for split in COUNTS}), FILE)
    print(f"{FILE.name} {FILE.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
