"""Build the book: execute what is stale, then make the pages, with every warning an error.

Run: python -m tools.book [--if-stale]
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools import execution

ROOT = execution.ROOT
PAGES = ROOT / "_build" / "html"
STAMP = ROOT / "_build" / "stamp.json"
LEFT_OUT = {
    "__pycache__",
    ".ipynb_checkpoints",
    "picture.png",
}  # README's picture shows the book, no page shows it
PROGRESS = re.compile(r"(reading sources|writing output)\.\.\. .*?\[ *(\d+)%")
SOURCES = ("book", "notebooks", "tools", "_config.yml", "_toc.yml")


FRONT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Where to Look</title>
<link rel="icon" href="_static/favicon.svg">
<meta http-equiv="refresh" content="0; url=book/index.html">
</head>
<body><main><h1>Where to Look</h1><p><a href="book/index.html">To the book</a></p></main></body>
</html>
"""


def key():
    """What the pages depend on, as one hash."""
    files = [
        p
        for name in SOURCES
        for p in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
    ]
    files = [p for p in files if p.is_file() and not LEFT_OUT & set(p.parts)]
    digest = hashlib.sha256(execution.environment_key().encode())
    for path in sorted(files):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_fresh():
    return (
        STAMP.exists() and json.loads(STAMP.read_text())["key"] == key() and (PAGES / "index.html").exists()
    )


def build():
    """Execute, then build. Returns an exit status."""
    STAMP.unlink(missing_ok=True)
    built_from = key()
    if failed := execution.main([]):
        return failed
    shutil.rmtree(PAGES, ignore_errors=True)  # no page of a chapter that is gone
    status = make_pages()
    if status == 0:
        (PAGES / "index.html").write_text(FRONT)  # in place of Jupyter Book's, which has no title
        STAMP.write_text(json.dumps({"key": built_from}) + "\n")
    return status


def make_pages():
    """Run Jupyter Book; its warnings go to the terminal as they are, its progress in steps of a quarter."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(ROOT)]
    command += ["-W", "-n", "--keep-going", "--all"]
    environment = os.environ | execution.threads(1) | {"PYTHONUNBUFFERED": "1"}
    print("Making the pages ...", flush=True)
    seen = set()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            if step := PROGRESS.search(line):
                quarter = (step[1], int(step[2]) // 25 * 25)
                if quarter not in seen:
                    print(f"  {step[1]} {step[2]} %", flush=True)
                seen.add(quarter)
    return running.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--if-stale", action="store_true", help="do nothing where the pages belong to the present code"
    )
    started = time.time()
    if parser.parse_args().if_stale and is_fresh():
        print("The book is up to date.")
    elif build():
        print("The book was NOT built: see the messages above.", file=sys.stderr)
        return 1
    else:
        print(f"Built in {time.time() - started:.0f} s.")
    print(f"Open the book: {(PAGES / 'index.html').as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
