"""Which real photographs can a course show without a network?

Those that the wheels of scikit-image and scikit-learn carry. Each has a caption and a licence; nothing is
ever downloaded.

Run: python -m visual_attention.data.photographs
"""

import functools
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention import pictures


@dataclass(frozen=True)
class Photograph:
    """Where a picture lies, what it shows, and who allows its use."""

    package: str
    file: str
    caption: str
    licence: str


_SKIMAGE = "skimage.data"
_SKLEARN = "sklearn.datasets.images"
_CC0 = "CC0 1.0"
_PUBLIC = "public domain"
_BY = "CC BY 2.0"

_PHOTOGRAPHS = {
    "astronaut": Photograph(
        _SKIMAGE, "astronaut.png", "Eileen Collins, astronaut, in her suit", _PUBLIC + " (NASA)"
    ),
    "brick": Photograph(_SKIMAGE, "brick.png", "a wall of bricks", _CC0 + " (CC0Textures)"),
    "camera": Photograph(_SKIMAGE, "camera.png", "a photographer at his camera", _CC0 + " (Lav Varshney)"),
    "cat": Photograph(_SKIMAGE, "chelsea.png", "Chelsea, a cat", _CC0 + " (Stefan van der Walt)"),
    "cell": Photograph(
        _SKIMAGE, "cell.png", "a living cell, quantitative phase image", _CC0 + " (Paul Müller et al.)"
    ),
    "clock": Photograph(
        _SKIMAGE, "clock_motion.png", "a wall clock, blurred by motion", _PUBLIC + " (S. van der Walt)"
    ),
    "coffee": Photograph(
        _SKIMAGE, "coffee.png", "a cup of coffee on a wooden table", _CC0 + " (Rachel Michetti)"
    ),
    "coins": Photograph(
        _SKIMAGE, "coins.png", "Greek coins from Pompeii", "no known restrictions (Brooklyn Museum)"
    ),
    "flower": Photograph(_SKLEARN, "flower.jpg", "an orange dahlia", _BY + " (vultilion)"),
    "grass": Photograph(_SKIMAGE, "grass.png", "grass from above", _CC0 + " (linolafett)"),
    "gravel": Photograph(_SKIMAGE, "gravel.png", "gravel from above", _CC0 + " (CC0Textures)"),
    "horse": Photograph(_SKIMAGE, "horse.png", "the silhouette of a horse", _CC0 + " (Andreas Preuss)"),
    "hubble": Photograph(
        _SKIMAGE, "hubble_deep_field.jpg", "galaxies of the Hubble deep field", _PUBLIC + " (NASA)"
    ),
    "pagoda": Photograph(_SKLEARN, "china.jpg", "a pagoda at the Summer Palace", _BY + " (danielbuechele)"),
    "retina": Photograph(_SKIMAGE, "retina.jpg", "the retina of a human eye", _CC0 + " (Mikael Häggström)"),
    "rocket": Photograph(_SKIMAGE, "rocket.jpg", "the launch of a rocket", _PUBLIC + " (SpaceX)"),
    "text": Photograph(
        _SKIMAGE, "text.png", "handwriting on lined paper", "no known restrictions (Wikipedia)"
    ),
}


def names() -> list[str]:
    """The names that `load`, `caption` and `licence` know, in alphabetical order."""
    return sorted(_PHOTOGRAPHS)


def caption(name: str) -> str:
    """What the picture shows, fit for the end of a sentence or an alternative text."""
    return _find(name).caption


def licence(name: str) -> str:
    """The licence, with the author or source in brackets."""
    return _find(name).licence


def load(name: str, size: int | None = None) -> Tensor:
    """A photograph as a tensor of your own; grey ones come with three equal channels.

    Args:
        name: one of `names()`.
        size: side in pixels of the centred square, cut out and resized with antialiasing; None: as it is.

    Shape:
        (3, H, W), or (3, size, size); float32 in [0, 1].
    """
    return fitted(_read(name), size)


def open_file(photograph: Any, size: int | None = None) -> Tensor:
    """A photograph of your own, as `load` gives those of the course.

    Args:
        photograph: a path, or anything else that `pictures.opened` takes.
        size: as for `load`.

    Shape:
        (3, H, W), or (3, size, size); float32 in [0, 1].

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read as a picture.
    """
    return fitted(as_tensor(pictures.coloured(photograph, enough=size)), size)


def as_tensor(array: np.ndarray) -> Tensor:
    """What `pictures.opened` gives, channels first: (H, W) -> (1, H, W), (H, W, 3) -> (3, H, W)."""
    image = torch.from_numpy(array)
    return image[None] if image.ndim == 2 else image.permute(2, 0, 1).contiguous()


def fitted(image: Tensor, size: int | None) -> Tensor:
    """A copy, cut to its centred square and resized if there is a size."""
    if size is None:
        return image.clone()
    if size < 1:
        raise ValueError(f"size: wanted at least 1 pixel, got {size}")
    height, width = image.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[:, top : top + side, left : left + side]
    resized = F.interpolate(square[None], (size, size), mode="bilinear", antialias=True, align_corners=False)
    return resized[0].clamp(0, 1)


def _find(name: str) -> Photograph:
    if name not in _PHOTOGRAPHS:
        raise ValueError(f"name: wanted one of {', '.join(names())}; got {name!r}")
    return _PHOTOGRAPHS[name]


@functools.cache
def _read(name: str) -> Tensor:
    """Decode the file once: (3, H, W)."""
    photograph = _find(name)
    package, *folders = photograph.package.split(".")
    found = find_spec(package)  # where it lies; to import scikit-learn for that would take seconds
    if found is None:
        raise ModuleNotFoundError(f"{name} lies in {package}, which is not installed")
    with Path(found.origin).parent.joinpath(*folders, photograph.file).open("rb") as stored:
        return as_tensor(pictures.coloured(stored))


def main() -> None:
    for name in names():
        print(f"{name:10} {tuple(load(name).shape)!s:16} {caption(name)}; {licence(name)}")


if __name__ == "__main__":
    main()
