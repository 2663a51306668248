"""The command that starts worker.py where it can do no harm: no network, no files, limited memory and time.

Run: python -m visual_attention.classroom.sandbox
"""

import functools
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

import visual_attention

UNSAFE = "VISUAL_ATTENTION_UNSAFE"  # environment variable: "1" grades without a sandbox
FOLDERS = "VISUAL_ATTENTION_FOLDERS"  # environment variable: what can be written to in the sandbox
MEMORY = 3 * 2**30  # bytes: of data in one process, and of all processes together
PROCESSES = 48  # of one submission at a time, seen by watch.py
FORKS = 4096  # of one user, kept by the kernel, where that user is not root
FILE = 64 * 2**20  # bytes in one file
FILES = 256  # open at a time
DISK = 128 * 2**20  # bytes of all files together; they lie in memory
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/fonts",
)


@functools.cache
def available() -> str:
    """Empty if bubblewrap can be used here; otherwise the reason."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap needs Linux"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap)"
    if shutil.which("prlimit") is None:
        return "prlimit is not installed (Debian, Ubuntu: apt install util-linux)"
    trial = os.spawnvp(os.P_WAIT, "bwrap", ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"])
    return "" if trial == 0 else "bubblewrap is installed but may not make namespaces here"


@functools.cache
def knows() -> str:
    """What this bubblewrap says about its options: older ones cannot limit the size of a folder."""
    return subprocess.run(["bwrap", "--help"], capture_output=True, text=True).stdout


def plain() -> list[str]:
    """The worker without a sandbox: in a process of its own, but with the teacher's rights."""
    return [sys.executable, "-m", "visual_attention.classroom.worker"]


def confined() -> list[str]:
    """The worker in bubblewrap: it sees Python, the installed packages and this package, read-only."""
    limits = [f"--data={MEMORY}", f"--fsize={FILE}", f"--nofile={FILES}", f"--nproc={FORKS}", "--core=0"]
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--chdir", "/tmp"]
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), name]
        elif path.exists():
            options += ["--ro-bind", name, name]
    size = ["--size", str(DISK)] if "--size" in knows() else []
    options += ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/tmp", *size, "--tmpfs", "/dev/shm"]
    for name in readable():  # after the empty /tmp, which would hide a course that lies in the real one
        options += ["--ro-bind", name, name]
    options += [
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
    ]  # nothing can be written but into /tmp and /dev/shm
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(package_folder()),
        FOLDERS: "/tmp:/dev/shm",
    }
    for name, value in environment.items():
        options += ["--setenv", name, value]
    # Processes in the sandbox can read the environment of bwrap itself, which clearenv does not clear.
    prlimit, bwrap = (shutil.which(name) or name for name in ("prlimit", "bwrap"))
    return ["env", "-i", prlimit, *limits, bwrap, *options, *plain()]


def package_folder() -> Path:
    """The folder that holds the package visual_attention."""
    return Path(visual_attention.__file__).resolve().parents[1]


def readable() -> list[str]:
    """Folders with Python and packages, outer ones first, without what lies under /usr."""
    folders = {
        Path(p).resolve() for p in (sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages())
    }
    folders |= {Path(sys.prefix), Path(sys.base_prefix), package_folder() / "visual_attention"}
    folders = {folder for folder in folders if folder.exists()}
    inside = [f for f in folders if any(other in f.parents for other in folders | {Path("/usr")})]
    return sorted(str(f) for f in folders if f not in inside and f != Path("/usr"))


def main() -> None:
    """Say whether the sandbox works here, and how it is started."""
    print(available() or "bubblewrap works here")
    print(*confined())


if __name__ == "__main__":
    main()
