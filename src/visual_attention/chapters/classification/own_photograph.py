"""How does a photograph of your own become what the classifier can read?

The network was trained on 48 x 48 grey pixels: dim pieces of photographs, with one bright digit on top. A
photograph of any size, from a file, an upload or an array, is brought into that form here.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.own_photograph
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visual_attention.chapters.classification.sizes import CANVAS
from visual_attention.data import photographs
from visual_attention.data.clutter import BACKGROUND

INKS = ("none", "bright", "dark")


def prepare(photograph: Any, *, ink: str = "none", side: int = CANVAS) -> Tensor:
    """A photograph as the network gets its pictures: grey, its centred square, stretched from dark to bright.

    Args:
        photograph: a path; the bytes of an image file; an image of Pillow; or an array or tensor (H, W),
            (H, W, 3), (H, W, 4), (3, H, W) or (1, H, W), uint8 or floats from 0 to 1.
        ink: "none" if the photograph is to be a background: it is dimmed to 0.6, as those of the training.
            "bright" if it holds a digit brighter than all around it (chalk on a board), "dark" if one darker
            (a pen on paper): then it is turned round.
        side: pixels of the result's side.

    Shape:
        (1, 1, side, side), float32 in [0, 1].

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read as a picture.
    """
    if ink not in INKS:
        raise ValueError(f"ink: wanted one of {INKS}, got {ink!r}")
    grey = opened(photograph).mean(dim=0, keepdim=True)  # (1, H, W)
    small = photographs.fitted(grey, side)
    low, high = small.aminmax()
    stretched = (small - low) / (high - low).clamp_min(1e-6)
    if ink == "none":
        stretched = BACKGROUND * stretched
    return (1 - stretched if ink == "dark" else stretched)[None]


def opened(photograph: Any) -> Tensor:
    """A photograph in any of the forms that `prepare` takes, as (3, H, W) or (1, H, W) in [0, 1]."""
    if isinstance(photograph, str | Path):
        if not Path(photograph).is_file():
            raise FileNotFoundError(f"wanted a file with a photograph, found none at {str(photograph)!r}")
        return decoded(io.BytesIO(Path(photograph).read_bytes()), name=Path(photograph).name)
    if isinstance(photograph, bytes | bytearray | memoryview):
        return decoded(io.BytesIO(bytes(photograph)), name="these bytes")
    if hasattr(photograph, "convert"):  # Pillow's
        return from_array(np.asarray(photograph.convert("RGB")))
    if isinstance(photograph, Tensor):
        return from_array(photograph.detach().cpu().numpy())
    if isinstance(photograph, np.ndarray):
        return from_array(photograph)
    raise ValueError(
        f"wanted a path, bytes, an image of Pillow, an array or a tensor, got {type(photograph).__name__}"
    )


def decoded(file: Any, *, name: str) -> Tensor:
    """An image file of any kind that Pillow reads."""
    from PIL import Image, UnidentifiedImageError

    try:
        return photographs.decode(file)
    except UnidentifiedImageError as error:
        raise ValueError(f"wanted a photograph, but {name} cannot be read as one") from error
    except (Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise ValueError(f"wanted a photograph, but {name} cannot be read as one: {error}") from error


def from_array(array: np.ndarray) -> Tensor:
    """Numbers as (3, H, W) or (1, H, W) in [0, 1]."""
    shape, kind = array.shape, array.dtype
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and shape[2] in (1, 3, 4):
        array = np.moveaxis(array[..., :3], 2, 0)  # what is transparent is taken as it is
    if array.ndim != 3 or array.shape[0] not in (1, 3) or 0 in array.shape:
        raise ValueError(
            f"wanted one photograph (H, W), (H, W, 3), (H, W, 4), (3, H, W) or (1, H, W), got {shape}"
        )
    if kind == np.uint8:
        return torch.from_numpy(array.astype(np.float32)) / 255
    if not np.issubdtype(kind, np.floating):
        raise ValueError(f"wanted uint8 or floats, got {kind}: is .astype('uint8') missing?")
    if not np.isfinite(array).all():
        raise ValueError("wanted finite numbers, got NaN or infinity")
    if array.min() < 0 or array.max() > 1:
        raise ValueError(
            f"wanted floats from 0 to 1, got {array.min():.3g} to {array.max():.3g}: divide by 255?"
        )
    return torch.from_numpy(array.astype(np.float32))


def main() -> None:
    """Prepare a photograph of the course in each of the ways."""
    cat = photographs.load("cat")
    for ink in INKS:
        ready = prepare(cat, ink=ink)
        print(f"ink {ink:6} {tuple(ready.shape)}, from {ready.min():.2f} to {ready.max():.2f}")


if __name__ == "__main__":
    main()
