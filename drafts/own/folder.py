"""What lies in a folder, and what of it cannot be used?

Everyone lays pictures out alike: one sub-folder a class. Nothing here writes into the folder that it reads,
and nothing is passed over in silence: what cannot be used is named with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from visual_attention.data import photographs

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
FEWEST = 5  # pictures a class, for a comparison worth its name


@dataclass(frozen=True)
class Labelled:
    """Pictures of a folder with their classes.

    Args:
        paths: one for each picture.
        labels: the class of each, an index into `classes`.
        classes: names of the sub-folders, in alphabetical order.
        refused: (path, reason) of what was not used.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    refused: tuple[tuple[Path, str], ...] = ()

    def counts(self) -> list[int]:
        """How many pictures each class has."""
        return [self.labels.count(index) for index in range(len(self.classes))]


def read(path: str | Path, size: int | None = None) -> Tensor:
    """One picture, upright, (3, H, W) in [0, 1]; cut to its centred square and resized if there is a size.

    Raises:
        ValueError: if the file is no picture, with the reason.
    """
    try:
        return photographs.open_file(path, size)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{Path(path).name}: wanted a picture, got {reason(error)}") from error


def reason(error: Exception) -> str:
    """What is wrong with a file, in words."""
    told = str(error).lower()
    if "cannot identify" in told or isinstance(error, SyntaxError):
        return "a file that is none, or a broken one"
    if "truncated" in told or "broken" in told:
        return "one that is cut off"
    return str(error) or type(error).__name__


def pictures(paths: Sequence[str | Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The pictures among files and folders, in alphabetical order, and what is none, with the reason."""
    found: list[Path] = []
    refused: list[tuple[Path, str]] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if not item.name.startswith("."))
            found += [item for item in inside if usable(item)]
            refused += [(item, why_not(item)) for item in inside if not usable(item)]
        elif path.exists():
            (found if usable(path) else refused).append(path if usable(path) else (path, why_not(path)))
        else:
            refused.append((path, "there is no such file"))
    return found, refused


def usable(path: Path) -> bool:
    """Whether a path has the ending of a picture and is a file."""
    return path.is_file() and path.suffix.lower() in ENDINGS


def why_not(path: Path) -> str:
    """The reason why a path is not read as a picture."""
    if path.is_dir():
        return "a folder inside a class: move its pictures up"
    return f"its ending is none of {', '.join(ENDINGS)}"


def labelled(folder: str | Path, *, fewest: int = FEWEST) -> Labelled:
    """The pictures of a folder with one sub-folder a class.

    Files are opened here, so that a broken one is named before anything is computed.

    Args:
        folder: where the sub-folders lie.
        fewest: pictures that each class must have.

    Raises:
        ValueError: if there is no such folder, or fewer than two classes of enough pictures each.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"wanted a folder with one sub-folder a class, got {folder}, which is none")
    rooms = sorted(item for item in folder.iterdir() if item.is_dir() and not item.name.startswith("."))
    beside = [item for item in folder.iterdir() if item.is_file() and not item.name.startswith(".")]
    refused = [(item, "it lies beside the classes, in none of them") for item in sorted(beside)]
    if len(rooms) < 2:
        names = ", ".join(item.name for item in rooms) or "none"
        raise ValueError(
            f"{folder}: wanted at least two sub-folders, one a class; got {len(rooms)} ({names})"
        )
    paths: list[Path] = []
    labels: list[int] = []
    for index, room in enumerate(rooms):
        found, unusable = pictures([room])
        broken = [(path, why) for path in found if (why := trouble(path))]
        good = [path for path in found if path not in dict(broken)]
        refused += unusable + broken
        paths += good
        labels += [index] * len(good)
    result = Labelled(tuple(paths), tuple(labels), tuple(room.name for room in rooms), tuple(refused))
    few = [f"{name}: {n}" for name, n in zip(result.classes, result.counts(), strict=True) if n < fewest]
    if few:
        raise ValueError(f"{folder}: wanted at least {fewest} pictures in each class; got {', '.join(few)}")
    return result


def trouble(path: Path) -> str:
    """Why a picture cannot be opened, or nothing. Reads its head and checks its body without keeping it."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        return reason(error)
    return ""


def outside(folder: Path, out: Path) -> Path:
    """The folder for results, made if need be; never inside the folder that is read.

    Raises:
        ValueError: if it would be.
    """
    folder, out = Path(folder).resolve(), Path(out).resolve()
    if out == folder or folder in out.parents:
        raise ValueError(f"wanted a place for the results outside {folder}, got {out}: name one with --out")
    out.mkdir(parents=True, exist_ok=True)
    return out
