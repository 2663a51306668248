"""The mask explorer tells from where a cell draws, by pointer, touch and keyboard, and hides no mark-up."""

import numpy as np
import pytest

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.segmentation.widget import MarkedView, MaskExplorer

NASTY = "<img src=x onerror=alert(1)>"
GRID, SIZE = (4, 6), (8, 18)  # cells of 2 x 3 pixels
CELLS = GRID[0] * GRID[1]


def view(seed: int) -> MarkedView:
    rng = np.random.default_rng(seed)
    scores = np.exp(3 * rng.normal(size=(CELLS, CELLS)))
    marked = np.zeros(SIZE, dtype=bool)
    marked[2:4, 3:6] = True  # cell in row 2, column 2, whole
    marked[4, 0] = True  # a part of the cell in row 3, column 1
    return MarkedView(
        rng.random((3, *SIZE)),
        scores / scores.sum(1, keepdims=True),
        marked ^ (seed % 2 > 0),
        rng.random((2, *SIZE)) > 0.5,
    )


VIEWS = [[view(0), view(1)], [view(2), view(3)]]


@pytest.fixture
def widget():
    return MaskExplorer(
        VIEWS, grid=GRID, regions=["the digit", NASTY], versions=["red digit", NASTY], query=(1, 1)
    )


def expected(one: MarkedView, cell: int) -> list[float]:
    """What a cell takes from each region, in percent."""
    fine = np.kron(np.asarray(one.weights)[cell].reshape(GRID), np.ones((2, 3))) / 6
    return [100 * float((fine * region).sum()) for region in one.regions]


def said(page) -> list[float]:
    """The shares of weight that the page tells, in percent."""
    text = page.locator(".tk-reading").inner_text()
    return [float(part.split()[-2]) for part in text.split(" from ")[:-1]]


def test_shares_of_weight_are_those_of_the_cell_that_is_asked(widget):
    np.testing.assert_allclose(100 * widget.on_regions(), expected(VIEWS[0][0], 7))
    widget.query, widget.scene, widget.version = 13, 1, 1
    np.testing.assert_allclose(100 * widget.on_regions(), expected(VIEWS[1][1], 13))
    np.testing.assert_allclose(widget.row(), np.asarray(VIEWS[1][1].weights)[13].reshape(GRID), rtol=1e-5)


def test_the_alt_text_tells_what_the_first_view_shows(widget):
    share = expected(VIEWS[0][0], 7)[0]
    assert f"row 2, column 2 takes {share:.0f} % from the digit" in widget.alt


@pytest.mark.parametrize(
    "change,complaint",
    [
        ({"grid": (3, 6)}, "a grid that divides 8 x 18 pixels, got 3 x 6"),
        ({"versions": ["one"]}, r"scenes of 1 versions each, got \[2, 2\]"),
        ({"regions": ["one"]}, "wanted image, marked and regions"),
        ({"query": (4, 0)}, "a query within 4 x 6 cells"),
        ({"scenes": []}, r"got \[\]"),
        ({"scenes": [[VIEWS[0][0]._replace(weights=np.eye(CELLS) / 2), VIEWS[0][1]]]}, "rows that sum to 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(change, complaint):
    given = dict(scenes=VIEWS, grid=GRID, regions=["a", "b"], versions=["c", "d"], query=(0, 0)) | change
    scenes = given.pop("scenes")
    with pytest.raises(ValueError, match=complaint):
        MaskExplorer(scenes, **given)


@pytest.mark.browser
def test_it_opens_with_a_cell_that_is_asked(draw, widget):
    page = draw(widget)
    text = page.locator(".tk-reading").inner_text()
    assert "The network marks the cell in row 2, column 2." in text
    np.testing.assert_allclose(said(page), expected(VIEWS[0][0], 7), atol=1.2)
    assert page.locator("img").count() == 0


@pytest.mark.browser
def test_pointer_keyboard_and_escape(draw, widget):
    page = draw(widget)
    board = page.get_by_label("Arrow keys move")
    box = board.bounding_box()

    def over(row, column):
        return box["x"] + (column + 0.5) * box["width"] / 6, box["y"] + (row + 0.5) * box["height"] / 4

    page.mouse.move(*over(2, 0))
    settle(page)
    assert "marks in part the cell in row 3, column 1" in page.locator(".tk-reading").inner_text()
    np.testing.assert_allclose(said(page), expected(VIEWS[0][0], 12), atol=1.2)
    page.mouse.click(*over(0, 4))  # holds
    page.mouse.move(*over(3, 5))
    settle(page)
    assert "does not mark the cell in row 1, column 5" in page.locator(".tk-reading").inner_text()
    board.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    settle(page)
    assert "row 2, column 1" in page.locator(".tk-reading").inner_text()
    page.keyboard.press("Escape")
    page.mouse.move(*over(3, 4))
    settle(page)
    assert "row 4, column 5" in page.locator(".tk-reading").inner_text()


@pytest.mark.browser
def test_changing_one_thing_shows_the_other_version(draw, widget):
    page = draw(widget)
    page.get_by_label(NASTY, exact=True).check(force=True)
    settle(page)
    np.testing.assert_allclose(said(page), expected(VIEWS[0][1], 7), atol=1.2)
    assert "The network does not mark the cell in row 2, column 2" in page.locator(".tk-reading").inner_text()
    page.get_by_label("2", exact=True).check(force=True)
    settle(page)
    np.testing.assert_allclose(said(page), expected(VIEWS[1][1], 7), atol=1.2)


@pytest.mark.browser
def test_a_finger_asks(draw, widget):
    page = draw(widget, touch=True, width=400)
    box = page.get_by_label("Arrow keys move").bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"] / 6, box["y"] + 2.5 * box["height"] / 4)
    settle(page)
    assert "row 3, column 1" in page.locator(".tk-reading").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(draw, widget, scheme, width):
    page = draw(widget, width=width, scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(SMALL)


def test_three_scenes_of_the_chapter_fit_into_half_a_megabyte():
    flat = np.full((144, 144), 1 / 144)
    one = MarkedView(np.zeros((3, 48, 48)), flat, np.zeros((48, 48), dtype=bool), np.zeros((3, 48, 48)))
    page = MaskExplorer(
        [[one, one]] * 3, grid=(12, 12), regions=["a", "b", "c"], versions=["d", "e"], query=(0, 0)
    ).page()
    assert len(page) < 500_000
