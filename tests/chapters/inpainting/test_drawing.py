"""The drawing names its parts in words, and only what is attention has the accent."""

from visual_attention.chapters.inpainting.drawing import BOXES, inpainter
from visual_attention.view.drawing import ACCENT


def test_the_drawing_says_what_it_shows():
    drawn = inpainter()._repr_html_()
    assert drawn.count(f'stroke="{ACCENT}"') == sum(ours for *_, ours in BOXES) == 3
    for word in ("second stage", "who resembles", "the cut", "(B, N, N)"):
        assert word in drawn
    for word in ("first stage", "copies known pixels into the hole", "the cut"):
        assert word in inpainter().words
