"""The built book, opened in a real Chromium that can reach nothing but this machine.

``open_page(name, over="http", width=1280, scheme="light")`` returns a Visit: ``page`` is Playwright's, and
``outside``, ``failed`` and ``errors`` list what the page asked of the network, what did not come and what
the console said. ``page_of(name, ...)`` returns the page alone.
"""

import functools
import http.server
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from tools import book as maker

LOCAL = ("http://127.0.0.1:", "file:", "data:", "blob:", "about:")


@pytest.fixture(scope="session")
def pages():
    """Folder of the built book, built now if it is stale. BOOK_PAGES names another folder."""
    if named := os.environ.get("BOOK_PAGES"):
        return Path(named)
    with FileLock(maker.ROOT / "_build.lock"):
        if not maker.is_fresh():
            assert maker.build() == 0, "the book does not build"
    return maker.PAGES


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address(pages):
    """Where a local server shows the book."""
    handler = functools.partial(Quiet, directory=pages)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Visit:
    """One page in one window, and what it did."""

    page: object
    outside: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    errors: list = field(default_factory=list)

    def watch(self):
        self.page.on("request", lambda r: r.url.startswith(LOCAL) or self.outside.append(r.url))
        self.page.on("requestfailed", lambda r: self.failed.append(r.url))
        self.page.on("response", lambda r: r.status >= 400 and self.failed.append(f"{r.status} {r.url}"))
        self.page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        self.page.on("pageerror", lambda e: self.errors.append(f"uncaught: {e}"))


@pytest.fixture
def open_page(browser, pages, request):
    """A function that opens a page of the book in a window of its own."""
    contexts = []

    def opened(name, *, over="http", width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        context.add_init_script(f"try {{ localStorage.mode = localStorage.theme = '{scheme}' }} catch {{}}")
        visit = Visit(context.new_page())
        visit.watch()
        base = pages.as_uri() if over == "file" else request.getfixturevalue("address")
        visit.page.goto(f"{base}/{name}.html", wait_until="load")
        visit.page.wait_for_function(TYPESET, timeout=60_000)
        visit.page.wait_for_timeout(150)
        return visit

    yield opened
    for context in contexts:
        context.close()


TYPESET = """() => {
  const wanted = document.querySelectorAll('.math');
  return !wanted.length || [...wanted].every(m => m.querySelector('mjx-container'));
}"""


@pytest.fixture
def page_of(open_page):
    """A function that opens a page of the book and returns Playwright's page."""
    return lambda name, **how: open_page(name, **how).page
