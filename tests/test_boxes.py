"""Boxes: hand-worked cases, an independent count of cells, and what must not change the result."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visual_attention.boxes import (
    from_corners,
    generalised_iou,
    iou,
    main,
    suppress,
    to_corners,
)

CELLS = 40  # boxes on this grid can be counted cell by cell


def boxes(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def on_grid(left, top, right, bottom):
    return from_corners(torch.tensor([left, top, right, bottom], dtype=torch.float64) / CELLS)


@st.composite
def grid_box(draw):
    left, top = draw(st.integers(0, CELLS - 1)), draw(st.integers(0, CELLS - 1))
    return left, top, draw(st.integers(left + 1, CELLS)), draw(st.integers(top + 1, CELLS))


def cells(box):
    left, top, right, bottom = box
    return {(row, column) for row in range(top, bottom) for column in range(left, right)}


def hull(a, b):
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


class TestCorners:
    def test_by_hand_width_is_not_height(self):
        box = torch.tensor([0.5, 0.4, 0.6, 0.2])
        torch.testing.assert_close(to_corners(box), torch.tensor([0.2, 0.3, 0.8, 0.5]))
        torch.testing.assert_close(from_corners(torch.tensor([0.2, 0.3, 0.8, 0.5])), box)

    def test_there_and_back(self):
        x = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(from_corners(to_corners(x)), x)
        assert to_corners(x[:0]).shape == (0, 5, 4)


class TestOverlap:
    @settings(max_examples=60, deadline=None)
    @given(a=grid_box(), b=grid_box())
    def test_agrees_with_counting_cells(self, a, b):
        one, other = cells(a), cells(b)
        share = len(one & other) / len(one | other)
        around = len(cells(hull(a, b)))
        assert iou(on_grid(*a), on_grid(*b)).item() == pytest.approx(share, abs=1e-9)
        want = share - (around - len(one | other)) / around
        assert generalised_iou(on_grid(*a), on_grid(*b)).item() == pytest.approx(want, abs=1e-9)

    def test_by_hand(self):
        a, b = boxes([0.3, 0.5, 0.4, 0.2]), boxes([0.5, 0.5, 0.4, 0.4])
        # shared 0.2 x 0.2 = 0.04, union 0.08 + 0.16 - 0.04 = 0.20, hull 0.6 x 0.4 = 0.24
        assert iou(a, b).item() == pytest.approx(0.2)
        assert generalised_iou(a, b).item() == pytest.approx(0.2 - 0.04 / 0.24)

    def test_far_apart_the_penalty_grows_with_the_distance(self):
        a = boxes([0.1, 0.1, 0.1, 0.1])
        near, far = boxes([0.3, 0.1, 0.1, 0.1]), boxes([0.9, 0.1, 0.1, 0.1])
        assert iou(a, near) == iou(a, far) == 0
        assert 0 > generalised_iou(a, near) > generalised_iou(a, far) > -1

    def test_the_gradient_of_the_generalised_one_knows_the_way(self):
        a = boxes([0.1, 0.5, 0.1, 0.1]).requires_grad_()
        generalised_iou(a, boxes([0.8, 0.5, 0.1, 0.1])).sum().backward()
        assert a.grad[0, 0] > 0
        a.grad = None
        iou(a, boxes([0.8, 0.5, 0.1, 0.1])).sum().backward()
        assert not a.grad.any()

    def test_all_pairs_by_broadcasting(self):
        a = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
        b = torch.rand(5, 4, generator=torch.Generator().manual_seed(1))
        for function in (iou, generalised_iou):
            table = function(a[:, None], b)
            assert table.shape == (3, 5)
            torch.testing.assert_close(table[2, 4], function(a[2], b[4]))
            torch.testing.assert_close(table, function(b[:, None], a).T)

    def test_boxes_without_area(self):
        point, line = boxes([0.5, 0.5, 0.0, 0.0]), boxes([0.5, 0.5, 0.4, 0.0])
        whole = boxes([0.5, 0.5, 0.4, 0.4])
        assert iou(point, point) == generalised_iou(point, point) == 0
        assert iou(line, line) == generalised_iou(line, line) == 0
        assert iou(point, whole) == 0
        assert generalised_iou(point, whole).item() == pytest.approx(0)  # its hull is the box itself
        apart = boxes([0.1, 0.1, 0.0, 0.0])
        assert generalised_iou(point, apart).item() == pytest.approx(-1)
        point.requires_grad_()
        (iou(point, whole) + generalised_iou(point, apart)).sum().backward()
        assert point.grad.isfinite().all()

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (torch.zeros(3, 5), r"\(\.\.\., 4\).*got \(3, 5\)"),
            (torch.tensor([0.5, 0.5, -0.1, 0.2]), "0 or more, got -0.1"),
            (torch.tensor([0.5, 0.5, math.nan, 0.2]), "finite numbers, got 1"),
            (torch.zeros(2, 4, dtype=torch.long), "floating-point.*int64"),
            ([0.0] * 4, "floating-point.*list"),
            (torch.tensor(1.0), r"got \(\)"),
        ],
    )
    def test_what_is_no_box_is_refused(self, wrong, says):
        right = torch.full((4,), 0.5)
        for function in (iou, generalised_iou):
            with pytest.raises(ValueError, match="first.*" + says):
                function(wrong, right)
            with pytest.raises(ValueError, match="second.*" + says):
                function(right, wrong)


class TestSuppress:
    def test_by_hand(self):
        x = boxes([0.30, 0.5, 0.4, 0.4], [0.32, 0.5, 0.4, 0.4], [0.8, 0.5, 0.2, 0.2], [0.31, 0.5, 0.4, 0.4])
        scores = torch.tensor([0.8, 0.9, 0.3, 0.7])
        same = torch.zeros(4, dtype=torch.long)
        assert suppress(x, scores, same).tolist() == [1, 2]
        assert suppress(x, scores, torch.tensor([1, 0, 0, 0])).tolist() == [1, 0, 2]  # each class for itself
        assert suppress(x, scores, same, threshold=0.99).tolist() == [1, 0, 3, 2]

    def test_a_suppressed_box_suppresses_nothing(self):
        # 0 covers 1, 1 covers 2, 0 does not cover 2: so 2 stays
        x = boxes([0.30, 0.5, 0.4, 0.4], [0.42, 0.5, 0.4, 0.4], [0.54, 0.5, 0.4, 0.4])
        assert iou(x[0], x[1]) > 0.5 > iou(x[0], x[2])
        assert suppress(x, torch.tensor([0.9, 0.8, 0.7]), torch.zeros(3)).tolist() == [0, 2]

    def test_exactly_at_the_threshold_a_box_stays(self):
        x = boxes([0.25, 0.5, 0.5, 0.5], [0.25, 0.375, 0.5, 0.25])  # half of the first
        assert suppress(x, torch.tensor([0.9, 0.8]), torch.zeros(2), threshold=0.5).tolist() == [0, 1]

    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 999), count=st.integers(0, 12))
    def test_kept_boxes_keep_their_distance_and_the_order_does_not_matter(self, seed, count):
        g = torch.Generator().manual_seed(seed)
        x = 0.2 + 0.3 * torch.rand(count, 4, generator=g)
        scores, labels = torch.rand(count, generator=g), torch.randint(2, (count,), generator=g)
        kept = suppress(x, scores, labels)
        rivals = iou(x[kept][:, None], x[kept]) * (labels[kept][:, None] == labels[kept])
        assert (rivals.fill_diagonal_(0) <= 0.5).all()
        for gone in set(range(count)) - set(kept.tolist()):
            better = kept[(scores[kept] > scores[gone]) & (labels[kept] == labels[gone])]
            assert (iou(x[better], x[gone]) > 0.5).any()
        order = torch.randperm(count, generator=g)
        again = order[suppress(x[order], scores[order], labels[order])]
        assert again.tolist() == kept.tolist()

    def test_none_and_ties(self):
        nothing = torch.zeros(0)
        assert suppress(torch.zeros(0, 4), nothing, nothing).tolist() == []
        twins = boxes([0.5, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2])
        assert suppress(twins, torch.ones(2), torch.zeros(2)).tolist() == [0]

    def test_what_does_not_fit_is_refused(self):
        with pytest.raises(ValueError, match=r"scores \(N,\) and labels"):
            suppress(torch.zeros(2, 4), torch.zeros(3), torch.zeros(2))
        with pytest.raises(ValueError, match="threshold above 0, got 0"):
            suppress(torch.zeros(2, 4), torch.zeros(2), torch.zeros(2), threshold=0)


def test_the_module_runs(capsys):
    main()
    assert "generalised +1.00" in capsys.readouterr().out
