"""Run, list and show the claims of the course: python -m visual_attention.experiments --help

QUICK=1 in the environment makes three seeds and a quarter of the steps, into a folder beside the records.
"""

import argparse
import os
import sys
from pathlib import Path

from visual_attention.experiments import answer, comparison, ledger, plan, record, registry, runner, words
from visual_attention.experiments.plan import quick
from visual_attention.experiments.question import Question


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m visual_attention.experiments", description=__doc__)
    top.add_argument("--records", type=Path, default=None, help="folder of records (default: the package's)")
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="all claims with the state of their records")
    show = verbs.add_parser("show", help="a claim's table and verdict")
    show.add_argument("claim")
    show.add_argument("--budget", default="full")
    show.add_argument("--baseline", default=None, help="compare with this arm instead")
    run = verbs.add_parser("run", help="make the runs that a record lacks")
    run.add_argument("claims", nargs="*", metavar="claim", help="claims to run (default: all)")
    run.add_argument("--seeds", type=int, default=None, help="how many seeds (default: the claim's)")
    run.add_argument("--jobs", type=int, default=1, help="processes on this machine")
    run.add_argument("--budget", default="full")
    run.add_argument("--arms", nargs="+", default=None, help="only these arms")
    run.add_argument(
        "--scheduler", default=None, metavar="ADDRESS", help="of a Dask cluster, e.g. tcp://host:8786"
    )
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; 2 if it asks for what does not exist."""
    options = parser().parse_args(arguments)
    try:
        if options.verb == "list":
            for name in registry.names():
                print(_state(name, options.records))
            for question in registry.questions().values():
                print(_standing(question, options.records))
        elif options.verb == "show":
            _show(options)
        else:
            _run(options)
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted. The same command continues.", file=sys.stderr)
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    wanted = options.claims or [*registry.questions(), *([] if _short() else registry.names())]
    chosen = [registry.claim(name) for name in wanted if name not in registry.questions()]
    if options.seeds is not None and options.seeds < 1:
        raise ValueError(f"--seeds: wanted 1 or more, got {options.seeds}")
    for name in wanted:
        if name in registry.questions():
            _ask(registry.question(name), options)
    for claim in chosen:
        made = runner.run(
            claim,
            seeds=None if options.seeds is None else range(options.seeds),
            budget=options.budget,
            arms=options.arms,
            jobs=options.jobs,
            scheduler=options.scheduler,
            folder=options.records,
            progress=not options.quiet,
        )
        print(f"{claim.name}: {made} runs made, record in {record.path(claim.name, options.records)}")


def _ask(question: Question, options: argparse.Namespace) -> None:
    """Make the trainings that a question's record lacks."""
    folder = options.records
    if _short():
        folder = ledger.path(question.name, folder).parent / "quick"
        question = quick(question)
    file = ledger.path(question.name, folder)
    made = plan.run(
        question, file, jobs=options.jobs, scheduler=options.scheduler, progress=not options.quiet, say=print
    )
    print(f"{question.name}: {made} runs made, record in {file}")
    if _short():
        print(
            words.signs(
                answer.answer(question, folder),
                answer.answer(registry.question(question.name), options.records),
            )
        )


def _short() -> bool:
    """Whether QUICK is set: then only claims of the newer kind run, for only they can be cut short."""
    return os.environ.get("QUICK", "") not in ("", "0")


def _standing(question: Question, folder: Path | None) -> str:
    """One line: the question, how much of its record is there, and its three verdicts."""
    found = answer.answer(question, folder)
    verdicts = ", ".join(f"{one.kind}: {one.verdict}" for one in found.verdicts)
    seeds = f"{found.seeds(question.middle)}/{question.seeds} seeds"
    return f"{question.name:24} {question.chapter:32} {seeds}  {verdicts}"


def _show(options: argparse.Namespace) -> None:
    if options.claim in registry.questions():
        print(words.as_text(answer.answer(registry.question(options.claim), options.records)))
        return
    claim = registry.claim(options.claim)
    rows = record.load(claim.name, options.budget, options.records)
    if not rows:
        raise ValueError(f"no record of {claim.name!r} under {options.budget!r}: run it first")
    print(f"{claim.statement}\nRule: {claim.rule}.\n")
    print(comparison.compare(claim, rows, baseline=options.baseline))


def _state(name: str, folder: Path | None) -> str:
    """One line: the claim, how much of its record is there, and its verdict."""
    claim = registry.claim(name)
    rows = record.load(name, folder=folder)
    runs = len({(row["arm"], row["seed"]) for row in rows})
    try:
        verdict = comparison.compare(claim, rows).verdict
    except ValueError:
        verdict = "no record yet"
    return f"{name:24} {claim.chapter:32} {runs}/{len(claim.arms) * claim.seeds} runs  {verdict}"


if __name__ == "__main__":
    sys.exit(main())
