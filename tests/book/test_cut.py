"""A page shows all that it holds: on a desk no code, no table and no print is cut or scrolls sideways.

On a telephone what is wide scrolls in a frame of its own, by keyboard too; figures and captions are in sight.
"""

from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.book import contents
from tests.book.conftest import DRAWN

pytestmark = pytest.mark.browser
QUESTIONS = (Path(__file__).parent / "cut.js").read_text(encoding="utf-8")

OPEN = """() => {
  const closed = document.querySelectorAll('main details:not([open])');
  for (const one of closed) one.open = one.dataset.closed = true;
}"""
CLOSE = "() => document.querySelectorAll('main details[data-closed]').forEach(one => one.open = false)"


@contextmanager
def unfolded(page):
    """The page with its hidden cells and solutions open."""
    page.evaluate(OPEN)
    page.evaluate(DRAWN)  # by then the page has heard that they are open
    yield page
    page.evaluate(CLOSE)


def ask(page, question):
    """The answer of a function in cut.js."""
    return page.evaluate(f"() => {{ {QUESTIONS}\n return {question}(); }}")


@contents.every_page
def test_on_a_desk_nothing_that_is_read_line_by_line_is_cut(opened):
    with unfolded(opened.desk.look(width=1280)) as page:
        for question in ("cut", "beyond", "small"):
            assert ask(page, question) == [], question


@contents.every_page
def test_on_a_telephone_what_is_wide_scrolls_in_its_frame_and_by_keyboard(opened):
    with unfolded(opened.telephone.look(width=400, scheme="dark")) as page:
        for question in ("escaped", "unreachable"):
            assert ask(page, question) == [], question


@contents.every_page
def test_on_a_telephone_figures_and_captions_are_in_sight(opened):
    assert ask(opened.telephone.look(width=400, scheme="dark"), "outOfSight") == []


ROW = "'<table><tr>' + '<td>abcdefghij</td>'.repeat(40) + '</tr></table>'"
BREAKS = {
    "a cell of code": "pre.textContent = 'x = 1  # ' + 'y'.repeat(140)",
    "a solution": "document.querySelector('details.solution pre').textContent = 'y'.repeat(140)",
    "a table in its frame": f"pre.outerHTML = '<div style=\"overflow-x: auto\">' + {ROW} + '</div>'",
    "a table without a frame": f"pre.closest('.cell').outerHTML = {ROW}",
    "letters for ants": "pre.innerHTML += '<style>.cell_input pre { font-size: 8px !important }</style>'",
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_cut_on_a_desk_would_be_seen(page_of, what):
    page = page_of("notebooks/mechanisms/soft")
    page.evaluate(f"() => {{ const pre = document.querySelector('main .cell_input pre'); {BREAKS[what]} }}")
    with unfolded(page):
        assert [question for question in ("cut", "beyond", "small") if ask(page, question)]


FAR = "<style>.distant { position: relative !important; left: 420px !important }</style>"


@pytest.mark.parametrize(
    "added,question",
    [
        ('<svg style="width: 700px; max-width: none" viewBox="0 0 9 9"></svg>', "escaped"),
        ('<pre style="width: 300px; overflow: auto">' + 60 * "long " + "</pre>", "unreachable"),
        ('<figure><img alt="a b c" style="margin-left: 390px"></figure>', "outOfSight"),
        ('<table style="width: 900px"><caption class="distant">words</caption></table>' + FAR, "outOfSight"),
    ],
)
def test_what_a_telephone_hides_would_be_seen(page_of, added, question):
    page = page_of("notebooks/mechanisms/soft", width=400)
    before = len(ask(page, question))
    page.evaluate(
        "added => document.querySelector('article section').insertAdjacentHTML('beforeend', added)", added
    )
    assert len(ask(page, question)) == before + 1
