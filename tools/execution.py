"""Execute notebooks with nbmake, two at a time, and keep each executed copy until its key changes.

Run: python -m tools.execution [--again] [notebook ...]

An executed copy in .executed/ belongs to a key: a hash of the notebook, of the package without the rooms that
it does not read, of requirements.txt and of the Python version. The book shows a copy only while its key is
the present one.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from functools import cache
from pathlib import Path

from tools.rooms_of import rooms_of

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / ".executed"  # nbmake passes over folders named _build
COLOUR = re.compile(r"(#x1B|\x1b)\[[0-9;]*m")
LIMIT = 60  # seconds, the course's promise for each notebook
CORES = 2  # on which it is promised


def threads(many):
    """What holds a process, and what it starts, to so many threads."""
    return dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(many))


def notebooks():
    """The committed notebooks, in alphabetical order."""
    return sorted(path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def name(path):
    """mechanisms/soft for notebooks/mechanisms/soft.ipynb."""
    return Path(path).resolve().relative_to(NOTEBOOKS).with_suffix("").as_posix()


def package_files(notebook=None):
    """Every file of the package that a notebook might read: of the rooms those that it reads (rooms_of.py);
    who looks into all of them takes what has the room's name."""
    files = (path for path in (ROOT / "src").rglob("*") if path.is_file())
    files = (p for p in files if "__pycache__" not in p.parts and ".egg-info" not in str(p))
    package = ROOT / "src" / "visual_attention"
    rooms = package / "chapters"
    if notebook and (rooms / notebook.stem).is_dir():
        read = {rooms / room for room in rooms_of(notebook, package)}
        files = (p for p in files if rooms not in p.parents[1:] or not read.isdisjoint(p.parents))
    return sorted(files)


def key(path):
    """What the outputs of a notebook depend on, as one hash."""
    return hashlib.sha256(Path(path).read_bytes() + environment_key(Path(path)).encode()).hexdigest()


def environment_key(notebook=None):
    """The package as a notebook sees it, the requirements and the Python version as one hash."""
    files = [*package_files(notebook), ROOT / "requirements.txt"]
    return digest_of(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@cache
def digest_of(stamps):
    digest = hashlib.sha256(platform.python_version().encode())
    for path, *_ in stamps:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def copy_of(path):
    return EXECUTED / f"{name(path)}.ipynb"


def record(path):
    """What is known of the last execution: {"key", "seconds", "passed"}, or an empty dict."""
    sidecar = copy_of(path).with_suffix(".json")
    return json.loads(sidecar.read_text()) if sidecar.exists() else {}


def fresh_copy(path):
    """The executed copy if it passed and belongs to the present code, else None."""
    known = record(path)
    return copy_of(path) if known.get("passed") and known.get("key") == key(path) else None


def execute(paths, *, workers=CORES):
    """Execute notebooks with nbmake and keep the copies that pass. Returns the names of those that failed.

    With two workers each has one thread, so that two notebooks share two cores; one worker has both.
    """
    keys = {path: key(path) for path in paths}
    for path in paths:
        copy_of(path).parent.mkdir(parents=True, exist_ok=True)
        copy_of(path).with_suffix(".json").unlink(missing_ok=True)
        shutil.copyfile(path, copy_of(path))
    report = EXECUTED / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--nbmake", "--overwrite", "--nbmake-timeout=300", "-v"]
    command += [
        "-p",
        "no:cacheprovider",
        "-W",
        "default",
        f"--junitxml={report}",
        "--no-header",
        "--no-summary",
    ]
    command += ["-n", str(min(workers, len(paths)))] if min(workers, len(paths)) > 1 else []
    command += [str(copy_of(path)) for path in paths]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | threads(max(1, CORES // workers)), check=False)
    outcomes = read_report(report) if report.exists() else {}
    if not outcomes:
        print(f"The run of the notebooks was itself ended (exit status {done.returncode}).", file=sys.stderr)
    for path in paths:
        seconds, trouble = outcomes.get(name(path), (0.0, "was not run"))
        known = {"key": keys[path], "seconds": round(seconds, 1), "passed": trouble is None}
        copy_of(path).with_suffix(".json").write_text(json.dumps(known) + "\n")
        if trouble:
            print(f"\n{name(path)} failed:\n{trouble}", file=sys.stderr)
    return [name(path) for path in paths if not record(path)["passed"]]


def read_report(report):
    """{notebook's name: (seconds, None or the text of its failure)} from pytest's report."""
    outcomes = {}
    for case in xml.parse(report).iter("testcase"):
        stem = case.get("classname").removeprefix(".executed.").removesuffix(".ipynb").replace(".", "/")
        trouble = next((node for tag in ("failure", "error") if (node := case.find(tag)) is not None), None)
        text = COLOUR.sub("", (trouble.text or "failed")) if trouble is not None else None
        outcomes[stem] = (float(case.get("time")), text)
    return outcomes


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="execute even what is fresh")
    parser.add_argument("notebook", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    chosen = [path.resolve() for path in options.notebook] or notebooks()
    stale = chosen if options.again else [path for path in chosen if fresh_copy(path) is None]
    print(f"{len(chosen)} notebooks, {len(stale)} to execute, two at a time.", flush=True)
    started = time.time()
    failed = execute(stale) if stale else []
    for path in chosen:
        print(
            f"  {name(path):40} {record(path)['seconds']:6.1f} s{'  FAILED' if name(path) in failed else ''}"
        )
    if stale:
        print(f"Executed in {time.time() - started:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
