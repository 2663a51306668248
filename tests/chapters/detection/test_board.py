"""The board lies where it should, and what is told is what the detectors answer."""

import pytest
import torch

from visual_attention.chapters.detection import board
from visual_attention.chapters.detection.board import slide, watch_cells, watch_queries
from visual_attention.chapters.detection.grid import GridAttention, GridDetector
from visual_attention.chapters.detection.transformer import SetTransformer
from visual_attention.training import seeded

H, W = 24, 40


def pictures(count=2):
    return torch.rand(count, 3, H, W, generator=torch.Generator().manual_seed(0))


def features():
    return torch.randn(2, 7, 3, 5, generator=torch.Generator().manual_seed(0))


def test_the_board_lies_row_by_row():
    image, plank = pictures(1)[0], torch.full((3, 4, 6), 2.0)
    moved = slide(image, plank, lefts=[0, 10, 34], tops=[0, 20])
    assert moved.shape == (6, 3, H, W)
    for place, (top, left) in enumerate((t, x) for t in (0, 20) for x in (0, 10, 34)):
        covered = moved[place] == 2
        assert covered[:, top : top + 4, left : left + 6].all() and covered.sum() == 3 * 4 * 6
        assert torch.equal(moved[place][~covered], image[~covered])
    with pytest.raises(ValueError, match=r"inside the picture of \(24, 40\), got \(20, 35\)"):
        slide(image, plank, lefts=[35], tops=[20])


def test_queries_keep_their_order_and_show_the_last_layer():
    with seeded(0):
        model = SetTransformer(3, queries=5, channels=7, dim=12, heads=3).eval()
    x = features()
    watched, (scores, boxes) = watch_queries(model, x), model(x)
    assert watched.weights.shape == (2, 5, 3, 5)
    torch.testing.assert_close(watched.weights.sum(dim=(2, 3)), torch.ones(2, 5))
    torch.testing.assert_close(watched.weights.flatten(2), model.weights(x)[-1].mean(dim=1))
    torch.testing.assert_close(watched.boxes, boxes)
    torch.testing.assert_close(watched.scores, scores.softmax(-1)[..., :3].amax(-1))


def test_cells_are_those_that_survive_suppression():
    with seeded(0):
        middle = GridAttention(12, heads=3, grid=(3, 5))
        model = GridDetector(3, channels=7, width=12, depth=2, middle=middle).eval()
    x = features()
    watched, found = watch_cells(model, x, most=20), model.answers(x)
    for place in range(len(x)):
        one = found.of(place)
        count = len(one.scores)
        torch.testing.assert_close(watched.boxes[place, :count], one.boxes)
        torch.testing.assert_close(watched.scores[place, :count], one.scores)
        torch.testing.assert_close(watched.weights[place, :count].sum(dim=(1, 2)), torch.ones(count))
        assert not watched.boxes[place, count:].any() and not watched.weights[place, count:].any()
        cell = (one.boxes[0, 1] * 3).long() * 5 + (one.boxes[0, 0] * 5).long()  # the centre says which
        maps = model.weights(x)[place].mean(dim=0)[cell]
        torch.testing.assert_close(watched.weights[place, 0].flatten(), maps)
    with pytest.raises(ValueError, match="with attention in it"):
        watch_cells(GridDetector(3), torch.rand(1, 64, 8, 8))


def test_the_module_runs(capsys):
    board.main()
    assert "'weights': (6, 8, 8, 8)" in capsys.readouterr().out
