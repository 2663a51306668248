"""Each notebook runs to its end under nbmake, in a minute at the most; the seconds are in the summary.

The minute is one of two quiet cores. Where a notebook took longer it is run again, beside whatever else the
machine is doing, and its seconds are divided by how much longer a fixed piece of work takes there and then.
"""

import time

import pytest
from filelock import FileLock

from tools import execution


@pytest.mark.slow
@pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)
def test_a_notebook_runs_within_its_time(executed, path, record_property):
    assert execution.fresh_copy(path), f"{execution.name(path)} failed: python -m tools.execution {path}"
    seconds = execution.record(path)["seconds"]
    for _ in range(2):
        if seconds > execution.LIMIT:  # it ran beside another: once more, beside no other notebook
            with FileLock(execution.ROOT / ".executed.lock"):
                before = slowness()
                execution.execute([path], workers=1)
                slow = max(1.0, (before + slowness()) / 2)
            seconds = min(seconds, execution.record(path)["seconds"] / slow)
    record_property(f"seconds of {execution.name(path)}", seconds)
    assert seconds <= execution.LIMIT


QUIET = 0.35  # seconds that the work takes on a quiet core of 2.8 GHz


def slowness():
    """How many times as long as on a quiet core a fixed piece of work takes now, the best of three."""

    def took():
        began = time.perf_counter()
        sum(number * number for number in range(6_000_000))
        return time.perf_counter() - began

    return min(took() for _ in range(3)) / QUIET
