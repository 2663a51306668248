"""On your own pictures, from the command line.

python -m visual_attention.own weights                        which there are; --fetch gets them once (90 MB)
python -m visual_attention.own classify FOLDER                one sub-folder a class, five pictures in each
python -m visual_attention.own predict HEAD PICTURE ...       with the head that `classify` wrote
python -m visual_attention.own look PICTURE ...               where each patch looks, a page for each picture
python -m visual_attention.own follow FRAMES --box X,Y,W,H    or --mask PICTURE: a mask carried through a film

Results go into a folder of the present working directory, which the last line names, or to --out; never into
the folder that is read. An interrupted command goes on where it stopped when it is given again.
"""

import argparse
import sys
from pathlib import Path

import torch

from visual_attention.mechanisms import pretrained
from visual_attention.own import commands


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what cannot be used is told in words, with exit status 2."""
    asked = arguments_of().parse_args(arguments)
    try:
        return asked.run(asked)
    except (ValueError, OSError) as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. What was computed is kept: the same command goes on.", file=sys.stderr)
        return 130


def box(text: str) -> tuple[float, ...]:
    """X,Y,W,H as four numbers."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 4 or min(numbers[2:]) <= 0:
        raise argparse.ArgumentTypeError(f"wanted X,Y,W,H with W and H above 0, got {text!r}")
    return numbers


def arguments_of() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m visual_attention.own", description=__doc__, formatter_class=form
    )
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--weights", help='a file; "stand-in" for a small untrained network; else the fetched ones'
    )
    shared.add_argument("--size", type=int, help="pixels of the side to which pictures are brought")
    shared.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    shared.add_argument("--cache", type=Path, help="folder in which features are kept")
    shared.add_argument("--out", type=Path, help="folder for the results, outside what is read")

    command = kinds.add_parser("weights", help="which weights there are, their licences and checksums")
    command.add_argument("--fetch", nargs="?", const="index", choices=sorted(pretrained.SOURCES))
    command.set_defaults(run=commands.show_weights)
    command = kinds.add_parser("classify", parents=[shared], help="a folder, one sub-folder a class")
    command.add_argument("folder", type=Path)
    command.set_defaults(run=commands.classify_folder)
    command = kinds.add_parser("predict", parents=[shared], help="with a head that classify wrote")
    command.add_argument("model", type=Path)
    command.add_argument("pictures", type=Path, nargs="+")
    command.set_defaults(run=commands.predict)
    command = kinds.add_parser("look", parents=[shared], help="where each patch looks")
    command.add_argument("pictures", type=Path, nargs="+")
    command.set_defaults(run=commands.look_at)
    command = kinds.add_parser("follow", parents=[shared], help="a mask through frames")
    command.add_argument("frames", type=Path)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--mask", type=Path, help="a picture of the frames' size, bright where the target is")
    which.add_argument("--box", type=box, help="X,Y,W,H in pixels of the first frame")
    command.set_defaults(run=commands.follow_frames)
    return parser


if __name__ == "__main__":
    sys.exit(main())
