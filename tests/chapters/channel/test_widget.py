"""The mixer shows the scores that the network would give for the gates as the knobs stand."""

import numpy as np
import pytest

from tests.widgets import settle
from visual_attention.chapters.channel.widget import ChannelMixer
from visual_attention.view.class_scores import LinearHead

NASTY = "<img src=x onerror=alert(1)>"
RNG = np.random.default_rng(0)
MAPS = np.maximum(RNG.normal(size=(5, 4, 3)), 0) + 0.1
GATES = np.array([0.2, 0.9, 0.5, 1.0, 0.0])
WEIGHTS, BIAS = 3 * RNG.normal(size=(3, 5)), RNG.normal(size=3)
HEAD = LinearHead(WEIGHTS, BIAS, ["cat", "brick", NASTY])


@pytest.fixture
def mixer(photograph):
    return ChannelMixer(photograph, MAPS, GATES, HEAD)


def expected(gates):
    scores = BIAS + WEIGHTS @ (np.asarray(gates) * MAPS.mean(axis=(1, 2)))
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def shown(page):
    """The class shares in percent, as the page writes them."""
    texts = page.locator(".tk-columns .tk-value").all_text_contents()
    return np.array([float(text.removesuffix(" %")) for text in texts])


def test_shares_are_those_of_average_and_linear_layer(mixer):
    np.testing.assert_allclose(mixer.shares(), expected(GATES))
    mixer.gates = [1.0] * 5
    np.testing.assert_allclose(mixer.shares(), expected(np.ones(5)))


@pytest.mark.parametrize(
    "arguments,complaint",
    [
        ((MAPS[0], GATES, HEAD), r"wanted feature maps \(C, h, w\)"),
        ((-MAPS, GATES, HEAD), "without negative numbers"),
        ((MAPS[:1], GATES[:1], HEAD), "from 2 to 24 channels, got 1"),
        ((MAPS, GATES[:4], HEAD), r"wanted \(5,\) gates"),
        ((MAPS, GATES + 0.5, HEAD), "gates from 0 to 1, got 0.5 to 1.5"),
        ((MAPS, GATES, LinearHead(WEIGHTS[:, :4], BIAS, ["a", "b", "c"])), r"wanted weights \(3, 5\)"),
        ((MAPS, GATES, LinearHead(WEIGHTS, BIAS, ["a", "b"])), "for 2 classes"),
    ],
)
def test_what_cannot_be_shown_is_refused(photograph, arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        ChannelMixer(photograph, *arguments)


def test_each_channel_has_an_answer_or_none_has(photograph):
    with pytest.raises(ValueError, match="wanted answers of 5 channels, got 2"):
        ChannelMixer(photograph, MAPS, GATES, HEAD, answers=[(np.zeros((3, 4, 4)), "a")] * 2)
    assert ChannelMixer(photograph, MAPS, GATES, HEAD).answers == []


@pytest.mark.browser
def test_what_a_channel_answers_to_stands_under_its_knob(draw, photograph):
    answers = [(np.full((3, 4, 12), shade), f"fur {shade}, {NASTY}") for shade in (0.0, 0.2, 0.4, 0.6, 0.8)]
    page = draw(ChannelMixer(photograph, MAPS, GATES, HEAD, answers=answers))
    shown = page.locator("img")
    assert shown.count() == 5
    for place, (_, words) in enumerate(answers):
        one = shown.nth(place)
        assert one.get_attribute("alt") == f"What fires channel {place + 1} most: {words}"
        assert one.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [12, 4]
        tile = one.locator("xpath=../..")
        assert (
            tile.locator("canvas")
            .get_attribute("aria-label")
            .startswith(f"Feature map of channel {place + 1},")
        )
        assert f"fires most at: {words}" in tile.inner_text()


def test_the_alt_text_tells_the_answer(mixer):
    best = HEAD.classes[int(expected(GATES).argmax())]
    assert f"With the network's own gates: {best} {100 * expected(GATES).max():.0f} %" in mixer.alt


@pytest.mark.browser
def test_it_opens_with_the_networks_answer(draw, mixer):
    page = draw(mixer)
    np.testing.assert_allclose(shown(page), 100 * expected(GATES), atol=0.51)
    assert page.locator("img").count() == 0
    assert page.get_by_label("channel 2", exact=True).get_attribute("aria-valuetext") == "0.90"


@pytest.mark.browser
def test_a_knob_turned_by_keyboard_moves_the_scores(draw, mixer):
    page = draw(mixer)
    page.get_by_label("channel 3", exact=True).focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    settle(page)
    np.testing.assert_allclose(shown(page), 100 * expected([0.2, 0.9, 1.0, 1.0, 0.0]), atol=0.51)
    assert "channel 3" in page.locator("canvas[aria-label*='channel 3']").get_attribute("aria-label")


@pytest.mark.browser
def test_the_buttons_open_shut_and_give_back(draw, mixer):
    page = draw(mixer)
    for name, gates in (("All open", np.ones(5)), ("All shut", np.zeros(5)), ("The network's gates", GATES)):
        page.get_by_role("button", name=name).click()
        settle(page)
        np.testing.assert_allclose(shown(page), 100 * expected(gates), atol=0.51)
        assert ("All channels are shut" in page.locator(".tk-reading").inner_text()) == (name == "All shut")


@pytest.mark.browser
def test_a_map_gets_darker_with_its_gate(draw, mixer):
    page = draw(mixer)
    light = """() => { const c = document.querySelector("canvas[aria-label*='channel 4']");
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let sum = 0; for (let i = 0; i < d.length; i += 4) sum += d[i + 1]; return sum; }"""
    before = page.evaluate(light)
    page.get_by_role("button", name="All shut").click()
    settle(page)
    assert page.evaluate(light) < 0.8 * before
