"""Break the modules on purpose and see that their tests notice: ``python tools/mutants.py [stem ...]``.

Each ``mutants*.toml`` beside the tests names a source file, its test file and a list of mutants, each a text
to replace by another. Its stem is its path, chapters/soft for tests/chapters/soft/mutants.toml, and ``soft``
names all plans of that chapter. A mutant that no test notices, or that no longer applies, makes this command
fail.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from joblib import Parallel, delayed

ROOT = Path(__file__).resolve().parent.parent
JOBS = int(os.environ.get("MUTANTS_JOBS", "2"))


def outcome(plan: dict, mutant: dict | None) -> str:
    """ "killed", "survived" or "does not apply" for a mutant (None: the code as it is), in a copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("src", "tests", "tools", "notebooks"):
            shutil.copytree(
                ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        shutil.copytree(ROOT / "book" / "solutions", copy / "book" / "solutions")
        shutil.copy(ROOT / "pyproject.toml", copy)
        if mutant is not None:
            source = copy / mutant.get("source", plan["source"])
            text = source.read_text()
            if text.count(mutant["old"]) != mutant.get("count", 1):
                return "does not apply"
            source.write_text(text.replace(mutant["old"], mutant["new"]))
        environment = os.environ | {"PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *plan["tests"]]
        code = subprocess.run(command, cwd=copy, env=environment, capture_output=True).returncode
        return {0: "survived", 1: "killed"}.get(code, f"pytest ended with {code}")


def stem(path: Path) -> str:
    """``view/frames`` for tests/view/mutants_frames.toml."""
    rest = path.stem.removeprefix("mutants").strip("_")
    return "/".join([*path.parent.relative_to(ROOT / "tests").parts, *([rest] if rest else [])])


def main(stems: list[str]) -> int:
    """Try the mutants of the given stems (all, if none is given) and return how many were not killed."""
    plans = {stem(path): path for path in sorted((ROOT / "tests").rglob("mutants*.toml"))}
    chosen = [name for name in plans if not stems or set(stems) & {name, *name.split("/")}]
    if not chosen:
        print(f"stem: wanted one of {', '.join(plans)}; got {' '.join(stems)}")
        return 1
    plans = [tomllib.loads(plans[name].read_text()) | {"stem": name} for name in chosen]
    for plan in plans:
        if (result := outcome(plan, None)) != "survived":  # tests that fail anyway would kill every mutant
            print(f"{plan['stem']}: its tests do not pass on the code as it is ({result})")
            return 1
    jobs = [(plan, mutant) for plan in plans for mutant in plan["mutants"]]
    outcomes = Parallel(n_jobs=JOBS, return_as="generator")(delayed(outcome)(*job) for job in jobs)
    alive = 0
    for (plan, mutant), result in zip(jobs, outcomes, strict=True):
        print(f"{result:>14}  {plan['stem']}: {mutant['why']}", flush=True)
        alive += result != "killed"
    print(f"{len(jobs) - alive} of {len(jobs)} mutants killed")
    return alive


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
