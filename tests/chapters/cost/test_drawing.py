"""The drawing of a running softmax has one tile in memory, and those before it are used."""

from xml.etree import ElementTree

from visual_attention.chapters.cost.drawing import running_softmax


def test_nine_tiles_four_used_one_now():
    root = ElementTree.fromstring(running_softmax()._repr_html_())
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("used") == 4 and texts.count("later") == 4 and texts.count("(n, m) now") == 1
    assert "nine tiles" in repr(running_softmax())
