"""Small folders of real pictures, and a transformer that nobody trained, with a place to keep features."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from visual_attention.data import digits, photographs
from visual_attention.own import features, weights

SIZE = 56  # 4 x 4 patches


def picture(image: torch.Tensor) -> Image.Image:
    return Image.fromarray((image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))


def fingerprint(folder: Path) -> dict[str, tuple]:
    """Every file of a folder, with its content and when it was changed."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="session")
def material(tmp_path_factory):
    """Two classes of five pieces of photographs each, all of unlike sizes: a cup of coffee, and grass."""
    root = tmp_path_factory.mktemp("material")
    for name in ("coffee", "grass"):
        whole = photographs.load(name)
        for index in range(5):
            (root / name).mkdir(exist_ok=True)
            top, side = 60 * index, 70 + 4 * index
            picture(whole[:, top : top + side, 3 * index : 3 * index + side + 9]).save(
                root / name / f"{index}.png"
            )
    return root


GARMENTS = ("trousers", "dress", "bag", "ankle boot")  # the rows of garments.png


@pytest.fixture(scope="session")
def garments(tmp_path_factory):
    """Four classes of twelve garments each, 28 x 28 pixels: see garments.txt."""
    root = tmp_path_factory.mktemp("garments")
    sheet = Image.open(Path(__file__).with_name("garments.png"))
    for row, name in enumerate(GARMENTS):
        (root / name).mkdir()
        for column in range(12):
            box = (28 * column, 28 * row, 28 * column + 28, 28 * row + 28)
            sheet.crop(box).save(root / name / f"{column}.png")
    return root


@pytest.fixture(scope="session")
def handwritten(tmp_path_factory):
    """Four classes of ten handwritten digits each."""
    root = tmp_path_factory.mktemp("digits")
    images, labels = digits.load("test")
    for digit in (0, 1, 4, 7):
        (root / str(digit)).mkdir()
        for index, image in enumerate(images[labels == digit][:10]):
            picture(image.expand(3, -1, -1)).save(root / str(digit) / f"{index}.png")
    return root


@pytest.fixture
def folder(material, tmp_path):
    """A copy of it that may be spoilt."""
    import shutil

    return Path(shutil.copytree(material, tmp_path / "holiday"))


@pytest.fixture
def extractor(tmp_path):
    return features.Extractor(weights.STAND_IN, size=SIZE, cache=tmp_path / "cache")
