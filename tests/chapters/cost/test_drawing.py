"""The drawing is well-formed, says what it shows, and takes its colours from the page."""

from xml.etree import ElementTree

from visual_attention.chapters.cost.drawing import WORDS, Drawing, running_softmax


def test_it_is_well_formed_and_described():
    root = ElementTree.fromstring(running_softmax()._repr_html_())
    picture = root.find("svg")
    assert picture.get("role") == "img" and WORDS in picture.get("aria-label")
    assert "nine tiles" in repr(running_softmax())


def test_nine_tiles_four_used_one_now():
    texts = [each.text for each in ElementTree.fromstring(running_softmax()._repr_html_()).iter("text")]
    assert texts.count("used") == 4 and texts.count("later") == 4 and texts.count("(n, m) now") == 1


def test_everything_lies_inside():
    root = ElementTree.fromstring(running_softmax()._repr_html_()).find("svg")
    _, _, width, height = map(float, root.get("viewBox").split())
    for each in root.iter("rect"):
        assert float(each.get("x")) + float(each.get("width")) <= width
        assert float(each.get("y")) + float(each.get("height")) <= height


def test_no_text_becomes_markup():
    html = Drawing([], width=1, height=1, title="<b>", words='"&')._repr_html_()
    assert "<b>" not in html and ElementTree.fromstring(html).find("svg").get("aria-label") == '<b>. "&'
