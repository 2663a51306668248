"""Every widget, light and dark, wide and narrow: axe is content, nothing overflows, targets are large."""

import numpy as np
import pytest

from tests.axe.check import violations
from visual_attention.chapters.soft.widget import SoftmaxPlayground
from visual_attention.view import charts, figures
from visual_attention.view.explorer import AttentionExplorer
from visual_attention.view.player import FramePlayer
from visual_attention.view.sweep import sweep

pytestmark = pytest.mark.browser
LONG = "a_name_without_any_space_that_is_longer_than_a_telephone_is_wide_" * 2


def bar(height):
    figure, ax = figures.sheet()
    charts.bars(ax, ["one", "two"], [height, 1.0], label="height")
    return figure, f"Two bars, of {height} and 1."


@pytest.fixture
def widgets(photograph, attention):
    return [
        AttentionExplorer(photograph, attention, grid=(4, 3), names=["one", "two", LONG]),
        SoftmaxPlayground([1.0, -2.0], ["short", LONG]),
        sweep(bar, height=[0.5, 2.0], label=LONG),
        sweep(lambda size: LONG, size=[1, 2]),
        FramePlayer([photograph, photograph / 2], ["bright", LONG], label="Frames"),
    ]


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(draw, widgets, scheme, width):
    page = draw(*widgets, width=width, scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(SMALL)
    assert not small, f"lower than 44 px: {small}"


SMALL = """() => [...document.querySelectorAll(
  ".tk button, .tk select, .tk input[type=range], .tk .tk-option, .tk-toggle")]
  .filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("theme,want", [("light", "rgb(255, 255, 255)"), ("dark", "rgb(24, 27, 31)")])
def test_the_books_theme_wins_over_the_systems(draw, widgets, theme, want):
    other = "dark" if theme == "light" else "light"
    page = draw(widgets[1], scheme=other, theme=f' data-theme="{theme}"')
    assert page.locator(".tk").evaluate("e => getComputedStyle(e).backgroundColor") == want


def test_what_has_the_focus_is_outlined(draw, widgets):
    page = draw(*widgets)
    for _ in range(12):
        page.keyboard.press("Tab")
        outlined = page.evaluate(
            "[document.activeElement, document.activeElement.nextElementSibling]"
            ".some(one => one && getComputedStyle(one).outlineWidth === '3px')"
        )
        assert outlined, page.evaluate("document.activeElement.outerHTML.slice(0, 120)")


def test_pages_stay_small(photograph):
    scores = np.random.default_rng(0).normal(size=(4, 196, 196))
    attention = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    page = AttentionExplorer(np.zeros((3, 224, 224)), attention, grid=(14, 14)).page()
    assert len(page) < 300_000
