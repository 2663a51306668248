"""Hand out a chapter's exercises, and grade a class, from the command line.

python -m visual_attention.classroom generate notebooks/mechanisms/soft.ipynb
python -m visual_attention.classroom collect soft ~/Downloads/soft
python -m visual_attention.classroom grade soft --jobs 2
python -m visual_attention.classroom feedback soft
python -m visual_attention.classroom summary soft
python -m visual_attention.classroom export grades.csv

Try it all beforehand with a class that is made up, in the repository:

python -m visual_attention.classroom --course /tmp/rehearsal rehearse --students 40 --jobs 2
"""

import argparse
import importlib.util
import sys
from pathlib import Path

from visual_attention.classroom.names import shown


def main(words: list[str] | None = None) -> int:
    """Run one step; returns the exit status: 0 if it was done, 1 if the teacher has to mend something."""
    asked = parser_of_words().parse_args(words)
    if importlib.util.find_spec("nbgrader") is None:
        print('The classroom needs nbgrader: pip install "visual-attention[classroom]"', file=sys.stderr)
        return 2
    from visual_attention.classroom.course import Course, Trouble

    try:
        return steps(Course(asked.course), asked)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What is done is kept: the same command goes on from here.", file=sys.stderr)
        return 130


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
    grade = step.add_parser("grade", help="grade what was collected and is not graded yet")
    grade.add_argument("name")
    grade.add_argument("--again", action="store_true", help="grade anew also what has not changed")
    grade.add_argument(
        "--unsafe", action="store_true", help="grade without a sandbox: only code that you trust"
    )
    feedback = step.add_parser("feedback", help="write a page of feedback for each student")
    feedback.add_argument("name")
    for parallel in (grade, feedback):
        parallel.add_argument(
            "--jobs", type=int, default=1, help="how many students side by side (default: 1)"
        )
    summary = step.add_parser("summary", help="show who has which points, and write it as a page")
    summary.add_argument("name")
    rehearse = step.add_parser("rehearse", help="grade a class that is made up: how long does it take here?")
    rehearse.add_argument("notebook", type=Path, nargs="?", default=Path("notebooks/mechanisms/soft.ipynb"))
    rehearse.add_argument("--solutions", type=Path, help="default: book/solutions/<the notebook's name>.py")
    rehearse.add_argument("--students", type=int, default=200)
    rehearse.add_argument("--jobs", type=int, default=2)
    rehearse.add_argument("--kinds", help="only these kinds of submissions, with commas between them")
    rehearse.add_argument("--seconds", type=float, help="the longest that one line or call may run")
    export = step.add_parser("export", help="write all scores to a CSV table")
    export.add_argument("table", type=Path, nargs="?", default=Path("grades.csv"))
    return parser


def steps(course, asked: argparse.Namespace) -> int:
    match asked.step:
        case "generate":
            print("Hand out", course.generate(asked.notebook))
        case "collect":
            tell_collected(asked.name, *course.collect(asked.name, asked.folder))
        case "grade":
            rows = course.grade(asked.name, jobs=max(1, asked.jobs), unsafe=asked.unsafe, again=asked.again)
            return tell_graded(course, asked.name, rows)
        case "feedback":
            pages = course.feedback(asked.name, jobs=max(1, asked.jobs))
            print(f"Wrote {len(pages)} pages under {course.folder / 'feedback'}")
        case "summary":
            tell_graded(course, asked.name, course.summary(asked.name))
        case "rehearse":
            return rehearse(course, asked)
        case "export":
            print("Wrote", course.export(asked.table))
    return 0


def rehearse(course, asked: argparse.Namespace) -> int:
    """Grade a made-up class; status 1 if anyone did not get the marks that they deserve."""
    from visual_attention.classroom.course import Trouble, notebook_of
    from visual_attention.classroom.made_up import Chapter
    from visual_attention.classroom.rehearsal import Rehearsal

    notebook_of(asked.notebook)
    solutions = asked.solutions or Path("book/solutions") / f"{asked.notebook.stem}.py"
    if not solutions.is_file():
        raise Trouble(f"a rehearsal needs right answers, and {solutions} does not exist: --solutions FILE")
    if course.folder.exists() and any(course.folder.iterdir()):
        raise Trouble(f"a rehearsal needs a course folder of its own, and {course.folder} is not empty")
    chapter = Chapter(asked.notebook, solutions)
    rehearsal = Rehearsal(course.folder, chapter, asked.notebook.resolve(), asked.jobs, asked.seconds)
    if asked.kinds:
        rehearsal.kinds = asked.kinds.split(",")
    good = rehearsal.run(asked.students)
    rehearsal.told()
    return 0 if good else 1


def tell_collected(name: str, gathered, intake) -> None:
    """Every file of the folder: taken, mended, not gradable, or passed over."""
    entries = {student: intake.roll.students[student] for student in gathered.students}
    fit = [student for student, entry in entries.items() if not entry.reason]
    print(f"Collected {len(fit)} submissions of {name}: {', '.join(fit)}")
    parts = {
        "Mended": {s: "; ".join(e.notes) for s, e in entries.items() if e.notes and not e.reason},
        "Cannot be graded, and will have no mark": {s: e.reason for s, e in entries.items() if e.reason},
        "Passed over": gathered.passed_over,
    }
    for head, lines in parts.items():
        if lines:
            print(f"{head}:")
            print(*(f"  {shown(who)}: {shown(why)}" for who, why in lines.items()), sep="\n")


def tell_graded(course, name: str, rows) -> int:
    """The table; status 1 if there is a student whom the grader failed."""
    from visual_attention.classroom.summary import as_text

    print(as_text(name, rows))
    print(f"The table as a page: {course.folder / f'summary-{name}.html'}")
    failed = [row.student for row in rows if row.reason.startswith("the grader failed")]
    if failed:
        log = course.folder / f"autograde-{name}.log"
        print(f"The grader failed with {', '.join(failed)}; the log is {log}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
