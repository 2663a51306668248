"""The token mixer shows scores, weights and mixtures of the points that the reader moves."""

import numpy as np
import pytest

from tests.axe.check import violations
from tests.widgets import settle
from visual_attention.chapters.self_attention.widget import TokenMixer, mixed

QUERIES = [[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]
KEYS = [[1.5, 0.0], [0.0, 1.5], [-1.0, -1.0]]
VALUES = [[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0]]
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def mixer():
    return TokenMixer(QUERIES, KEYS, VALUES)


def shown(page):
    """Scores and weights as the table writes them, (3, 3) each."""
    scores = [float(text) for text in page.locator("td .tk-value:not(strong)").all_text_contents()]
    weights = [float(text) for text in page.locator("td strong").all_text_contents()]
    return np.reshape(scores, (3, 3)), np.reshape(weights, (3, 3))


def check(page, queries=QUERIES, keys=KEYS, **options):
    settle(page)
    scores, weights, _ = mixed(np.array(queries), np.array(keys), np.array(VALUES), **options)
    np.testing.assert_allclose(shown(page)[0], scores, atol=6e-3)
    np.testing.assert_allclose(shown(page)[1], weights, atol=6e-4)


def test_mixed_by_hand():
    scores, weights, outputs = mixed(
        np.eye(2) * np.log(3), np.eye(2), np.array([[4.0, 0], [0, 8]]), scaled=False
    )
    np.testing.assert_allclose(scores, [[np.log(3), 0], [0, np.log(3)]])
    np.testing.assert_allclose(weights, [[0.75, 0.25], [0.25, 0.75]])
    np.testing.assert_allclose(outputs, [[3, 2], [1, 6]])
    np.testing.assert_allclose(mixed(np.eye(2), np.eye(2), np.eye(2))[0], np.eye(2) / np.sqrt(2))


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((QUERIES[:2], KEYS, VALUES), {}, r"wanted keys \(N, 2\).*got \(3, 2\)"),
        (([[1.0, 2.0, 3.0]] * 2, KEYS, VALUES), {}, r"wanted queries \(N, 2\).*got \(2, 3\)"),
        ((QUERIES, [[9.0, 0.0]] * 3, VALUES), {}, "keys from -3 to 3"),
        ((QUERIES, KEYS, [[float("nan"), 0.0]] * 3), {}, "values from -3 to 3"),
        ((QUERIES, KEYS, VALUES), {"names": ["one"]}, "wanted 3 names.*got 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments, options, says):
    with pytest.raises(ValueError, match=says):
        TokenMixer(*arguments, **options)


def test_the_alt_text_tells_the_weights_and_the_still_draws(mixer):
    assert "token 3 takes 0.48 of token 1, 0.48 of token 2, 0.04 of token 3" in mixer.alt
    assert len(mixer.still().axes) == 2


@pytest.mark.browser
def test_it_opens_with_the_right_numbers(draw):
    page = draw(TokenMixer(QUERIES, KEYS, VALUES, names=["a", NASTY, "c"]))
    check(page)
    assert page.locator("img").count() == 0
    assert (
        page.locator(".tk-reading")
        .text_content()
        .startswith(f"a takes 87 % of a, 10 % of {NASTY}, 2.5 % of c")
    )


@pytest.mark.browser
def test_arrow_keys_move_the_chosen_point(draw, mixer):
    page = draw(mixer)
    page.get_by_label("Point that the arrow keys move").select_option(label="key of token 2")
    page.get_by_label("The plane of queries and keys").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    check(page, keys=[KEYS[0], [0.1, 1.4], KEYS[2]])


@pytest.mark.browser
def test_a_point_is_dragged(draw, mixer):
    page = draw(mixer)
    plane = page.get_by_label("The plane of queries and keys")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    at = lambda x, y: (box["x"] + (x / 6 + 0.5) * box["width"], box["y"] + (0.5 - y / 6) * box["height"])  # noqa: E731
    page.mouse.move(*at(2, 0))
    page.mouse.down()
    page.mouse.move(*at(0, -1), steps=4)
    page.mouse.up()
    page.mouse.move(*at(2, 2))  # without a button: nothing moves
    settle(page)
    query = shown(page)[0][0] * np.sqrt(2) / np.array([1.5, 1.5, 1.0])
    np.testing.assert_allclose(query[:2], [0, -1], atol=0.05)


@pytest.mark.browser
def test_scale_and_stretch(draw, mixer):
    page = draw(mixer)
    page.get_by_label("Divide the scores by √2").uncheck()
    check(page, scaled=False)
    page.get_by_label("Multiply all queries by").focus()
    page.keyboard.press("End")
    check(page, scaled=False, stretch=10.0)
    page.get_by_role("button", name="Start again").click()
    check(page)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_and_nothing_overflows(draw, mixer, scheme, width):
    page = draw(mixer, scheme=scheme, width=width)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
