"""The detection explorer shows the chosen answers, and counts rightly."""

import re

import numpy as np
import pytest

from tests.axe.check import violations
from tests.view.test_accessible import SMALL
from tests.widgets import settle
from visual_attention.chapters.detection.widget import DetectionExplorer, Watched

SIDE, LEFTS, TOPS = 32, [0, 8, 16], [4, 20]
PLACES, ANSWERS = 6, 3


def watched(answers=ANSWERS, shift=0.0):
    """The first answer is right, the second wrong, the third unsure; all scores tell their place."""
    boxes = np.zeros((PLACES, answers, 4))
    boxes[:, 0] = [0.25 + shift, 0.5, 0.25, 0.5]
    boxes[:, 1:] = [0.75, 0.75, 0.25, 0.25]
    scores = np.tile([0.9, 0.8, 0.1][:answers], (PLACES, 1)) - 0.01 * np.arange(PLACES)[:, None]
    labels = np.tile([1, 0, 1][:answers], (PLACES, 1))
    weights = np.zeros((PLACES, answers, 4, 4))
    weights[:, :, 1, 1] = 0.75  # the cell of row 2, column 2: x 8 to 16, y 8 to 16
    weights[:, :, 3, 3] = 0.25
    return Watched(boxes, labels, scores, weights)


def build(**changes):
    settings = {
        "lefts": LEFTS,
        "tops": TOPS,
        "detectors": {"transformer": watched(), "grid": watched(2, shift=0.5)},
        "names": ["digit", "coin"],
        "truth": [[0.25, 0.5, 0.25, 0.5]],
        "truth_labels": [1],
    }
    picture = np.random.default_rng(0).random((3, SIDE, SIDE))
    return DetectionExplorer(picture, np.full((3, 6, 8), 0.3), **settings | changes)


class TestPython:
    def test_the_alt_text_counts_what_is_shown(self):
        assert "1 objects and a board; transformer shows 2 boxes: coin, digit" in build().alt
        assert "shows 0 boxes. Beside" in build(threshold=0.95).alt

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"lefts": [0, 8]}, "P = 4 places of the board, got \\(6, 3\\)"),
            ({"lefts": [0, 8, 30]}, "lefts from 0 to 24"),
            ({"tops": [-1, 20]}, "tops from 0 to 26"),
            ({"names": ["digit"]}, "labels below 1, got up to 1"),
            ({"truth_labels": [1, 0]}, "each of 1 true boxes, got 2"),
            ({"column": 3}, "column and a row"),
            (
                {
                    "detectors": {
                        "a": Watched(
                            *[np.zeros((6, 3, 4)), np.zeros((6, 2)), np.zeros((6, 3)), np.zeros((6, 3, 4, 4))]
                        )
                    }
                },
                "labels of shape \\(6, 3\\), got \\(6, 2\\)",
            ),
        ],
    )
    def test_what_does_not_fit_is_refused(self, changes, says):
        with pytest.raises(ValueError, match=says):
            build(**changes)

    def test_too_many_answers_are_refused(self):
        places = [list(range(25)), list(range(27))]
        many = len(places[0]) * len(places[1])
        one = watched()
        big = Watched(
            *(np.repeat(getattr(one, k)[:1], many, 0) for k in ("boxes", "labels", "scores", "weights"))
        )
        wide = Watched(big.boxes, big.labels, big.scores, np.ones((many, 3, 16, 16)))
        with pytest.raises(ValueError, match="fewer places"):
            build(lefts=places[0], tops=places[1], detectors={"a": wide})

    def test_the_still_draws_the_board_where_it_lies(self):
        made = build(column=1, row=1)
        shown = made.still().axes[0].images[0].get_array()
        np.testing.assert_allclose(shown[20:26, 8:16], 0.3)
        np.testing.assert_allclose(shown[:20].transpose(2, 0, 1), made._image[:, :20])


def reading(page):
    settle(page)
    return page.locator(".tk-reading").text_content()


@pytest.mark.browser
class TestPage:
    def test_it_tells_what_the_answer_says_and_where_it_looks(self, draw):
        said = reading(draw(build()))
        assert "Query 1 of 3 says coin, 90 %." in said
        # its box spans x 4 to 12, y 8 to 24: half of the cell of row 2, column 2
        assert "looks most at row 2, column 2; 38 % of its weight lies in its box" in said
        assert "nearest object is a coin (overlap 1.00)" in said
        assert "1 of 1 objects are found, and 1 box is wrong" in said

    def test_arrow_keys_go_from_answer_to_answer(self, draw):
        page = draw(build())
        page.locator("canvas").first.focus()
        page.keyboard.press("ArrowRight")
        assert "Query 2 of 3 says digit, 80 %" in reading(page)
        page.keyboard.press("ArrowRight")
        assert "Query 3 of 3 says nothing (coin with 10 % only)" in reading(page)
        page.keyboard.press("ArrowRight")
        assert "Query 1 of 3" in reading(page)
        page.keyboard.press("ArrowLeft")
        assert "Query 3 of 3" in reading(page)

    def test_hovering_a_box_chooses_it(self, draw):
        page = draw(build())
        box = page.locator("canvas").first.bounding_box()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"])
        assert "Query 2 of 3" in reading(page)

    def test_sliders_move_the_board(self, draw):
        page = draw(build())
        assert "the board covers 6.3 % of its box" in reading(page)  # 8 of 128 pixels
        page.get_by_label("Board, from top to bottom").fill("1")
        # the board at x 0 to 8, y 20 to 26 covers x 4 to 8, y 20 to 24 of the coin: 16 of 128 pixels
        assert "says coin, 87 %." in reading(page)
        assert "the board covers 13 % of its box" in reading(page)
        page.get_by_label("Board, from left to right").fill("2")
        assert "says coin, 85 %." in reading(page)

    def test_the_board_can_be_dragged(self, draw):
        page = draw(build())
        box = page.locator("canvas").first.bounding_box()
        at = lambda x, y: (box["x"] + x / SIDE * box["width"], box["y"] + y / SIDE * box["height"])  # noqa: E731
        page.mouse.move(*at(4, 7))
        page.mouse.down()
        page.mouse.move(*at(12, 15), steps=3)
        page.mouse.move(*at(19, 23), steps=3)
        page.mouse.up()
        assert page.get_by_label("Board, from left to right").input_value() == "2"
        assert page.get_by_label("Board, from top to bottom").input_value() == "1"
        page.mouse.move(*at(5, 5), steps=3)  # let go: it stays
        assert "85 %" in reading(page)

    def test_another_detector_and_another_threshold(self, draw):
        page = draw(build())
        page.get_by_label("grid").check()
        said = reading(page)
        assert "1 of 2 says coin" in said and "0 of 1 objects are found, and 2 boxes are wrong" in said
        page.get_by_label("transformer").check()
        page.get_by_label("Show answers from").fill("0.85")
        assert "1 of 1 objects are found, and 0 boxes are wrong" in reading(page)

    @pytest.mark.parametrize("width", [1280, 400])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_overflows(self, draw, scheme, width):
        page = draw(build(), width=width, scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)


def test_the_page_stays_small():
    page = build().page()
    state = re.search(r"const buffers = (\{.*?\});", page)
    assert state and len(state.group(1)) < 5000
