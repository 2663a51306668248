"""Make a small environment with Colab's versions of what the notebooks touch, over the packages of this one.

Run: python -m tools.colab

The pinned packages are installed into .venv/colab; all else is borrowed by links from the environment that
runs this, except the course's package itself, which each test lets the set-up cell fetch.
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tools.execution import ROOT

# From Colab's published package list of August 2026.
PINS = (
    "ipywidgets==7.7.1",
    "anywidget==0.9.21",
    "numpy==2.1.3",
    "matplotlib==3.10.0",
    "ipykernel==6.17.1",
    "ipython==7.34.0",
)
FREE = {pin.split("==")[0] for pin in PINS} | {
    "widgetsnbextension",
    "jupyterlab_widgets",
}  # theirs, not this one's
FOLDER = ROOT / ".venv" / "colab"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "made-from"


def key():
    text = (*PINS, sys.version, (ROOT / "requirements.txt").read_text(), Path(__file__).read_text())
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


def is_fresh():
    return STAMP.exists() and STAMP.read_text() == key()


def make():
    venv.create(FOLDER, with_pip=True, clear=True)
    constraints = FOLDER / "constraints.txt"
    pins = (ROOT / "requirements.txt").read_text().splitlines()
    constraints.write_text("\n".join(pin for pin in pins if pin.split("==")[0].lower() not in FREE))
    command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", constraints, *PINS]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"Colab's versions could not be installed:\n{done.stderr}")
    borrow()
    STAMP.write_text(key())


def borrow():
    """Link what the pinned packages did not bring, behind what they did."""
    own = Path(sysconfig.get_path("purelib", vars={"base": str(FOLDER)}))
    borrowed = FOLDER / "borrowed"
    shutil.rmtree(borrowed, ignore_errors=True)
    borrowed.mkdir()
    present = {project(path) for path in own.iterdir()}
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if project(path) not in present and "visual_attention" not in path.name and path.suffix != ".pth":
            (borrowed / path.name).symlink_to(path)
    (own / "borrowed.pth").write_text(f"{borrowed}\n")


def project(path):
    """numpy for numpy, numpy-2.1.3.dist-info and numpy.libs."""
    return path.name.split("-")[0].split(".")[0].lower()


if __name__ == "__main__":
    if not is_fresh():
        print("Making an environment with Colab's versions, to try the notebooks in ...", flush=True)
        make()
