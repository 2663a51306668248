"""Which folder does a lesson read while you have none at hand? Small ones of the same form, of real pictures.

They are written into a temporary folder, so that the code path is the one that your folder takes.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from visual_attention.chapters.segmentation import coin_masks
from visual_attention.data import photographs
from visual_attention.data.cutouts import COINS

CLASSES = ("coffee", "grass", "pagoda")


def new() -> Path:
    """An empty folder."""
    return Path(tempfile.mkdtemp(prefix="pictures-"))


def write(image: Tensor, file: Path) -> None:
    """Write (3, H, W) or (H, W) in [0, 1] as a picture."""
    numbers = (image.float() * 255).round().to(torch.uint8).numpy()
    Image.fromarray(np.moveaxis(numbers, 0, -1) if numbers.ndim == 3 else numbers).save(file)


def classes(names: tuple[str, ...] = CLASSES) -> Path:
    """One sub-folder a photograph, with six pieces of it that share no pixel."""
    folder = new()
    for name in names:
        whole = photographs.load(name)
        height, width = whole.shape[1] // 2, whole.shape[2] // 3
        (folder / name).mkdir()
        for piece in range(6):
            top, left = height * (piece // 3), width * (piece % 3)
            write(whole[:, top : top + height, left : left + width], folder / name / f"{piece + 1}.png")
    return folder


def pairs(count: int = 8, side: int = 84) -> Path:
    """`pictures` of one ancient coin each, and `masks` of the same names, bright where the coin is."""
    folder = new()
    whole, mask = photographs.load("coins"), torch.as_tensor(coin_masks.masks())
    for part in ("pictures", "masks"):
        (folder / part).mkdir()
    for index, (top, left, bottom, right) in enumerate(COINS[:: len(COINS) // count][:count]):
        row = min(max((top + bottom - side) // 2, 0), whole.shape[1] - side)
        column = min(max((left + right - side) // 2, 0), whole.shape[2] - side)
        part = (..., slice(row, row + side), slice(column, column + side))
        write(whole[part], folder / "pictures" / f"{index + 1}.png")
        write(mask[part], folder / "masks" / f"{index + 1}.png")
    return folder


def film() -> tuple[Path, tuple[int, int, int, int]]:
    """Frames in which a cup moves over grass, and its box in the first: left, top, width, height."""
    folder, side = new(), 28
    grass, cup = photographs.load("grass", 168)[:, :84], photographs.load("coffee", side)
    for index in range(8):
        frame = grass.clone()
        if index < 6:
            frame[:, 28 : 28 + side, 28 * index : 28 * index + side] = cup
        write(frame, folder / f"{index + 1}.png")
    return folder, (0, 28, side, side)
