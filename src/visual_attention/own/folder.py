"""What lies in a folder, and what of it cannot be used?

Everyone lays pictures out alike: one sub-folder a class. Nothing here writes into the folder that it reads,
and nothing is passed over in silence: what cannot be used is named with the reason.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from visual_attention import pictures
from visual_attention.data import photographs

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
OTHERS = {  # pictures that cannot be read here, and what to do
    "a camera's raw file": (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"),
    "a picture of a kind that is not read here": (".avif", ".heic", ".heif", ".jp2", ".jxl", ".mpo", ".svg"),
}
FEWEST = 5  # pictures a class, for a comparison worth its name
CHECKED = 224  # pixels of a side that will do to see whether a file can be read
MANY = 100  # pictures from which on a bar is shown while they are checked

Reasons = list[tuple[Path, str]]


@dataclass(frozen=True)
class Labelled:
    """Pictures of a folder with their classes.

    Args:
        paths: one for each picture.
        labels: the class of each, an index into `classes`.
        classes: names of the sub-folders, in alphabetical order.
        refused: (path, reason) of what was not used.
        notes: (path, what to know) of pictures that were used.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    refused: tuple[tuple[Path, str], ...] = ()
    notes: tuple[tuple[Path, str], ...] = ()

    def counts(self) -> list[int]:
        """How many pictures each class has."""
        return [self.labels.count(index) for index in range(len(self.classes))]


def read(picture: Any, size: int | None = None, *, enough: int | None = None) -> Tensor:
    """One picture, upright, (3, H, W) in [0, 1]; cut to its centred square and resized if there is a size.

    Args:
        picture: a path, or anything else that `pictures.opened` takes.
        size: side in pixels.
        enough: pixels of the shorter side that will do, if there is no size: large files are then shrunk
            while they are read.

    Raises:
        ValueError: if it is no picture, with the reason.
    """
    try:
        opened = pictures.coloured(picture, enough=size or enough)
    except OSError as error:
        raise ValueError(f"{picture} cannot be read: {error.strerror or error}") from error
    return photographs.fitted(photographs.as_tensor(opened), size)


def named(paths: Sequence[str | Path]) -> tuple[list[Path], Reasons]:
    """The pictures among files and folders, in alphabetical order, and what is none, with the reason.

    Only names are looked at; `checked` opens the files.
    """
    found: list[Path] = []
    refused: Reasons = []
    for path in map(Path, paths):
        inside = listed(path) if path.is_dir() else [path]
        for item in inside:
            why = why_not(item)
            refused += [(item, why)] if why else []
            found += [] if why else [item]
    return found, refused


def listed(folder: Path) -> list[Path]:
    """What lies in a folder and is not hidden, in alphabetical order."""
    return sorted(item for item in folder.iterdir() if not item.name.startswith("."))


def why_not(path: Path) -> str:
    """The reason why a path is not read as a picture, or nothing."""
    if path.is_dir():
        return "a folder inside a class: move its pictures up"
    if not path.exists():
        return "there is no such file"
    for what, endings in OTHERS.items():
        if path.suffix.lower() in endings:
            return f"{what} ({path.suffix}): save it as JPEG or PNG first"
    if path.suffix.lower() not in ENDINGS:
        return f"no picture by its name, whose ending is none of {', '.join(ENDINGS)}"
    return ""


def checked(paths: Sequence[Path]) -> tuple[list[Path], Reasons, Reasons]:
    """Open each picture once: those that can be read, those that cannot with the reason, and notes on some.

    A picture that was there before under another name is refused: it would be trained on and asked for.
    """
    good: list[Path] = []
    refused: Reasons = []
    notes: Reasons = []
    seen: dict[bytes, Path] = {}
    for path in tqdm(paths, desc="opening", unit="picture", disable=len(paths) < MANY):
        try:
            content = read(path, CHECKED).numpy().tobytes()
        except ValueError as error:
            refused.append((path, str(error)))
            continue
        if content in seen:
            twin = seen[content]
            refused.append((path, f"the same picture as {twin.parent.name}/{twin.name}"))
            continue
        seen[content] = path
        good.append(path)
        if (frames := moving(path)) > 1:
            notes.append((path, f"the first of its {frames} frames was used"))
    return good, refused, notes


def moving(path: Path) -> int:
    """How many frames or pages a picture that can be read has."""
    with Image.open(path) as picture:
        return getattr(picture, "n_frames", 1)


def labelled(folder: str | Path, *, fewest: int = FEWEST) -> Labelled:
    """The pictures of a folder with one sub-folder a class.

    Files are opened here, so that a broken one is named before anything is computed.

    Args:
        folder: where the sub-folders lie.
        fewest: pictures that each class must have.

    Raises:
        ValueError: if there is no such folder, or fewer than two classes, or too few pictures in one.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"wanted a folder with one sub-folder a class, got {folder}, which is none")
    rooms = [item for item in listed(folder) if item.is_dir()]
    beside = "it lies beside the classes, in none of them"
    refused: Reasons = [(item, beside) for item in listed(folder) if not item.is_dir()]
    if len(rooms) < 2:
        names = ", ".join(item.name for item in rooms) or "none"
        raise ValueError(
            f"{folder}: wanted at least two sub-folders, one a class; got {len(rooms)} ({names})"
        )
    candidates, unusable = named(rooms)
    good, broken, notes = checked(candidates)
    refused += unusable + broken
    classes = [room.name for room in rooms]
    labels = tuple(classes.index(path.parent.name) for path in good)
    result = Labelled(tuple(good), labels, tuple(classes), tuple(refused), tuple(notes))
    require_enough(result, folder, fewest)
    return result


def require_enough(found: Labelled, folder: Path, fewest: int) -> None:
    """Require so many pictures in each class."""
    few = [f"{name} ({n})" for name, n in zip(found.classes, found.counts(), strict=True) if n < fewest]
    if few:
        lost = "".join(f"\nnot used: {path}: {why}" for path, why in found.refused)
        raise ValueError(
            f"{folder}: wanted at least {fewest} pictures in each class, got too few in {', '.join(few)}"
            + lost
        )


def outside(read: Sequence[Path], out: Path) -> Path:
    """The folder for results, made if need be; never a folder that is read, nor one inside it.

    Args:
        read: folders and files that are read.
        out: where the results are to go. Beside a single file it may be a folder of its own.

    Raises:
        ValueError: if it would be, or cannot be written.
    """
    out = Path(out).resolve()
    for path in (Path(path).resolve() for path in read):
        if out in (path, path.parent if path.is_file() else path) or (path.is_dir() and path in out.parents):
            raise ValueError(
                f"wanted a place for the results outside of {path}, got {out}: name one with --out"
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ValueError(f"cannot write into {out} ({error.strerror}): name a place with --out") from error
    return out
