"""What every test may use, and what the summary says at the end."""

import contextlib
import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tools import browser as browsers

pytest_plugins = ["tests.widgets"]  # a bare page for widgets, of chapters and of view alike

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with one thread each beat one with two

# An example may take its time on a busy machine.
settings.register_profile("patient", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("patient")

NO_BROWSER = f"no Chromium was found, so no page of the book was opened. Get one with: {browsers.HOW}"

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser():
    """A Chromium without a network. Where there is none the test is skipped, in CI it fails."""
    found = browsers.find()
    if not found:
        pytest.fail(NO_BROWSER) if os.environ.get("CI") else pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


LOCK = Path(__file__).parents[1] / ".alone.lock"
HELD = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """A test runs beside those of other workers, but beside none that asks to be alone."""
    with open(LOCK, "w") as item.stash[HELD]:
        fcntl.flock(item.stash[HELD], fcntl.LOCK_SH)
        return (yield)


@pytest.fixture
def alone(request):
    """A function that gives a context in which no other worker runs a test; it waits for theirs to end."""

    @contextlib.contextmanager
    def waited():
        fcntl.flock(request.node.stash[HELD], fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(request.node.stash[HELD], fcntl.LOCK_SH)

    return waited


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    unopened = [report for report in skipped if NO_BROWSER in str(report.longrepr)]
    if unopened:
        terminalreporter.section("BROWSER TESTS WERE SKIPPED", red=True, bold=True)
        terminalreporter.line(f"{len(unopened)} tests: {NO_BROWSER}")
    timed = [p for report in terminalreporter.stats.get("passed", []) for p in report.user_properties]
    seconds = sorted(
        (value, name.removeprefix("seconds of ")) for name, value in timed if name.startswith("seconds of ")
    )
    if seconds:
        terminalreporter.section("seconds of each notebook (two at a time; what took over a minute, alone)")
        for value, name in reversed(seconds):
            terminalreporter.line(f"{value:6.1f}  {name}")
