"""How does a film come in: a folder of frames, or an animated picture?"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from visual_attention.own import folder
from visual_attention.own.features import fitted

FILMS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
MOST = 500


@dataclass(frozen=True)
class Frames:
    """A film that was brought to a small size while it was read.

    Args:
        small: (T, 3, h, w) in [0, 1], sides of whole patches.
        height: pixels of a frame as it came.
        width: the same.
    """

    small: Tensor
    height: int
    width: int


def read_frames(source: Any, *, patch: int, longer: int, most: int = MOST) -> Frames:
    """All frames of a film.

    Args:
        source: a folder of pictures, read in the order of their names and numbers; an animated picture; or a
            sequence of whatever `pictures.opened` takes.
        patch: pixels of a patch's side.
        longer: pixels to which the longer side is brought.
        most: frames that are too many.

    Raises:
        ValueError: for fewer than two frames, more than `most`, frames of unlike sizes, or a broken one.
    """
    small: list[Tensor] = []
    size = None
    for name, frame in frames_of(source, longer):
        if len(small) == most:
            raise ValueError(f"wanted at most {most} frames, got more: take every second or third")
        size = size or tuple(frame.shape[1:])
        if tuple(frame.shape[1:]) != size:
            wanted, got = (f"{shape[1]} x {shape[0]}" for shape in (size, frame.shape[1:]))
            raise ValueError(f"{name}: wanted frames of one size, {wanted} pixels as the first, got {got}")
        small.append(fitted(frame, patch, longer))
    if len(small) < 2:
        raise ValueError(f"{source}: wanted at least two frames, got {len(small)}")
    return Frames(torch.stack(small), *size)


def frames_of(source: Any, longer: int) -> Iterator[tuple[str, Tensor]]:
    """Each frame with its name, one at a time."""
    if not isinstance(source, str | Path):
        yield from ((f"frame {index + 1}", folder.read(one)) for index, one in enumerate(source))
        return
    path = Path(source)
    if path.is_dir():
        for item in in_order(folder.named([path])[0]):
            yield item.name, folder.read(item)
    elif path.suffix.lower() in FILMS:
        raise ValueError(
            f"{path.name}: wanted a folder of frames or an animated picture, got a film. Make frames of it: "
            f"ffmpeg -i {path.name} -vf fps=5 frames/%04d.png"
        )
    elif path.is_file():
        yield from animated(path)
    else:
        raise ValueError(f"wanted a folder of frames or an animated picture, found nothing at {path}")


def animated(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The frames of an animated picture."""
    try:
        with Image.open(path) as film:
            for index in range(getattr(film, "n_frames", 1)):
                film.seek(index)
                yield f"{path.name}, frame {index + 1}", folder.read(film)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path.name}: wanted an animated picture, got {error}") from error


def in_order(paths: Sequence[Path]) -> list[Path]:
    """By name, with the numbers in it as numbers: frame 2 comes before frame 10."""
    return sorted(
        paths, key=lambda p: [(part.isdigit(), part.zfill(20)) for part in re.split(r"(\d+)", p.name)]
    )


def mask_of_box(box: Sequence[float], height: int, width: int) -> Tensor:
    """A box (left, top, width, height) in pixels as a mask (H, W).

    Raises:
        ValueError: if no part of it lies in the picture.
    """
    left, top, across, down = (round(number) for number in box)
    mask = torch.zeros(height, width)
    mask[max(top, 0) : max(top + down, 0), max(left, 0) : max(left + across, 0)] = 1
    if not mask.any():
        raise ValueError(f"box: wanted one inside {width} x {height} pixels, got {tuple(box)}")
    return mask


def read_mask(picture: Any, height: int, width: int) -> Tensor:
    """A picture in which the target is bright, (H, W) of zeros and ones.

    Raises:
        ValueError: if it has another size than the frames, or nothing in it is bright.
    """
    mask = (folder.read(picture).mean(dim=0) > 0.5).float()
    if mask.shape != (height, width):
        got = f"{mask.shape[1]} x {mask.shape[0]}"
        raise ValueError(f"mask: wanted {width} x {height} pixels, as the frames have, got {got}")
    if not mask.any():
        raise ValueError("mask: wanted bright pixels where the target is, got none")
    return mask
