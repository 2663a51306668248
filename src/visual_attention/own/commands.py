"""What does each command do? Read, say what cannot be used, compute, write elsewhere, and name the place."""

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

from visual_attention.mechanisms import pretrained
from visual_attention.own import classify, features, film, folder, follow, frames, look, page, report, weights


def show_weights(asked: argparse.Namespace) -> int:
    """Say which weights there are and under which licence; fetch them only if asked."""
    for name, source in pretrained.SOURCES.items():
        print(f"{name}: {weights.LICENCES[name]}\n  from {source.address}\n  SHA-256 {source.sha256}")
    if asked.fetch:
        path = pretrained.fetch(asked.fetch)
        print(f"The checksum is right. Kept as {path}")
        return 0
    here = pretrained.fetched()
    print(f"Here already: {here}" if here else f"None here yet. To fetch 90 MB: {weights.FETCH}")
    return 0


def classify_folder(asked: argparse.Namespace) -> int:
    """Compare pools on a folder, write a report and a head."""
    name = asked.folder.resolve().name
    out = folder.outside([asked.folder], asked.out or Path(f"{name}-attention"))
    extractor = extractor_of(asked)
    result = classify.classify(asked.folder, extractor)
    say_unused(result.found.refused)
    for score in result.scores:
        low, high = score.interval()
        print(f"{score.pool:16} {100 * score.accuracy:5.1f} % right ({100 * low:.0f} to {100 * high:.0f})")
    classify.save(result, extractor, out / "head.safetensors")
    text = report.of_folder(result, name, size=extractor.size, stand_in=extractor.stand_in)
    print(f"Head for `predict`: {out / 'head.safetensors'}")
    print(f"Report: {page.write(text, out / 'report.html')}")
    return 0


def predict(asked: argparse.Namespace) -> int:
    """Name pictures with a head that `classify` wrote."""
    extractor = extractor_of(asked)
    head, classes = classify.load(asked.model, extractor)
    found = usable(asked.pictures)
    shares, _ = classify.predict(head, extractor, found)
    for path, line in zip(found, shares, strict=True):
        best = line.argsort(descending=True)[:2].tolist()
        print(f"{path}: " + ", ".join(f"{classes[k]} {100 * line[k]:.0f} %" for k in best))
    return 0


def look_at(asked: argparse.Namespace) -> int:
    """Write a page for each picture."""
    found = usable(asked.pictures)
    out = folder.outside(asked.pictures, asked.out or Path("attention"))
    model = weights.model(asked.weights)[0].to(asked.device)
    taken: set[str] = set()
    for path in found:
        text = look.looked(path, model, name=path.name, longer=asked.size or look.LONGER)
        print(f"Page: {page.write(text, out / f'{free(path, taken)}.html')}")
    return 0


def free(path: Path, taken: set[str]) -> str:
    """The picture's name, with its folder's or a number if another of that name came before; then taken."""
    several = (f"{path.name}-{number}" for number in itertools.count(2))
    names = itertools.chain([path.name, f"{path.resolve().parent.name}-{path.name}"], several)
    name = next(name for name in names if name.lower() not in taken)  # some disks know no upper case
    taken.add(name.lower())
    return name


def follow_frames(asked: argparse.Namespace) -> int:
    """Carry a mask through a film; write the film, a page, the masks and numbers."""
    name = asked.frames.resolve().stem
    out = folder.outside([asked.frames], asked.out or Path(f"{name}-followed"))
    extractor = extractor_of(asked, features.SIZE)
    longer = asked.size or follow.LONGER
    read = frames.read_frames(asked.frames, patch=extractor.patch, longer=longer)
    size = (read.height, read.width)
    mask = frames.read_mask(asked.mask, *size) if asked.mask else frames.mask_of_box(asked.box, *size)
    result = follow.follow(read, mask, extractor)
    (out / "numbers.json").write_text(film.numbers(result))
    print(f"Film: {film.film(result, out / 'film.webp')}\nNumbers: {out / 'numbers.json'}")
    print(f"Masks: {film.masks(result, out / 'masks')}")
    gone = ", ".join(map(str, result.gone()))
    print(f"The target is not to be found in the frames {gone}." if gone else "It is found in every frame.")
    print(f"Page: {page.write(film.followed(result, name), out / 'film.html')}")
    return 0


def usable(paths: Sequence[Path]) -> list[Path]:
    """The pictures that can be read; what cannot is said.

    Raises:
        ValueError: if there is none.
    """
    found, refused = folder.named(paths)
    good, broken, _ = folder.checked(found)
    say_unused(refused + broken)
    if not good:
        raise ValueError("wanted at least one picture, got none that can be used")
    return good


def say_unused(refused: Sequence[tuple[Path, str]]) -> None:
    """Name what was not used, each with its reason."""
    for path, why in refused:
        print(f"not used: {path}: {why}")


def extractor_of(asked: argparse.Namespace, size: int | None = None) -> features.Extractor:
    """The frozen transformer that was asked for."""
    return features.Extractor(
        asked.weights, size=size or asked.size or features.SIZE, device=asked.device, cache=asked.cache
    )
