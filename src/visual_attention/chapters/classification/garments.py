"""What did a pretrained transformer make of four hundred garments? Its features, in a small file.

Forty garments of each of the ten kinds of Fashion-MNIST, shown twice: alone, where the garment fills the
picture, and in a scene, where it is small, at a random place of a photograph. Pictures are grey, of 112
pixels, which the transformer cuts into 8 x 8 patches. Of a token's 384 directions the main ones are kept, 96
of a scene and 48 of a garment alone; they are turned by a random rotation, so that no number is by itself a
main direction, as in the network itself, and kept in 15 steps. The weights, their licence and what is
inferred of them: `data/packs/PROVENANCE.md`.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.garments FOLDER
    (the folder has the two t10k files of Fashion-MNIST, as Debian's dataset-fashion-mnist brings them)
"""

import functools
import gzip
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import crops
from visual_attention.mechanisms.pretrained import MEAN, STD, fetch, load
from visual_attention.mechanisms.vision_transformer import VisionTransformer

FILE = Path(__file__).with_name("garments.npz")
KINDS = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
EACH = 40  # garments of a kind
SHOWN = ("alone", "scene")
PLACES = ("brick", "cat", "coffee", "flower", "grass", "gravel", "pagoda", "rocket")  # photographs
SIDE, GARMENT, GRID = 112, 56, 8
DIM = 0.6  # brightness of a photograph behind a garment
KEPT = {"alone": 48, "scene": 96}  # directions
STEPS, WIDEST = 15, 4.0  # whole numbers from 0 to 15 stand for -4 to 4 times the spread


class Garments(NamedTuple):
    """Tokens (400, 1 + 64, D), the class token first; kinds (400,), indices into KINDS; how much of each
    patch lies in the garment's square, (400, 64)."""

    tokens: Tensor
    labels: Tensor
    covered: Tensor


class Pictures(NamedTuple):
    """Images (B, 1, 112, 112) in [0, 1], and masks like them, true in the garment's square."""

    images: Tensor
    masks: Tensor


@functools.cache
def _file() -> dict[str, Tensor]:
    with np.load(FILE, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def pictures(shown: str, count: int | None = None) -> Pictures:
    """The pictures that the features were made of, the first `count` or all, always the same.

    Args:
        shown: "alone" or "scene".
        count: B.
    """
    return composed(_file()["garments"][:count], shown)


def composed(garments: Tensor, shown: str) -> Pictures:
    """Garments (B, 28, 28) in whole numbers up to 255 become pictures; place and photograph by lot."""
    if shown not in SHOWN:
        raise ValueError(f'shown: wanted "alone" or "scene", got {shown!r}')
    side = SIDE if shown == "alone" else GARMENT
    fine = F.interpolate(garments[:, None] / 255, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
    if shown == "alone":
        return Pictures(fine, torch.ones_like(fine, dtype=torch.bool))
    images, masks = [], []
    for index, garment in enumerate(fine):  # a generator for each, so that the first few are the first few
        generator = torch.Generator().manual_seed(index)
        images.append(DIM * crops.draw(_photographs(), 1, SIDE, generator=generator)[0])
        row, column = torch.randint(SIDE - GARMENT + 1, (2,), generator=generator).tolist()
        where = (slice(None), slice(row, row + GARMENT), slice(column, column + GARMENT))
        images[-1][where] = torch.maximum(images[-1][where], garment)
        masks.append(torch.zeros(1, SIDE, SIDE, dtype=torch.bool))
        masks[-1][where] = True
    return Pictures(torch.stack(images), torch.stack(masks))


def _photographs() -> Tensor:
    return crops.bank(PLACES, 192, grey=True, stretched=True)


@functools.cache
def stored(shown: str) -> Garments:
    """The features of all pictures, "alone" or "scene", as they lie in the package."""
    masks, file = pictures(shown).masks, _file()
    two = file[shown]  # (400, 65, D / 2), two numbers in a byte
    whole = torch.stack([two // 16, two % 16], dim=-1).flatten(2).float()
    tokens = (2 * whole / STEPS - 1) * WIDEST * file[f"{shown} spread"]
    return Garments(tokens, file["labels"].long(), F.avg_pool2d(masks.float(), SIDE // GRID).flatten(1))


@torch.no_grad()
def tokens_of(model: VisionTransformer, images: Tensor) -> Tensor:
    """All tokens of grey pictures (B, 1, 112, 112), (B, 65, D)."""
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return torch.cat([model((part.expand(-1, 3, -1, -1) - mean) / std) for part in images.split(20)])


def packed(tokens: Tensor, kept: int) -> dict[str, Tensor]:
    """Tokens (B, 65, 384) in whole numbers, two in a byte (B, 65, kept / 2), and each number's spread.

    No label is looked at. The class token has directions of its own, for it is a vector of another kind.
    """
    short = torch.cat([_shortened(tokens[:, :1], kept), _shortened(tokens[:, 1:], kept)], dim=1)
    spread = short.std(dim=(0, 1))  # (kept,)
    steps = ((short / spread / WIDEST + 1) / 2 * STEPS).round().clamp(0, STEPS).byte()
    return {"": 16 * steps[..., ::2] + steps[..., 1::2], " spread": spread}


def _shortened(tokens: Tensor, kept: int) -> Tensor:
    """Along the main directions, turned; the numbers together have spread 1."""
    flat = tokens.flatten(0, 1)
    center = flat.mean(0)
    _, directions = torch.linalg.eigh((flat - center).T @ (flat - center))  # rising
    mixed = torch.randn(kept, kept, generator=torch.Generator().manual_seed(0))
    turned = (tokens - center) @ directions.flip(1)[:, :kept] @ torch.linalg.qr(mixed)[0]
    return turned / turned.std()


def chosen(folder: Path) -> tuple[Tensor, Tensor]:
    """The first forty garments of each kind among Fashion-MNIST's test pictures, kinds in turn."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    first = np.stack([np.flatnonzero(labels == kind)[:EACH] for kind in range(len(KINDS))], axis=1).ravel()
    return torch.from_numpy(images[first]), torch.from_numpy(labels[first])


def main() -> None:
    """Make the file again from a folder with Fashion-MNIST and the pretrained weights."""
    model = load(fetch("index"))
    garments, labels = chosen(Path(sys.argv[1]))
    arrays = {"garments": garments, "labels": labels}
    for shown in SHOWN:
        parts = packed(tokens_of(model, composed(garments, shown).images), KEPT[shown])
        arrays |= {f"{shown}{name}": tensor for name, tensor in parts.items()}
    np.savez_compressed(FILE, **{name: tensor.numpy() for name, tensor in arrays.items()})
    print(f"{FILE.name} {FILE.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
