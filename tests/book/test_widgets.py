"""Each widget in the built pages is alive without a kernel: it answers the keyboard and the pointer."""

import pytest

from tests.book import contents
from tests.book.conftest import DRAWN

pytestmark = pytest.mark.browser


def state(widget):
    """What a reader sees of a widget: its words, its pictures' addresses and its canvases' pixels."""
    widget.page.evaluate(DRAWN)
    return widget.evaluate(
        "e => [e.innerText, ...[...e.querySelectorAll('img')].map(i => i.src.length + i.alt),"
        " ...[...e.querySelectorAll('input')].map(i => i.value + i.checked),"
        " ...[...e.querySelectorAll('canvas')].map(c => c.toDataURL())].join()"
    )


def widgets(page):
    found = page.locator(".tk")
    return [found.nth(i) for i in range(found.count())]


@pytest.mark.parametrize("window", ["desk", "telephone"])
@contents.every_chapter
def test_every_widget_answers_keyboard_and_pointer(opened, window):
    visit = getattr(opened, window)
    page = visit.look(width=1280)
    assert page.locator("[data-tk]:has(> img)").count() == 0, "a widget stayed a still picture"
    found = widgets(page)
    assert found, "a chapter has at least one widget"
    for widget in found:
        for act in (press, click):
            answered = answers(widget, act)
            assert answered, f"{widget.get_attribute('aria-label')!r} does not answer a {act.__name__}"
    assert visit.errors == []


def answers(widget, act):
    """Whether a part of the act changes what is seen. It goes on to its end, for the errors it may cause."""
    before, changed = state(widget), False
    for _ in act(widget.page, widget):
        changed = changed or state(widget) != before
    widget.page.evaluate(DRAWN)
    return changed


def press(page, widget):
    """Tab's first stop that has a value of its own, and its arrow keys."""
    control = widget.locator("[role=application], input[type=range], input[type=radio]").first
    control.focus()
    for key in ("ArrowRight", "ArrowDown", "Home", "ArrowRight"):
        page.keyboard.press(key)
        yield


def click(page, widget):
    """A click at two places of each control: what a picture wants dragged, its own tests drag."""
    controls = widget.locator("canvas[role=application], input[type=range], input[type=radio]")
    for control in (controls.nth(i) for i in range(controls.count())):
        if not control.is_visible():  # a game hides what only its other player needs
            continue
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        for part in (0.15, 0.8):
            page.mouse.click(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.3 + 4)
            yield


@contents.every_chapter
def test_widgets_follow_the_books_theme(opened):
    """As the page is opened, in light and in the dark, and as the reader switches it."""
    for visit, width, schemes in ((opened.desk, 1280, "light dark"), (opened.telephone, 400, "dark light")):
        seen = {}
        for scheme in schemes.split():
            widget = visit.look(width=width, scheme=scheme).locator(".tk").first
            colour = widget.evaluate("e => getComputedStyle(e).backgroundColor")
            seen[scheme] = sum(int(part) for part in colour[4:-1].split(",")[:3])
        assert seen["light"] > 700 and seen["dark"] < 160, seen


@pytest.mark.parametrize("window,width", [("desk", 1280), ("telephone", 400)])
@contents.every_chapter
def test_widgets_fit_their_column(opened, window, width):
    page = getattr(opened, window).look(width=width)
    for widget in widgets(page):
        box = widget.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert widget.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_a_dead_widget_would_be_seen(page_of):
    """Its frame stays, and nothing in it listens."""
    page = page_of("notebooks/mechanisms/soft")
    page.evaluate("document.querySelectorAll('.tk').forEach(e => e.replaceWith(e.cloneNode(true)))")
    page.evaluate(
        "document.querySelectorAll('.tk input').forEach(e => e.addEventListener('input', () => 0))"
        ", document.querySelectorAll('.tk input').forEach(e => e.disabled = true)"
    )
    assert not any(answers(widget, click) for widget in widgets(page))
