"""Watches what a sandbox takes: how many processes, and how much memory they hold together.

Limits that the kernel keeps for one process (sandbox.py) do not add up over a thousand of them.
"""

import os
from pathlib import Path

from visual_attention.classroom.sandbox import MEMORY, PROCESSES
from visual_attention.classroom.wire import Garbled, Starved

LEFT = 256 * 2**20  # bytes: below that of memory left on the machine, what runs in a sandbox is ended


class Watch:
    """Looks at a process and all that come from it.

    Args:
        pid: The number of the sandbox's first process.
    """

    def __init__(self, pid: int):
        self.pid = pid

    def __call__(self) -> None:
        """Garbled if the processes are too many or too large."""
        found = family(self.pid)
        if len(found) > PROCESSES:
            raise Garbled(f"it started more than {PROCESSES} processes")
        if sum(map(resident, found)) > MEMORY and sum(map(held, found)) > MEMORY:  # the second takes longer
            raise Garbled(f"it took more than {MEMORY / 2**30:g} GB of memory")
        if available() < LEFT:
            raise Starved("this machine's memory ran out meanwhile")


def family(pid: int) -> list[int]:
    """A process and all that come from it, as far as Linux tells."""
    found = [pid]
    for known in found:  # the list grows meanwhile
        if len(found) > 10 * PROCESSES:
            break
        for thread in _listed(f"/proc/{known}/task"):
            found += map(int, _read(Path(f"/proc/{known}/task/{thread}/children")).split())
    return found


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 once it has ended."""
    pages = _read(Path(f"/proc/{pid}/statm")).split()
    return int(pages[1]) * 4096 if len(pages) > 1 else 0


def held(pid: int) -> int:
    """Bytes of memory that a process holds, what it shares with others divided among them."""
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def available() -> float:
    """Bytes that the machine can still give."""
    for line in _read(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return float("inf")


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # ended meanwhile
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # ended meanwhile, or not Linux
        return ""
