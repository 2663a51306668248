"""A bare page, opened from a file, that holds nothing but widgets in their static form."""

from dataclasses import dataclass, field

import numpy as np
import pytest

BARE = """<!doctype html><html lang="en"{theme}><head><meta charset="utf-8"><title>Widgets</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Widgets</h1>{widgets}</main></body></html>"""


@dataclass
class Opened:
    page: object
    errors: list = field(default_factory=list)
    dialogs: list = field(default_factory=list)
    asked: list = field(default_factory=list)


@pytest.fixture
def draw(browser, tmp_path):
    """A function that draws widgets into a page of their own, over file://, and returns Playwright's page."""
    opened = []

    def drawn(*widgets, width=1280, scheme="light", touch=False, theme="", javascript=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            has_touch=touch,
            java_script_enabled=javascript,
        )
        one = Opened(context.new_page())
        one.page.on("pageerror", lambda error: one.errors.append(str(error)))
        one.page.on("console", lambda said: said.type == "error" and one.errors.append(said.text))
        one.page.on("dialog", lambda dialog: (one.dialogs.append(dialog.message), dialog.dismiss()))
        one.page.on("request", lambda asked: one.asked.append(asked.url))
        opened.append((context, one))
        bundles = [widget._repr_mimebundle_()[0]["text/html"] for widget in widgets]
        file = tmp_path / f"page{len(opened)}.html"
        file.write_text(BARE.format(theme=theme, widgets="<p>between</p>".join(bundles)), encoding="utf-8")
        one.page.goto(file.as_uri())
        if javascript:
            settle(one.page)
        return one.page

    yield drawn
    for context, one in opened:
        asked = [url for url in one.asked if not url.startswith(("file:", "data:"))]
        context.close()
        assert not one.errors, f"the page reported errors: {one.errors}"
        assert not one.dialogs, f"text became a script that ran: {one.dialogs}"
        assert not asked, f"the page asked for {asked}"


def settle(page):
    """Wait until what was changed has been drawn."""
    page.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(() => done()), 60))")


@pytest.fixture
def photograph():
    """A small picture with a bright disc, (3, 48, 36): not square, so that swapped axes show."""
    rows, columns = np.mgrid[0:48, 0:36]
    disc = ((rows - 12) ** 2 + (columns - 24) ** 2 < 64).astype(float)
    return np.stack([0.2 + 0.7 * disc, rows / 60, columns / 45])


@pytest.fixture
def attention():
    """Attention of 2 layers, 3 heads, over a grid of 4 x 3 patches, (2, 3, 12, 12)."""
    scores = np.random.default_rng(0).normal(size=(2, 3, 12, 12)) * 2
    raised = np.exp(scores)
    return raised / raised.sum(-1, keepdims=True)
