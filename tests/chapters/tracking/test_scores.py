"""Curves of tracking against cases by hand, scikit-learn and SciPy."""

import pytest
import torch
from scipy.stats import ecdf
from sklearn.metrics import recall_score

from visual_attention.boxes import iou
from visual_attention.chapters.tracking.scores import (
    DISTANCES,
    OVERLAPS,
    area,
    main,
    precision,
    presence_area,
    success,
)


def random_boxes(seed):
    generator = torch.Generator().manual_seed(seed)
    centre = 0.3 + 0.4 * torch.rand(5, 7, 2, generator=generator)
    return torch.cat([centre, 0.2 + 0.2 * torch.rand(5, 7, 2, generator=generator)], dim=-1)


BOXES, TRUE = random_boxes(0), random_boxes(1)
PRESENT = torch.rand(5, 7, generator=torch.Generator().manual_seed(2)) > 0.3
ALL = torch.ones(4, dtype=torch.bool)


def shifted(*shares):
    """Boxes of width and height 0.2, each moved to the right by a share of its width, and where they were."""
    still = torch.tensor([[0.4, 0.5, 0.2, 0.2]]).repeat(len(shares), 1)
    moved = still.clone()
    moved[:, 0] += 0.2 * torch.tensor(shares)
    return moved, still


class TestByHand:
    def test_success(self):
        """Overlaps 1, 1/3 and 0: moved by nothing, by half a width, by a whole one."""
        moved, still = shifted(0.0, 0.5, 0.5, 1.0)
        curve = success(moved, still, ALL, torch.tensor([0.0, 0.3, 0.4, 0.99]))
        assert curve.tolist() == pytest.approx([0.75, 0.75, 0.25, 0.25])

    def test_a_perfect_tracker_is_above_every_threshold_but_1(self):
        """ "More than", as the benchmark has it: the best area is 20 / 21."""
        moved, still = shifted(0.0, 0.0, 0.0, 0.0)
        curve = success(still, still, ALL)
        assert curve[:-1].eq(1).all() and curve[-1] == 0 and area(curve) == pytest.approx(20 / 21)

    def test_precision(self):
        """Moved by 0, 0.1 and 0.2 of 64 pixels: 0, 6.4 and 12.8 pixels."""
        moved, still = shifted(0.0, 0.5, 0.5, 1.0)
        curve = precision(moved, still, ALL, torch.tensor([0.0, 6.0, 7.0, 13.0]))
        assert curve.tolist() == [0.25, 0.25, 0.75, 1.0]
        assert precision(moved, still, ALL, torch.tensor([7.0]), frame=(64, 100)).item() == 0.25

    @pytest.mark.parametrize(("frame", "within"), [((50, 300), 30.0), ((300, 50), 5.0)])
    def test_precision_in_frames_that_are_wide_or_high(self, frame, within):
        """Moved to the right by a tenth of the width: 30 pixels of 300, 5 of 50."""
        moved, still = shifted(0.5, 0.5, 0.5, 0.5)
        curve = precision(moved, still, ALL, torch.tensor([within - 0.1, within + 0.1]), frame=frame)
        assert curve.tolist() == [0, 1]

    def test_frames_without_the_target_do_not_count(self):
        moved, still = shifted(0.0, 0.0, 1.0, 1.0)
        there = torch.tensor([True, True, False, False])
        assert success(moved, still, there, torch.tensor([0.5])).item() == 1
        assert precision(moved, still, there, torch.tensor([1.0])).item() == 1

    @pytest.mark.parametrize("rubbish", [float("nan"), -1.0, float("inf")])
    def test_what_stands_in_those_frames_changes_nothing(self, rubbish):
        for boxes, true in (
            (BOXES.masked_fill(~PRESENT[..., None], rubbish), TRUE),
            (BOXES, TRUE.masked_fill(~PRESENT[..., None], rubbish)),
        ):
            for curve in (success, precision):
                assert torch.equal(curve(boxes, true, PRESENT), curve(BOXES, TRUE, PRESENT))

    def test_the_order_of_the_frames_changes_nothing(self):
        order = torch.randperm(7, generator=torch.Generator().manual_seed(3))
        for curve in (success, precision):
            turned = curve(BOXES[:, order], TRUE[:, order], PRESENT[:, order])
            torch.testing.assert_close(turned, curve(BOXES, TRUE, PRESENT))

    @pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_no_overlap_is_above_1_in_any_type_of_float(self, kind):
        same = random_boxes(4).to(kind)
        assert success(same, same, PRESENT)[-1] == 0 and success(same, same, PRESENT)[-2] == 1

    def test_presence(self):
        assert presence_area(torch.tensor([0.9, 0.2, 0.6, 0.1]), torch.tensor([1, 0, 1, 0]).bool()) == 1
        assert presence_area(torch.tensor([0.9, 0.2, 0.6, 0.1]), torch.tensor([1, 1, 0, 0]).bool()) == 0.75


class TestIndependently:
    def test_success_is_scikit_learns_recall_of_overlaps_above_a_threshold(self):
        overlap = iou(BOXES, TRUE)[PRESENT].numpy()
        for threshold, got in zip(OVERLAPS.tolist(), success(BOXES, TRUE, PRESENT).tolist(), strict=True):
            wanted = recall_score([1] * len(overlap), overlap > threshold, zero_division=0)
            assert got == pytest.approx(wanted)

    def test_precision_is_scipys_distribution_of_distances(self):
        away = 64 * (BOXES - TRUE)[..., :2].norm(dim=-1)[PRESENT]
        wanted = ecdf(away.numpy()).cdf.evaluate(DISTANCES.numpy())
        assert precision(BOXES, TRUE, PRESENT).tolist() == pytest.approx(wanted.tolist())

    def test_curves_fall_and_rise(self):
        assert (success(BOXES, TRUE, PRESENT).diff() <= 0).all()
        assert (precision(BOXES, TRUE, PRESENT).diff() >= 0).all()

    def test_the_area_becomes_the_mean_overlap(self):
        fine = success(BOXES, TRUE, PRESENT, torch.linspace(0, 1, 10_001))
        assert area(fine) == pytest.approx(iou(BOXES, TRUE)[PRESENT].mean().item(), abs=1e-3)


class TestErrors:
    @pytest.mark.parametrize("curve", [success, precision])
    def test_say_what_was_wanted(self, curve):
        with pytest.raises(ValueError, match="wanted boxes"):
            curve(BOXES, TRUE, PRESENT[0])
        with pytest.raises(ValueError, match="at least one frame with the target"):
            curve(BOXES, TRUE, torch.zeros_like(PRESENT))
        with pytest.raises(ValueError, match=r"wanted boxes \(..., 4\)"):
            curve(BOXES[..., :3], TRUE[..., :3], PRESENT)

    @pytest.mark.parametrize("curve", [success, precision])
    def test_boxes_that_count_must_be_boxes(self, curve):
        with pytest.raises(ValueError, match="boxes: wanted finite numbers"):
            curve(BOXES * float("nan"), TRUE, PRESENT)
        with pytest.raises(ValueError, match="true: wanted widths and heights"):
            curve(BOXES, -TRUE, PRESENT)

    def test_presence_needs_numbers(self):
        with pytest.raises(ValueError, match="presence: wanted numbers that can be put in order, got 1 NaN"):
            presence_area(torch.tensor([0.1, float("nan")]), torch.tensor([True, False]))
        with pytest.raises(ValueError, match=r"of one shape, got \(3,\), \(4,\)"):
            presence_area(torch.rand(3), ALL)

    def test_presence_needs_both_kinds(self):
        with pytest.raises(ValueError, match="one kind only"):
            presence_area(torch.rand(4), ALL)

    def test_main_runs(self, capsys):
        main()
        assert "mean overlap" in capsys.readouterr().out
