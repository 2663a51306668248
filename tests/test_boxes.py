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

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
CELLS = 40  # boxes on this grid can be counted cell by cell


def boxes(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def on_grid(left, top, right, bottom):
    return from_corners(torch.tensor([left, top, right, bottom], dtype=torch.float64) / CELLS)


@st.composite
def grid_box(draw):
    left, top = draw(st.integers(0, CELLS - 1)), draw(st.integers(0, CELLS - 1))
    return left, top, draw(st.integers(left + 1, CELLS)), draw(st.integers(top + 1, CELLS))


@st.composite
def any_boxes(draw, kind):
    """Two boxes of a type of float, anywhere, from specks to giants; now and then one and the same twice."""
    places = st.floats(-4, 5, width=16)
    spans = st.one_of(st.floats(0.001, 4), st.sampled_from([1e-4, 0.003, 0.1, 0.3, 1.0, 3.0]))
    rows = [[draw(places), draw(places), draw(spans), draw(spans)] for _ in range(2)]
    first, second = (torch.tensor(row, dtype=torch.float64).to(kind) for row in rows)
    return first, first.clone() if draw(st.booleans()) else second


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
    @settings(max_examples=60)
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

    @pytest.mark.parametrize("kind", FLOATS)
    @settings(max_examples=60)
    @given(data=st.data())
    def test_a_box_is_all_of_itself_and_nothing_is_more_than_that(self, data, kind):
        a, b = data.draw(any_boxes(kind))
        for function, least in ((iou, 0), (generalised_iou, -1)):
            assert function(a, b).dtype == kind
            assert function(a, a) == function(b, b) == 1
            assert least <= function(a, b) <= 1
            assert function(a, b) == function(b, a)
        assert generalised_iou(a, b) <= iou(a, b)

    @pytest.mark.parametrize("kind", FLOATS)
    def test_the_same_box_at_a_hundred_thousand_places(self, kind):
        """0.1 x 0.1 anywhere in the picture: rounded corners made it 1.0001 times itself, or 245 times."""
        g = torch.Generator().manual_seed(0)
        same = torch.cat([torch.rand(100_000, 2, generator=g), torch.full((100_000, 2), 0.1)], dim=1)
        for function in (iou, generalised_iou):
            assert function(same.to(kind), same.to(kind)).eq(1).all()

    @settings(max_examples=40)
    @given(a=grid_box(), b=grid_box(), axis=st.sampled_from([0, 1]))
    def test_no_axis_is_treated_otherwise(self, a, b, axis):
        """Mirrored, turned, moved and stretched along either axis, two boxes agree as before."""
        one, other = on_grid(*a), on_grid(*b)
        mirror, move, stretch = torch.zeros(4).double(), torch.zeros(4).double(), torch.ones(4).double()
        mirror[axis], move[axis], stretch[[axis, axis + 2]] = 1, 3.25, 4
        turn = [1, 0, 3, 2]
        for function in (iou, generalised_iou):
            before = function(one, other)
            for change in (
                lambda box: torch.where(mirror > 0, 1 - box, box),
                lambda box: box[turn],
                lambda box: box + move,
                lambda box: box * stretch,
            ):
                torch.testing.assert_close(function(change(one), change(other)), before)

    @pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
    def test_halves_are_right_to_their_last_digit(self, kind):
        """Also for a thousandth of the picture and for 300 pixels, whose areas float16 cannot hold."""
        g = torch.Generator().manual_seed(0)
        for side in (0.001, 1.0, 300.0):
            a, b = (side * (0.2 + torch.rand(2, 500, 4, generator=g, dtype=torch.float64))).to(kind)
            for function in (iou, generalised_iou):
                want = function(a.double(), b.double())
                torch.testing.assert_close(
                    function(a, b).double(), want, rtol=torch.finfo(kind).eps, atol=1e-6
                )

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

    @settings(max_examples=30)
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

    def test_a_threshold_of_one_keeps_twins(self):
        twins = torch.tensor([[0.37, 0.61, 0.1, 0.1]] * 3)
        for kind in FLOATS:
            scores = torch.tensor([0.9, 0.8, 0.7])
            assert suppress(twins.to(kind), scores, torch.zeros(3), threshold=1.0).tolist() == [0, 1, 2]

    @settings(max_examples=30)
    @given(seed=st.integers(0, 999), count=st.integers(0, 8), padding=st.integers(1, 4))
    def test_padding_is_neither_kept_nor_heard(self, seed, count, padding):
        g = torch.Generator().manual_seed(seed)
        x, scores = 0.2 + 0.3 * torch.rand(count, 4, generator=g), torch.rand(count, generator=g)
        labels = torch.randint(2, (count,), generator=g)
        rubbish = torch.full((padding, 4), math.nan)
        padded = [torch.cat(pair) for pair in ((x, rubbish), (scores, rubbish[:, 0]))]
        order = torch.randperm(count + padding, generator=g)
        marked = torch.cat([labels, torch.full((padding,), -1)])[order]
        kept = suppress(padded[0][order], padded[1][order], marked)
        assert order[kept].tolist() == suppress(x, scores, labels).tolist()

    def test_scores_without_an_order_are_refused(self):
        scores = torch.tensor([0.5, math.nan])
        with pytest.raises(ValueError, match="put in order, got 1 NaN"):
            suppress(torch.full((2, 4), 0.5), scores, torch.zeros(2))

    def test_what_does_not_fit_is_refused(self):
        with pytest.raises(ValueError, match="floating-point.*list"):
            suppress([[0.5] * 4], torch.zeros(1), torch.zeros(1))
        with pytest.raises(ValueError, match=r"scores \(N,\) and labels"):
            suppress(torch.zeros(2, 4), torch.zeros(3), torch.zeros(2))
        with pytest.raises(ValueError, match="threshold above 0, got 0"):
            suppress(torch.zeros(2, 4), torch.zeros(2), torch.zeros(2), threshold=0)


def test_the_module_runs(capsys):
    main()
    assert "generalised +1.00" in capsys.readouterr().out
