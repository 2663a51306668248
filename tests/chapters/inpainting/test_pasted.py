"""Outlines stand where pixels were pasted and where most of them came from."""

import matplotlib.pyplot as plt
import torch

from visual_attention.chapters.inpainting import pasted


def test_four_spots_lie_in_the_quarters_of_the_hole_and_one_in_its_middle():
    mask = torch.zeros(20, 30, dtype=torch.bool)
    mask[4:12, 9:21] = True
    found = pasted.spots(mask)
    assert found == [(5, 11), (5, 18), (10, 11), (10, 18)] and all(mask[spot] for spot in found)
    assert pasted.spots(mask, 1) == [(7, 14)]


def test_an_arrow_runs_from_the_best_source_to_the_spot():
    mask = torch.zeros(12, 16, dtype=torch.bool)
    mask[2:10, 2:10] = True
    weights = torch.full((48, 48), 0.001)  # places of 2 x 2 pixels: 6 rows of 8
    weights[:, 47] = 0.6  # all take most from the last place
    figure, ax = plt.subplots()
    pasted.show(ax, torch.rand(3, 12, 16), weights, mask, cell=2, title="a hole")
    arrows = [p for p in ax.patches if hasattr(p, "get_arrowstyle")]
    assert len(ax.patches) == 13 and len(arrows) == 4
    assert ax.patches[0].get_bbox().bounds == (1.5, 1.5, 8, 8)  # the hole
    assert [text.get_text() for text in ax.texts] == ["60%"] * 4
    for (row, column), arrow in zip(pasted.spots(mask), arrows, strict=True):
        start, end = arrow._posA_posB
        assert start == (14, 10) and end == (column, row)
    plt.close(figure)


def test_the_module_runs(capsys):
    pasted.main()
    assert capsys.readouterr().out.count("takes") == 4
