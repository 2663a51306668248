"""How does a picture from outside come in: a file, an upload or an array, in whatever form it is?

One door for all of them. What a number means is never guessed: whole numbers are read by the range of their
type, floats must lie between 0 and 1, and what cannot be read so is refused with what was wanted, what came
and what to do.

Chapter: all of them.
Run: python -m visual_attention.pictures
"""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SLACK = 1e-3  # by so much rounding may leave the range from 0 to 1: a quarter of a step of 8 bits
LARGE = 4_000_000  # pixels from which on a picture is shrunk while it is read, if less is enough
ORIENTATION = 0x0112  # the tag in which a camera notes how it was held
SIXTEEN = ("PNG", "PPM")  # files whose whole numbers end at 65535, even if Pillow keeps them in 32 bits


def opened(
    picture: Any,
    *,
    enough: int | None = None,
    frame: int | None = None,
    beneath: float = 1.0,
    channels: str | None = None,
    slack: float = SLACK,
) -> np.ndarray:
    """A picture of any kind as numbers from 0 to 1, upright.

    Args:
        picture: A path, the bytes of an image file or an open one, an image of Pillow, or an array, tensor or
            list (H, W), (H, W, C), (1, H, W) or (3, H, W). C is 1 for grey, 2 for grey and alpha, 3 for red,
            green and blue, 4 for these and alpha. Numbers are uint8 (white is 255), uint16 (white is
            65535), bools, or floats from 0 to 1.
        enough: Pixels of the shorter side that will do. A picture of more than 4 million pixels is then
            shrunk while it is read, to at least twice as many, so that 50 million need little memory.
        frame: Which picture of a moving one or of many pages, from 0; None for the first, or, of an image of
            Pillow, for the one that it stands at.
        beneath: The grey on which transparent parts lie, from 0 for black to 1 for white.
        channels: "first" or "last", where the shape of an array leaves it open. Of a tensor it is the first.
        slack: By how much floats may leave the range; they are clipped.

    Shape:
        (H, W) for grey, (H, W, 3) for red, green and blue; float32, an array of your own. A colour profile is
        not applied. Of 16 bits a colour Pillow keeps 8, of 16 bits of grey all.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no picture, or one whose numbers could mean several things.
    """
    if not 0 <= beneath <= 1:
        raise ValueError(f"beneath: wanted a grey from 0 to 1, got {beneath}")
    if isinstance(picture, str | os.PathLike):
        picture, name = _bytes(picture), Path(picture).name
        return _file(picture, name, enough, frame, beneath, slack)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _file(io.BytesIO(bytes(picture)), "these bytes", enough, frame, beneath, slack)
    if hasattr(picture, "read"):
        return _file(picture, "this file", enough, frame, beneath, slack)
    if isinstance(picture, Image.Image):
        _at(picture, frame, "this picture")
        with _reading("this picture"):
            picture.load()
        return _pillow(picture, enough, beneath, slack)
    if hasattr(picture, "detach") or hasattr(picture, "__array__") or isinstance(picture, list | tuple):
        return _array(picture, enough, beneath, channels, slack)
    raise ValueError(
        f"wanted a path, bytes, an image of Pillow, an array or a tensor, got {type(picture).__name__}"
    )


def coloured(picture: Any, **options: Any) -> np.ndarray:
    """The same with three channels always, (H, W, 3): the three of a grey picture are equal."""
    read = opened(picture, **options)
    return np.repeat(read[..., None], 3, axis=2) if read.ndim == 2 else read


def unit(values: Any, name: str = "picture", *, slack: float = SLACK) -> np.ndarray:
    """Numbers of any shape, such as those of many pictures at once, as float32 from 0 to 1.

    Raises:
        ValueError: if they are of a type whose white is not known, or floats that leave the range.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float().numpy() if values.is_floating_point() else values.numpy()
    array = np.asarray(values)
    if array.dtype == bool:
        return array.astype(np.float32)
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        numbers = array.astype(np.float32)
        numbers /= np.float32(np.iinfo(array.dtype).max)  # in place: large pictures are held once
        return numbers
    if array.dtype.kind != "f":
        raise ValueError(
            f"{name}: wanted uint8, uint16, bools or floats from 0 to 1, got {array.dtype}, whose white is "
            "not known: .astype('uint8') if it is 255, .astype('uint16') if it is 65535"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: wanted finite numbers, got {int((~np.isfinite(array)).sum())} others")
    if array.size and (array.min() < -slack or array.max() > 1 + slack):
        low, high = array.min(), array.max()
        white = "divide by 255, or by what white is"
        advice = white if high > 1 + slack else "(x + 1) / 2, if they run from -1 to 1?"
        raise ValueError(f"{name}: wanted floats from 0 to 1, got {low:.3g} to {high:.3g}: {advice}")
    return array.astype(np.float32).clip(0, 1)


def _bytes(path: Any) -> io.BytesIO:
    if str(path).startswith(("http://", "https://")):
        raise ValueError(f"wanted a file, got the address {path}: fetch it first, and give its bytes")
    if not Path(path).is_file():
        raise FileNotFoundError(f"wanted a file with a picture, found none at {str(path)!r}")
    return io.BytesIO(Path(path).read_bytes())


def _file(file: Any, name: str, enough: int | None, frame: int | None, beneath: float, slack: float):
    """A file of any kind that Pillow reads."""
    with _reading(name):
        picture = Image.open(file)
    with picture:
        _at(picture, frame, name)
        with _reading(name):
            if step := _step(picture, enough):  # a JPEG can leave out detail while it is read
                picture.draft(None, (picture.width // step, picture.height // step))
            picture.load()
        return _pillow(picture, enough, beneath, slack)


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    """Whatever goes wrong in a decoder means that the file is no picture, or a damaged one."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise ValueError(
            f"wanted a picture, but {name} cannot be read as one: save it as PNG or JPEG first"
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"wanted a picture of a size that fits into memory, but {name}: {error}") from error
    except Exception as error:
        raise ValueError(f"wanted a picture, but {name} cannot be read as one: {error}") from error


def _at(picture: Image.Image, frame: int | None, name: str) -> None:
    """Go to one of its frames; without a number it stays where it is, a file at the first."""
    if frame is None:
        return
    with _reading(name):
        count = getattr(picture, "n_frames", 1)
    if not 0 <= frame < count:
        raise ValueError(f"frame: wanted 0 to {count - 1}, got {frame}: {name} holds {count}")
    with _reading(name):
        picture.seek(frame)


def _pillow(picture: Image.Image, enough: int | None, beneath: float, slack: float) -> np.ndarray:
    """What Pillow holds, upright, as an array of one, two, three or four channels, and from there on."""
    form, upright = picture.format, _upright(picture)
    if upright.mode.startswith("I"):
        if upright.mode == "I" and form not in SIXTEEN:
            raise ValueError(
                "wanted a picture of 8 or 16 bits, got whole numbers of 32 bits, whose white is not known: "
                "divide np.asarray(picture) by it"
            )
        shrunk = _shrunk(upright.convert("I") if _step(upright, enough) else upright, enough)
        return _laid(unit(np.asarray(shrunk).astype(np.uint16)), beneath)
    if upright.mode not in ("L", "LA", "RGB", "RGBA", "F") or upright.has_transparency_data:
        upright = upright.convert(_plain(upright))
    return _laid(unit(np.asarray(_shrunk(upright, enough)), slack=slack), beneath)


def _upright(picture: Image.Image) -> Image.Image:
    """As the camera was held. Tags that cannot be read say nothing about the pixels."""
    try:
        return ImageOps.exif_transpose(picture) if picture.getexif().get(ORIENTATION, 1) != 1 else picture
    except Exception:
        return picture


def _plain(picture: Image.Image) -> str:
    """The mode to which a picture is brought that is neither grey nor red, green and blue."""
    if picture.mode == "LAB":
        raise ValueError("wanted grey or red, green and blue, got a picture in the mode LAB: save it as sRGB")
    grey = picture.mode in ("1", "L", "LA", "La")
    return {(True, True): "LA", (True, False): "L", (False, True): "RGBA"}.get(
        (grey, picture.has_transparency_data), "RGB"
    )


def _step(picture: Image.Image, enough: int | None) -> int:
    """How many pixels along a side may become one; 0 if the picture stays as it is."""
    if enough is None or picture.width * picture.height <= LARGE:
        return 0
    step = min(picture.size) // (2 * max(enough, 1))
    return step if step > 1 else 0


def _shrunk(picture: Image.Image, enough: int | None) -> Image.Image:
    step = _step(picture, enough)
    return picture.reduce(step) if step else picture


def _array(values: Any, enough: int | None, beneath: float, channels: str | None, slack: float):
    """Numbers in any order of their axes."""
    tensor = hasattr(values, "detach")
    try:
        array = values.detach().cpu() if tensor else np.asarray(values)
    except ValueError as error:
        raise ValueError(f"wanted one picture, rows of one length, got a list of others: {error}") from error
    first = _first(tuple(array.shape), channels, tensor=tensor)
    if enough is not None and str(array.dtype) in ("uint8", "torch.uint8"):
        array = np.moveaxis(np.asarray(array), 0, -1) if first else np.asarray(array)
        array = array[..., 0] if array.shape[2:] == (1,) else array
        return _pillow(Image.fromarray(np.ascontiguousarray(array)), enough, beneath, slack)
    array = unit(array, slack=slack)
    return _laid(np.moveaxis(array, 0, -1) if first else array, beneath)


def _first(shape: tuple[int, ...], channels: str | None, *, tensor: bool) -> bool:
    """Whether an array's first axis holds its channels; a plain one has none."""
    if channels not in (None, "first", "last"):
        raise ValueError(f'channels: wanted "first", "last" or None, got {channels!r}')
    fits = len(shape) == 3 and 0 not in shape
    first = fits and shape[0] in ((1, 3) if channels is None else (1, 2, 3, 4)) and channels != "last"
    last = fits and shape[2] in (1, 2, 3, 4) and channels != "first"
    if not first and not last and (len(shape) != 2 or 0 in shape):
        raise ValueError(
            "wanted one picture (H, W), (H, W, C), (1, H, W) or (3, H, W) with C from 1 to 4, "
            f"got shape {shape}"
        )
    if first and last and not tensor:
        raise ValueError(
            f"wanted an array whose channels can be told from its shape, got {shape}: "
            'say channels="first" or channels="last"'
        )
    return bool(first)


def _laid(array: np.ndarray, beneath: float) -> np.ndarray:
    """(H, W) or (H, W, C) laid on a grey where it is transparent: (H, W) or (H, W, 3)."""
    if array.ndim == 3 and array.shape[2] in (2, 4):
        cover = array[..., -1:]
        array = array[..., :-1] * cover + np.float32(beneath) * (1 - cover)
    return np.ascontiguousarray(array[..., 0] if array.shape[2:] == (1,) else array)


def main() -> None:
    """Read one picture from each of several forms."""
    grey = np.linspace(0, 65535, 12).astype(np.uint16).reshape(3, 4)
    stored = io.BytesIO()
    Image.fromarray(grey).save(stored, "png")
    clear = Image.new("RGBA", (4, 3), (255, 0, 0, 0))
    for name, picture in {
        "16 bits": stored.getvalue(),
        "nothing of red": clear,
        "floats": grey / 65535,
    }.items():
        read = opened(picture)
        print(f"{name:15} {read.shape!s:10} from {read.min():.2f} to {read.max():.2f}")


if __name__ == "__main__":
    main()
