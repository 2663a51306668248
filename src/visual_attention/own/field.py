"""Which real data set does the field of a chapter use, and how does it become a folder like yours?

torchvision brings it, where there is a network and you asked for it. A part of it is then written as the
folder that the lesson reads, so that the rest of the way is the one that your own pictures take.

Chapter: the last section of each application.
"""

import importlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

DAVIS = "https://data.vision.ee.ethz.ch/csergi/share/davis/DAVIS-2017-trainval-480p.zip"
AROUND = 2  # a detection picture is a square of so many times its object's longer side


@dataclass(frozen=True)
class Source:
    """A data set of the field.

    Args:
        title: its name, and what is in it.
        size: of what is fetched.
        licence: as its authors or those who pass it on state it.
        opened: opens it, and fetches it if it is not there: (torchvision.datasets, root) -> data set.
        written: writes a part of it: (data set, place, classes, pictures).
    """

    title: str
    size: str
    licence: str
    opened: Callable[[Any, str], Any]
    written: Callable[[Any, Path, int, int], None]

    def told(self) -> str:
        """Name, size and licence in one line."""
        return f"{self.title}; {self.size} are fetched; licence: {self.licence}"


def folder(chapter: str, root: str | Path = "data", *, classes: int = 5, pictures: int = 20) -> Path:
    """A part of the chapter's data set as a folder of the form that its lesson reads.

    The whole is fetched once into `root`, after its size and licence were told. The part is written once.

    Args:
        chapter: a key of `SOURCES`.
        root: where the data set lies, or is to lie.
        classes: how many classes, the first that are met.
        pictures: how many in each; without classes, how many in all.

    Raises:
        ValueError: if there is no such chapter, no torchvision, or too little in the data set.
    """
    if chapter not in SOURCES:
        raise ValueError(f"chapter: wanted one of {', '.join(SOURCES)}; got {chapter!r}")
    place = Path(root) / f"{chapter}-{classes}x{pictures}"
    if place.is_dir():
        return place
    source, datasets = SOURCES[chapter], torchvision()
    print(source.told())
    draft = place.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    data = source.opened(datasets, str(root))
    draft.mkdir(parents=True)
    source.written(data, draft, classes, pictures)
    draft.replace(place)
    return place


def torchvision() -> Any:
    """torchvision.datasets, which the course does not need otherwise.

    Raises:
        ValueError: if it is not installed.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except ImportError as error:
        raise ValueError(f"wanted torchvision, which Colab has: pip install torchvision ({error})") from error


def by_class(data: Any, place: Path, classes: int, pictures: int) -> None:
    """One sub-folder a class, from a data set of (picture, number of its class)."""
    names = getattr(data, "classes", None)
    pairs = ((image, names[label] if names else str(label)) for image, label in each(data))
    sorted_out(pairs, place, classes, pictures)


def by_object(data: Any, place: Path, classes: int, pictures: int) -> None:
    """One sub-folder a kind of object, from a data set of (picture, annotation of PASCAL VOC).

    Each picture becomes a square with its largest object in the middle half, the lesson's box. Objects at the
    rim, around which there is no such square, are left out.
    """

    def squares() -> Iterator[tuple[Image.Image, str]]:
        for image, target in each(data):
            found = target["annotation"]["object"]
            found = found if isinstance(found, list) else [found]
            best = max(found, key=lambda one: area(one["bndbox"]))
            square = around(best["bndbox"])
            if min(square[:2]) >= 0 and square[2] <= image.width and square[3] <= image.height:
                yield image.crop(square), best["name"]

    sorted_out(squares(), place, classes, pictures)


def area(box: dict[str, str]) -> float:
    """Pixels of a box of PASCAL VOC, whose numbers are texts."""
    left, top, right, bottom = (float(box[side]) for side in ("xmin", "ymin", "xmax", "ymax"))
    return (right - left) * (bottom - top)


def around(box: dict[str, str]) -> tuple[int, int, int, int]:
    """The square around the middle of a box, AROUND times as long as its longer side."""
    left, top, right, bottom = (float(box[side]) for side in ("xmin", "ymin", "xmax", "ymax"))
    half = AROUND * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return round(x - half), round(y - half), round(x + half), round(y + half)


def with_masks(data: Any, place: Path, classes: int, pictures: int) -> None:
    """`pictures` and `masks`, from a data set of (picture, trimap): 1 the pet, 2 the rest, 3 the outline."""
    for part in ("pictures", "masks"):
        (place / part).mkdir()
    for number, index in enumerate(np.linspace(0, len(data) - 1, min(pictures, len(data))).round()):
        image, trimap = data[int(index)]
        image.save(place / "pictures" / f"{number + 1}.png")
        mask = np.where(np.asarray(trimap) == 2, 0, 255).astype(np.uint8)
        Image.fromarray(mask).save(place / "masks" / f"{number + 1}.png")


def as_film(data: Any, place: Path, classes: int, pictures: int) -> None:
    """`frames` of one film and `mask.png` of its first frame, from the unpacked DAVIS."""
    films = sorted(item for item in (Path(data) / "JPEGImages" / "480p").iterdir() if item.is_dir())
    found = films[0]
    shutil.copytree(found, place / "frames")
    first = min((Path(data) / "Annotations" / "480p" / found.name).iterdir())
    with Image.open(first) as indexed:  # its numbers are those of the objects, 0 for none
        Image.fromarray(np.where(np.asarray(indexed) > 0, 255, 0).astype(np.uint8)).save(place / "mask.png")


def each(data: Any) -> Iterator[tuple[Any, Any]]:
    """All items of a data set, with a bar."""
    for index in tqdm(range(len(data)), desc="looking through", unit="picture"):
        yield data[index]


def sorted_out(pairs: Iterator[tuple[Any, str]], place: Path, classes: int, pictures: int) -> None:
    """Write (picture, class) into sub-folders until each of the first classes is full.

    Raises:
        ValueError: if there are fewer than two classes.
    """
    counts: dict[str, int] = {}
    for image, name in pairs:
        name = name.replace("/", " ")
        if name not in counts and len(counts) == classes or counts.get(name) == pictures:
            continue
        counts[name] = counts.get(name, 0) + 1
        (place / name).mkdir(exist_ok=True)
        image.convert("RGB").save(place / name / f"{counts[name]}.png")
        if len(counts) == classes and min(counts.values()) == pictures:
            return
    if len(counts) < 2:
        raise ValueError(f"wanted at least two classes, got {', '.join(counts) or 'none'}")


def open_davis(datasets: Any, root: str) -> Path:
    """The folder of DAVIS, unpacked."""
    place = Path(root) / "DAVIS"
    if not place.is_dir():
        datasets.utils.download_and_extract_archive(DAVIS, root)
    return place


PETS = "Oxford-IIIT Pet, 7,349 photographs of 37 breeds of cats and dogs with masks"
SOURCES = {
    "classification": Source(
        PETS,
        "811 MB",
        "CC BY-SA 4.0",
        lambda sets, root: sets.OxfordIIITPet(root, target_types="category", download=True),
        by_class,
    ),
    "detection": Source(
        "PASCAL VOC 2007, 5,011 photographs with boxes of 20 kinds of objects",
        "460 MB",
        "none stated; the photographs are from flickr, whose terms hold",
        lambda sets, root: sets.VOCDetection(root, year="2007", image_set="trainval", download=True),
        by_object,
    ),
    "generation": Source(
        "Oxford 102 Flowers, 8,189 photographs of 102 kinds",
        "345 MB",
        "none stated",
        lambda sets, root: sets.Flowers102(root, split="train", download=True),
        by_class,
    ),
    "inpainting": Source(
        "Describable Textures, 5,640 pictures of 47 kinds",
        "630 MB",
        "for research purposes",
        lambda sets, root: sets.DTD(root, split="train", download=True),
        by_class,
    ),
    "segmentation": Source(
        PETS,
        "811 MB",
        "CC BY-SA 4.0",
        lambda sets, root: sets.OxfordIIITPet(root, target_types="segmentation", download=True),
        with_masks,
    ),
    "tracking": Source(
        "DAVIS 2017, 90 films of 480 lines with masks",
        "800 MB",
        "CC BY 4.0 for the authors' own films; for the others what SOURCES.md in the archive says",
        open_davis,
        as_film,
    ),
    "question_answering": Source(
        "CLEVR, 100,000 drawn scenes; the answer is how many things there are",
        "19 GB",
        "CC BY 4.0",
        lambda sets, root: sets.CLEVRClassification(root, split="val", download=True),
        by_class,
    ),
}
