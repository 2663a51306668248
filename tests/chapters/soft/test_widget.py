"""The playground shows the softmax and the sigmoid of the scores that are set, and their sums."""

import numpy as np
import pytest

from tests.widgets import settle
from visual_attention.chapters.soft.widget import SoftmaxPlayground, weights

NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def playground():
    return SoftmaxPlayground([2.0, 1.0, -0.5], ["cat", "table", NASTY])


def shown(page):
    """Softmax weights, sigmoids, and both sums, as the page writes them."""
    values = [float(v) for v in page.locator(".tk-weight .tk-value").all_text_contents()]
    sums = [float(v) for v in page.locator(".tk-sum strong").all_text_contents()]
    return values[::2], values[1::2], sums


def expected(scores, temperature=1.0):
    soft, gates = weights(np.array(scores), temperature)
    return (
        pytest.approx(soft, abs=6e-4),
        pytest.approx(gates, abs=6e-4),
        pytest.approx([1, gates.sum()], abs=6e-3),
    )


def test_weights_are_softmax_and_sigmoid():
    soft, gates = weights(np.array([0.0, np.log(3.0)]), 1.0)
    np.testing.assert_allclose(soft, [0.25, 0.75])
    np.testing.assert_allclose(gates, [0.5, 0.75])


@pytest.mark.parametrize(
    "arguments,complaint",
    [
        (([1.0],), "wanted 2 to 12 scores in one row, got shape"),
        (([[1.0, 2.0]],), "got shape"),
        (([1.0, 9.5],), "from -8 to 8, got"),
        (([1.0, float("nan")],), "from -8 to 8, got"),
        (([1.0, 2.0], ["one"]), "wanted 2 names, one for each score, got 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        SoftmaxPlayground(*arguments)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="above 0, got 0"):
        SoftmaxPlayground([1.0, 2.0], temperature=0)


def test_the_alt_text_tells_the_numbers(playground):
    assert "cat 0.69" in playground.alt
    assert NASTY in playground.alt


@pytest.mark.browser
def test_it_opens_with_the_right_numbers(draw, playground):
    page = draw(playground)
    assert shown(page) == expected([2.0, 1.0, -0.5])
    assert page.locator(".tk-score label").all_text_contents() == ["cat", "table", NASTY]
    assert page.locator("img").count() == 0


@pytest.mark.browser
def test_the_keyboard_sets_a_score(draw, playground):
    page = draw(playground)
    page.get_by_label("table").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert shown(page) == expected([2.0, 1.5, -0.5])
    assert page.get_by_label("table").get_attribute("aria-valuetext") == "1.5"


@pytest.mark.browser
@pytest.mark.parametrize("touch", [False, True])
def test_a_pointer_sets_a_score(draw, playground, touch):
    page = draw(playground, width=400, touch=touch)
    box = page.get_by_label("table").bounding_box()
    place = (box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    page.touchscreen.tap(*place) if touch else page.mouse.click(*place)
    score = page.get_by_label("table").evaluate("e => e.valueAsNumber")
    assert score > 2
    assert shown(page) == expected([2.0, score, -0.5])


@pytest.mark.browser
def test_dragging_goes_all_the_way(draw, playground):
    page = draw(playground)
    box = page.get_by_label("cat").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, middle, steps=4)
    page.mouse.up()
    assert shown(page) == expected([-4.0, 1.0, -0.5])


@pytest.mark.browser
def test_temperature_sharpens_and_flattens(draw, playground):
    page = draw(playground)
    heat = page.get_by_label("Temperature")
    heat.focus()
    page.keyboard.press("Home")
    assert shown(page) == expected([2.0, 1.0, -0.5], 0.1)
    page.keyboard.press("End")
    assert shown(page) == expected([2.0, 1.0, -0.5], 10.0)
    page.get_by_role("button", name="Start again").click()
    assert shown(page) == expected([2.0, 1.0, -0.5])


@pytest.mark.browser
def test_a_change_is_told_aloud_once_the_reader_acts(draw, playground):
    page = draw(playground)
    assert page.locator("[aria-live]").inner_text() == ""
    page.get_by_label("table").focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('[aria-live]').textContent.includes('gives table the most')"
    )
    settle(page)
