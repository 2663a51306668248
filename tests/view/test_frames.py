"""Frames show what a function returned, in order, with its words; with a kernel, a sweep calls it again."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.widgets import settle
from visual_attention.view import figures
from visual_attention.view.frames import frames_of
from visual_attention.view.player import FramePlayer
from visual_attention.view.sweep import sweep

NASTY = "</pre><img src=x onerror=alert(1)>"


@pytest.fixture
def player():
    frames = [np.full((3, 8, 8), level) for level in (0.1, 0.5, 0.9)]
    return FramePlayer(frames, ["dark", "grey", NASTY], label="Light", step="Lamp", interval=120)


@pytest.mark.slow
def test_results_of_every_kind_become_frames():
    figure, ax = figures.sheet()
    ax.set_title("a title")
    made = [figure, ax, np.zeros((3, 4, 5)), np.eye(3), "words", 1.5, np.arange(3.0), (figure, "told")]
    frames = frames_of(made)
    assert [bool(frame.url) for frame in frames] == [True, True, True, True, False, False, False, True]
    assert [frame.alt for frame in frames] == [
        "a title",
        "a title",
        "",
        "",
        "words",
        "1.5",
        "[0. 1. 2.]",
        "told",
    ]


def test_maps_share_one_maximum():
    same = frames_of([np.eye(3), np.eye(3) * 0.5])
    assert (
        same[0].source.axes[0].images[0].get_clim() == same[1].source.axes[0].images[0].get_clim() == (0, 1)
    )


def test_pyplot_does_not_show_a_frame_again():
    figure, _ = plt.subplots()
    frames_of([figure])
    assert not plt.fignum_exists(figure.number)


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match="wanted a Figure, Axes, array or text to show, got NoneType"):
        frames_of([None])


def test_a_player_wants_a_text_for_each_frame():
    with pytest.raises(ValueError, match="got 1 frames and 2 texts"):
        FramePlayer(["a"], ["b", "c"], label="x")
    with pytest.raises(ValueError, match="from 0 to 0, got 1"):
        FramePlayer(["a"], ["b"], label="x", index=1)


@pytest.mark.parametrize(
    "arguments,complaint",
    [
        ({}, "wanted one or two parameters to sweep, got \\[\\]"),
        ({"a": [1], "b": [2], "c": [3]}, "one or two"),
        ({"a": [1]}, "at least two values for a, got \\[1\\]"),
        ({"a": range(20), "b": range(20)}, "at most 150 frames in a page, got 400"),
        ({"a": [1, 2], "start": {"a": 3}}, "wanted a start for a among its values"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        sweep(lambda **given: "x", **arguments)


def test_with_a_kernel_an_ordinary_slider_calls_the_function_again():
    calls = []

    def write(size, name):
        calls.append((size, name))
        return f"{size} {name} {NASTY}"

    shown = sweep(write, size=[1, 2, 3], name=["p", "q"], start={"size": 1, "name": "p"})
    assert len(calls) == 6
    data, _ = shown._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.box.model_id
    shown.sliders[0].value = 3
    assert calls[6:] == [(3, "p")]
    assert shown.shown.value == "<pre>3 p &lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt;</pre>"


def test_a_moved_slider_shows_the_picture_with_its_alt_text():
    shown = sweep(lambda level: (np.full((3, 4, 4), level), f"grey {NASTY}"), level=[0.25, 0.5])
    shown.sliders[0].value = 0.25
    assert 'alt="level 0.25: grey &lt;/pre&gt;' in shown.shown.value


@pytest.mark.browser
def test_the_player_steps_by_mouse_and_keyboard(draw, player):
    page = draw(player)
    assert page.locator(".tk-frames img").get_attribute("alt") == "dark"
    page.get_by_role("button", name="Next step").click()
    assert page.locator(".tk-reading").inner_text() == "grey"
    page.get_by_label("Lamp").focus()
    page.keyboard.press("End")
    assert page.locator(".tk-reading").inner_text() == NASTY
    assert page.locator(".tk-frames img").get_attribute("alt") == NASTY
    assert page.get_by_role("button", name="Next step").is_disabled()
    assert page.get_by_label("Lamp").get_attribute("aria-valuetext") == "3 of 3"


@pytest.mark.browser
def test_the_player_plays_to_the_end(draw, player):
    page = draw(player)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.tk-value').textContent === '3 of 3'")
    page.get_by_role("button", name="Play").wait_for()


@pytest.mark.browser
def test_the_player_pauses_and_goes_on(draw):
    long = [f"frame {i}" for i in range(400)]
    page = draw(FramePlayer(long, long, label="Long", interval=60))
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    settle(page)
    first = page.locator(".tk-reading").inner_text()
    page.wait_for_timeout(400)
    assert page.locator(".tk-reading").inner_text() == first
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "before => document.querySelector('.tk-reading').textContent !== before", arg=first
    )


@pytest.mark.browser
def test_without_a_kernel_two_sliders_choose_the_frame(draw):
    page = draw(sweep(lambda a, b: f"{a} and {b} {NASTY}", a=[1, 2, 3], b=["p", "q"]))
    assert page.locator("pre").inner_text() == f"2 and q {NASTY}"
    page.get_by_label("a", exact=True).focus()
    page.keyboard.press("End")
    assert page.locator("pre").inner_text() == f"3 and q {NASTY}"
    page.get_by_label("b", exact=True).focus()
    page.keyboard.press("Home")
    assert page.locator("pre").inner_text() == f"3 and p {NASTY}"
    assert page.locator("img").count() == 0
    settle(page)
