"""Tests of one group run in one worker, so that what is costly is made once: a page, a graded class."""

import pytest


@pytest.mark.xdist_group("kept together")
def test_a_group_is_kept_together(request):
    """pytest-xdist tells a group by what it adds to the test's name, and not each pytest lets it."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("all tests run in one process: there is nothing to keep together")
    assert request.node.nodeid.endswith("@kept together")
