"""Boxes lie where their numbers say."""

import numpy as np
import pytest

from visual_attention.view import figures
from visual_attention.view.detections import show_boxes


def test_a_box_lies_where_its_numbers_say():
    _, ax = figures.sheet()
    shown = show_boxes(ax, np.zeros((3, 20, 40)), [[0.5, 0.25, 0.1, 0.2], [0.2, 0.5, 0.2, 0.2]], ["a", "b"])
    frames = [p.get_bbox().bounds for p in shown.patches]
    assert len(frames) == 4  # each drawn twice, dark beneath light
    assert frames[0] == frames[1] == pytest.approx((17.5, 2.5, 4, 4))  # 40 x 0.1 wide, 20 x 0.2 high
    assert [text.get_text() for text in shown.texts] == ["a", "b"]


def test_no_boxes_and_no_names():
    _, ax = figures.sheet()
    assert not show_boxes(ax, np.zeros((8, 8)), np.zeros((0, 4))).patches
    assert not show_boxes(ax, np.zeros((8, 8)), [[0.5, 0.5, 0.5, 0.5]]).texts


def test_the_highlighted_one_is_told_by_more_than_colour():
    _, ax = figures.sheet()
    shown = show_boxes(ax, np.zeros((8, 8)), [[0.5, 0.5, 0.5, 0.5]] * 2, highlight=[1])
    assert shown.patches[3].get_linewidth() > shown.patches[1].get_linewidth()


def test_a_name_for_each_box():
    _, ax = figures.sheet()
    with pytest.raises(ValueError, match="wanted 2 names, one for each box, got 1"):
        show_boxes(ax, np.zeros((8, 8)), [[0.5, 0.5, 0.5, 0.5]] * 2, ["a"])
