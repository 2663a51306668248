"""A drawing is well-formed, described, lies inside its frame, and fits any page."""

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from tests.axe.check import violations
from visual_attention.chapters.cost.drawing import running_softmax
from visual_attention.chapters.explanation.drawing import what_each_reads
from visual_attention.chapters.hard.drawing import two_glimpses
from visual_attention.chapters.soft.drawing import soft_pooling
from visual_attention.chapters.vision_transformer.drawing import vision_transformer
from visual_attention.view.drawing import ACCENT, INK, Drawing, arrow, box, flow, text

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = pytest.mark.parametrize(
    "make", [running_softmax, what_each_reads, soft_pooling, two_glimpses, vision_transformer]
)


def picture(drawing):
    return ElementTree.fromstring(drawing._repr_html_()).find(f"{SVG}svg")


@DRAWN
def test_it_says_in_words_what_it_shows(make):
    shown = make()
    root = ElementTree.fromstring(shown._repr_html_())
    assert root.get("tabindex") == "0" and root.get("aria-label") == shown.title
    assert picture(shown).get("role") == "img" and shown.words in picture(shown).get("aria-label")
    assert len(shown.words.split()) > 30 and shown.words in repr(shown)


@DRAWN
def test_everything_lies_inside(make):
    svg = picture(make())
    _, _, width, height = map(float, svg.get("viewBox").split())
    for each in svg.iter(f"{SVG}rect"):
        assert 0 <= float(each.get("x")) and float(each.get("x")) + float(each.get("width")) <= width
        assert 0 <= float(each.get("y")) and float(each.get("y")) + float(each.get("height")) <= height
    for each in svg.iter(f"{SVG}text"):
        assert 0 < float(each.get("x")) < width and 8 < float(each.get("y")) < height


@DRAWN
def test_its_colours_are_the_page_s_and_the_accent(make):
    for each in picture(make()).iter():
        for name in ("fill", "stroke"):
            assert each.get(name, "none") in ("none", INK, ACCENT, "#ffffff")


def test_no_text_becomes_markup():
    drawing = Drawing([text(1, 1, "<i>")], width=9, height=9, title="<b>", words='"&')
    assert "<b>" not in drawing._repr_html_() and "<i>" not in drawing._repr_html_()
    assert picture(drawing).get("aria-label") == '<b>. "&' and picture(drawing)[-1].text == "<i>"


def test_lines_stand_around_the_middle_of_their_box():
    middle = [
        float(line.partition(' y="')[2].partition('"')[0])
        for line in box(0, 10, 50, 40, "a", "b", "c").split("<text")[1:]
    ]
    assert middle == [17, 35, 53] and box(0, 0, 9, 9).count("<text") == 0


def test_attention_has_the_accent_and_an_arrow_a_tip():
    assert ACCENT in box(0, 0, 9, 9, attention=True) and ACCENT not in box(0, 0, 9, 9)
    assert "url(#drawing-tip)" in arrow("M0 0H9") and 'id="drawing-tip"' in running_softmax()._repr_html_()
    assert "dasharray" in arrow("M0 0H9", dash="6 4") and "dasharray" not in arrow("M0 0H9")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_and_nothing_overflows(draw, scheme, width):
    shown = [make()._repr_html_() for make in (running_softmax, what_each_reads, soft_pooling)]
    bundles = [SimpleNamespace(_repr_mimebundle_=lambda html=html: ({"text/html": html},)) for html in shown]
    page = draw(*bundles, width=width, scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_flow_is_arrows_boxes_and_what_runs_along():
    boxes = [(10, 20, 80, ("two", "lines"), True)]
    arrows = [("M0 0H9", "(B, C)", 4, 5), ("M1 1V8", "", 0, 0)]
    first, second, framed, shape = flow(boxes, iter(arrows))
    assert (first, second) == (arrow("M0 0H9"), arrow("M1 1V8"))
    assert framed == box(10, 20, 80, 44, "two", "lines", attention=True)
    assert shape == text(4, 5, "(B, C)", size=13)
