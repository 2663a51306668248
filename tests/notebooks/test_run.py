"""Each notebook runs to its end under nbmake, in a minute at the most; the seconds are in the summary."""

import pytest
from filelock import FileLock

from tools import execution


@pytest.mark.slow
@pytest.mark.parametrize("path", execution.notebooks(), ids=execution.name)
def test_a_notebook_runs_within_its_time(executed, path, record_property, alone):
    assert execution.fresh_copy(path), f"{execution.name(path)} failed: python -m tools.execution {path}"
    seconds = execution.record(path)["seconds"]
    for _ in range(2):
        if seconds > execution.LIMIT:  # beside another, on one core: once more as promised, alone on two
            with alone(), FileLock(execution.ROOT / ".executed.lock"):
                execution.execute([path], workers=1)
            seconds = min(seconds, execution.record(path)["seconds"])
    record_property(f"seconds of {execution.name(path)}", seconds)
    assert seconds <= execution.LIMIT
