"""Hand out a chapter's exercises, and grade a class, from the command line.

python -m visual_attention.classroom generate notebooks/mechanisms/soft.ipynb
python -m visual_attention.classroom collect soft ~/Downloads/soft
python -m visual_attention.classroom grade soft
python -m visual_attention.classroom export grades.csv
python -m visual_attention.classroom feedback soft
"""

import argparse
import importlib.util
import sys
from pathlib import Path


def main(words: list[str] | None = None) -> int:
    """Run one step; returns the exit status."""
    parser = parser_of_words()
    asked = parser.parse_args(words)
    if importlib.util.find_spec("nbgrader") is None:
        print('The classroom needs nbgrader: pip install "visual-attention[classroom]"', file=sys.stderr)
        return 2
    from visual_attention.classroom.course import Course, Trouble

    try:
        return steps(Course(asked.course), asked)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1


def parser_of_words() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m visual_attention.classroom",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (default: this one)")
    step = parser.add_subparsers(dest="step", required=True)
    generate = step.add_parser("generate", help="make an assignment from a chapter's notebook")
    generate.add_argument("notebook", type=Path)
    collect = step.add_parser("collect", help="take <student>.ipynb or <student>/<name>.ipynb from a folder")
    collect.add_argument("name", help="the assignment, e.g. soft")
    collect.add_argument("folder", type=Path)
    grade = step.add_parser("grade", help="grade all that was collected")
    grade.add_argument("name")
    grade.add_argument("--jobs", type=int, default=1, help="how many students side by side (default: 1)")
    grade.add_argument(
        "--unsafe", action="store_true", help="grade without a sandbox: only code that you trust"
    )
    export = step.add_parser("export", help="write all scores to a CSV table")
    export.add_argument("table", type=Path, nargs="?", default=Path("grades.csv"))
    feedback = step.add_parser("feedback", help="write a page of feedback for each student")
    feedback.add_argument("name")
    return parser


def steps(course, asked: argparse.Namespace) -> int:
    match asked.step:
        case "generate":
            print("Hand out", course.generate(asked.notebook))
        case "collect":
            print("Collected", ", ".join(course.collect(asked.name, asked.folder)))
        case "grade":
            missing = course.grade(asked.name, jobs=max(1, asked.jobs), unsafe=asked.unsafe)
            print(f"Graded. The log is {course.folder / f'autograde-{asked.name}.log'}")
            if missing:
                print("Not graded, see the log:", ", ".join(missing), file=sys.stderr)
                return 1
        case "export":
            print("Wrote", course.export(asked.table))
        case "feedback":
            print(f"Wrote {len(course.feedback(asked.name))} pages under {course.folder / 'feedback'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
