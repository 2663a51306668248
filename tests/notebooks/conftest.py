"""Notebooks that were executed with the present code."""

import pytest
from filelock import FileLock

from tools import execution


@pytest.fixture(scope="session")
def executed():
    """Execute what is stale, once for all workers; nbmake does it. Tests then read the records."""
    with FileLock(execution.ROOT / ".executed.lock"):
        stale = [path for path in execution.notebooks() if not is_current(path)]
        if stale:
            execution.execute(stale)


def is_current(path):
    """Whether there is a record of the present code, be it of a success or of a failure."""
    return execution.record(path).get("key") == execution.key(path)
