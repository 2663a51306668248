"""Each widget in the built pages is alive without a kernel: it answers the keyboard and the pointer."""

import pytest

from tests.book import contents

pytestmark = pytest.mark.browser
CHAPTERS = [name for name in contents.pages() if name.startswith("notebooks/")]


def state(widget):
    """What a reader sees of a widget: its words, its pictures' addresses and its canvases' pixels."""
    widget.page.wait_for_timeout(120)
    return widget.evaluate(
        "e => [e.innerText, ...[...e.querySelectorAll('img')].map(i => i.src.length + i.alt),"
        " ...[...e.querySelectorAll('input')].map(i => i.value + i.checked),"
        " ...[...e.querySelectorAll('canvas')].map(c => c.toDataURL())].join()"
    )


def widgets(page):
    found = page.locator(".tk")
    return [found.nth(i) for i in range(found.count())]


@pytest.mark.parametrize("over", ["http", "file"])
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_widget_answers_keyboard_and_pointer(open_page, name, over):
    visit = open_page(name, over=over)
    assert visit.page.locator("[data-tk]:has(> img)").count() == 0, "a widget stayed a still picture"
    found = widgets(visit.page)
    assert found, "a chapter has at least one widget"
    for widget in found:
        title = widget.get_attribute("aria-label")
        for act in (press, click):
            seen = {state(widget), *(state(widget) for _ in act(visit.page, widget))}
            assert len(seen) > 1, f"{title!r} does not answer a {act.__name__}"
    assert visit.errors == []


def press(page, widget):
    """Tab's first stop that has a value of its own, and its arrow keys."""
    control = widget.locator("[role=application], input[type=range], input[type=radio]").first
    control.focus()
    for key in ("ArrowRight", "ArrowDown", "Home", "ArrowRight"):
        page.keyboard.press(key)
        yield


def click(page, widget):
    """A click at two places of each control: what a picture wants dragged, its tests in tests/view drag."""
    controls = widget.locator("canvas[role=application], input[type=range], input[type=radio]")
    for control in (controls.nth(i) for i in range(controls.count())):
        if not control.is_visible():  # a game hides what only its other player needs
            continue
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        for part in (0.15, 0.8):
            page.mouse.click(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.3 + 4)
            yield


@pytest.mark.parametrize("name", CHAPTERS)
def test_widgets_follow_the_books_theme(open_page, name):
    seen = []
    for scheme in ("light", "dark"):
        page = open_page(name, over="file", scheme=scheme).page
        seen.append(page.locator(".tk").first.evaluate("e => getComputedStyle(e).backgroundColor"))
    bright = [sum(int(part) for part in colour[4:-1].split(",")[:3]) for colour in seen]
    assert bright[0] > 700 and bright[1] < 160, seen


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", CHAPTERS)
def test_widgets_fit_their_column(open_page, name, width):
    page = open_page(name, over="file", width=width).page
    for widget in widgets(page):
        box = widget.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert widget.evaluate("e => e.scrollWidth <= e.clientWidth")
