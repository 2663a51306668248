"""The mask shows the scores that the network would give if it averaged over the open places only."""

import numpy as np
import pytest

from tests.widgets import settle
from visual_attention.chapters.spatial.widget import SpatialMask
from visual_attention.view.class_scores import LinearHead

NASTY = "<img src=x onerror=alert(1)>"
RNG = np.random.default_rng(0)
MAPS = np.maximum(RNG.normal(size=(5, 8, 12)), 0) * np.linspace(0, 3, 12)
WEIGHTS, BIAS = 2 * RNG.normal(size=(3, 5)), RNG.normal(size=3)
HEAD = LinearHead(WEIGHTS, BIAS, ["cat", "brick", NASTY])
GRID = (4, 6)


@pytest.fixture
def widget(photograph):
    return SpatialMask(photograph, MAPS, HEAD, grid=GRID)


def expected(mask):
    fine = np.kron(np.asarray(mask, dtype=float).reshape(GRID), np.ones((2, 2)))
    averages = (MAPS * fine).sum(axis=(1, 2)) / max(fine.sum(), 1)
    scores = BIAS + WEIGHTS @ averages
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def shown(page):
    """The class shares in percent, as the page writes them."""
    texts = page.locator(".tk-columns .tk-value").all_text_contents()
    return np.array([float(text.removesuffix(" %")) for text in texts])


def block(rows, columns):
    mask = np.ones(GRID)
    mask[rows, columns] = 0
    return mask


def test_shares_are_those_of_the_open_places(widget):
    np.testing.assert_allclose(widget.shares(), expected(np.ones(GRID)))
    mask = RNG.integers(0, 2, size=24)
    widget.mask = mask.tolist()
    np.testing.assert_allclose(widget.shares(), expected(mask))
    widget.mask = [0] * 24
    np.testing.assert_allclose(widget.shares(), expected(np.zeros(24)))


@pytest.mark.parametrize(
    "arguments,grid,complaint",
    [
        ((MAPS[0], HEAD), GRID, r"wanted feature maps \(C, h, w\)"),
        ((MAPS, HEAD), (5, 6), "a grid that divides 8 x 12 places, got 5 x 6"),
        ((MAPS[:4], HEAD), GRID, r"wanted weights \(3, 4\)"),
        ((MAPS + np.inf, HEAD), GRID, "finite"),
    ],
)
def test_what_cannot_be_shown_is_refused(photograph, arguments, grid, complaint):
    with pytest.raises(ValueError, match=complaint):
        SpatialMask(photograph, *arguments, grid=grid)


def test_the_alt_text_tells_the_answer(widget):
    best = HEAD.classes[int(expected(np.ones(24)).argmax())]
    assert f"With all places open: {best}" in widget.alt


@pytest.mark.browser
def test_it_opens_with_everything_open(draw, widget):
    page = draw(widget)
    np.testing.assert_allclose(shown(page), 100 * expected(np.ones(24)), atol=0.51)
    assert "100 % of the picture is open" in page.locator(".tk-reading").inner_text()
    assert page.locator("img").count() == 0


@pytest.mark.browser
def test_the_keyboard_paints(draw, widget):
    page = draw(widget)
    page.get_by_label("Arrow keys move").focus()
    page.keyboard.press("ArrowRight")  # shows the cursor in the middle: row 3, column 4
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    settle(page)
    np.testing.assert_allclose(shown(page), 100 * expected(block(slice(1, 4), slice(3, 6))), atol=0.51)


@pytest.mark.browser
def test_a_drag_paints_and_the_other_brush_opens_again(draw, widget):
    page = draw(widget)
    page.get_by_label("1 cell").check(force=True)
    box = page.get_by_label("Arrow keys move").bounding_box()

    def at(row, column):
        return box["x"] + (column + 0.5) * box["width"] / 6, box["y"] + (row + 0.5) * box["height"] / 4

    page.mouse.move(*at(0, 0))
    page.mouse.move(*at(0, 1))  # no button is pressed yet
    page.mouse.down()
    page.mouse.move(*at(0, 2))
    page.mouse.move(*at(1, 2))
    page.mouse.up()
    page.mouse.move(*at(3, 3))
    settle(page)
    mask = np.ones(GRID)
    mask[0, 1] = mask[0, 2] = mask[1, 2] = 0
    np.testing.assert_allclose(shown(page), 100 * expected(mask), atol=0.51)
    page.get_by_label("opens", exact=True).check(force=True)
    page.mouse.click(*at(0, 2))
    settle(page)
    mask[0, 2] = 1
    np.testing.assert_allclose(shown(page), 100 * expected(mask), atol=0.51)


@pytest.mark.browser
def test_the_buttons_choose_quarters(draw, widget):
    page = draw(widget)
    quarter = np.zeros(GRID)
    quarter[:2, 3:] = 1
    for name, mask in (("Top right only", quarter), ("All shut", 0 * quarter), ("All open", 0 * quarter + 1)):
        page.get_by_role("button", name=name).click()
        settle(page)
        np.testing.assert_allclose(shown(page), 100 * expected(mask), atol=0.51)
        assert ("Nothing is open" in page.locator(".tk-reading").inner_text()) == (name == "All shut")
