"""The built book, opened in a real Chromium that can reach nothing but this machine.

``opened`` is one page of the book in two windows, each opened once for all tests of that page:
``opened.desk`` over http, wide and light; ``opened.telephone`` from a folder, narrow and dark. Each is a
Visit: ``look(width=..., scheme=...)`` changes the window or the light as a reader does and returns
Playwright's page; ``outside``, ``failed`` and ``errors`` list what the page asked of the network, what did
not come and what the console said. ``opened.document`` is the page's HTML, parsed.

``open_page(name, over="http", width=1280, scheme="light")`` returns a Visit of a test's own, and
``page_of(name, ...)`` its page alone.
"""

import functools
import http.server
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

from tools import book as maker

LOCAL = ("http://127.0.0.1:", "file:", "data:", "blob:", "about:")
PATIENCE = 120_000  # milliseconds; a machine on which others work takes its time
THEMES = 3  # light, dark, and as the system


@pytest.fixture(scope="session")
def pages():
    """Folder of the built book, built now if it is stale. BOOK_PAGES names another folder."""
    if named := os.environ.get("BOOK_PAGES"):
        return Path(named).resolve()
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

    def look(self, *, width, scheme="light"):
        """The page in a window of that width and that light, drawn."""
        self.page.set_viewport_size({"width": width, "height": 900})
        for _ in range(THEMES):
            if self.page.evaluate("document.documentElement.dataset.theme") != scheme:
                self.page.evaluate("document.querySelector('.theme-switch-button').click()")
        assert self.page.evaluate("document.documentElement.dataset.theme") == scheme
        self.page.evaluate(DRAWN)
        return self.page


# Two frames later; where a browser draws no frame, as behind another window, a second later.
DRAWN = """() => new Promise(done => {
  requestAnimationFrame(() => requestAnimationFrame(() => done()));
  setTimeout(done, 1000);
})"""

TYPESET = """() => {
  const wanted = document.querySelectorAll('.math');
  return !wanted.length || [...wanted].every(m => m.querySelector('mjx-container'));
}"""


@pytest.fixture(scope="session")
def visit(pages, address, request):
    """A function that opens a page of the book in a context of its own, or in one kept under a name."""
    try:
        browser, missing = request.getfixturevalue("browser"), ""
    except pytest.skip.Exception as reason:  # then the tests that only read the HTML still run
        browser, missing = None, str(reason)
    kept = {}

    def visited(name, *, over="http", width=1280, scheme="light", keep=None, **settings):
        if browser is None:
            pytest.skip(missing)
        context = kept.get(keep)
        if context is None:
            size = {"width": width, "height": 900}
            context = browser.new_context(viewport=size, color_scheme=scheme, **settings)
            context.set_default_timeout(PATIENCE)
            theme = f"localStorage.mode = localStorage.theme = '{scheme}'"
            context.add_init_script(f"try {{ {theme} }} catch {{}}")
        if keep:
            kept[keep] = context
        made = Visit(context.new_page())
        made.watch()
        base = pages.as_uri() if over == "file" else address
        made.page.goto(f"{base}/{name}.html", wait_until="load")
        made.page.wait_for_function(TYPESET)
        made.page.evaluate("document.fonts.ready.then(() => {})")
        made.page.evaluate(DRAWN)
        return made

    yield visited
    for context in kept.values():
        context.close()


class Opened:
    """One page of the book: its HTML, and two windows that open when they are first asked for."""

    def __init__(self, name, pages, visit):
        self.name, self.file, self._visit, self._made = name, pages / f"{name}.html", visit, []

    @functools.cached_property
    def document(self):
        return BeautifulSoup(self.file.read_text(encoding="utf-8"), "html.parser")

    @functools.cached_property
    def desk(self):
        return self._open(keep="desk", over="http", width=1280, scheme="light")

    @functools.cached_property
    def telephone(self):
        return self._open(keep="telephone", over="file", width=400, scheme="dark")

    def _open(self, **how):
        # Without transitions a colour is at once what it will be; the tests of reading have them.
        self._made.append(self._visit(self.name, reduced_motion="reduce", **how))
        return self._made[-1]

    def close(self):
        for made in self._made:
            made.page.close()
            assert (made.outside, made.failed, made.errors) == ([], [], []), "after the page had been read"


@pytest.fixture(scope="session")
def opened(request, pages, visit):
    """The page that the test's parameter names."""
    page = Opened(request.param, pages, visit)
    yield page
    page.close()


@pytest.fixture
def open_page(visit):
    """A function that opens a page of the book for one test."""
    contexts = []

    def opened(name, **how):
        made = visit(name, **how)
        contexts.append(made.page.context)
        return made

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page_of(open_page):
    """A function that opens a page of the book and returns Playwright's page."""
    return lambda name, **how: open_page(name, **how).page
