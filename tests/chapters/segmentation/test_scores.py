"""Scores of masks: by hand, and against scikit-learn, scikit-image and SciPy."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.segmentation import find_boundaries
from sklearn.metrics import f1_score

from visual_attention.chapters.segmentation.scores import (
    boundary_f,
    dice,
    main,
    near,
    near_and_far,
    outline,
)


def blobs(count: int, seed: int, height: int = 17, width: int = 23) -> torch.Tensor:
    """Random masks with smooth outlines."""
    noise = np.random.default_rng(seed).normal(size=(count, height, width))
    smooth = ndimage.gaussian_filter(noise, (0, 2, 2))
    return torch.from_numpy(smooth > 0.02)[:, None]


def box(top: int, left: int, bottom: int, right: int, size: int = 12) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size, dtype=torch.bool)
    mask[..., top:bottom, left:right] = True
    return mask


NOTHING = box(0, 0, 0, 0)


class TestDice:
    def test_is_scikit_learn_s_f1_of_the_pixels(self):
        predicted, true = blobs(6, 0), blobs(6, 1)
        wanted = [f1_score(t.flatten(), p.flatten()) for p, t in zip(predicted, true, strict=True)]
        assert dice(predicted, true).tolist() == pytest.approx(wanted)

    def test_by_hand(self):
        assert dice(box(2, 2, 6, 6), box(2, 4, 6, 10)).item() == pytest.approx(2 * 8 / (16 + 24))

    def test_of_empty_masks(self):
        assert dice(NOTHING, NOTHING).item() == 1 and dice(NOTHING, box(2, 2, 4, 4)).item() == 0


class TestOutline:
    def test_is_scikit_image_s_inner_boundary(self):
        masks = blobs(6, 2)
        wanted = [find_boundaries(mask[0].numpy(), connectivity=1, mode="inner") for mask in masks]
        assert np.array_equal(outline(masks)[:, 0].numpy(), np.stack(wanted) & masks[:, 0].numpy())

    def test_of_a_box_is_its_frame(self):
        assert torch.equal(outline(box(2, 3, 7, 9)), box(2, 3, 7, 9) & ~box(3, 4, 6, 8))

    def test_there_is_none_where_the_picture_cuts_a_mask(self):
        assert torch.equal(outline(box(0, 0, 12, 5)), box(0, 4, 12, 5))


class TestNear:
    @pytest.mark.parametrize("distance", [0, 1, 1.5, 2, 3.7])
    def test_is_scipy_s_distance(self, distance):
        masks = outline(blobs(5, 3))
        for mask, found in zip(masks, near(masks, distance), strict=True):
            wanted = ndimage.distance_transform_edt(~mask[0].numpy()) <= distance
            assert np.array_equal(found[0].numpy(), wanted)


class TestBoundaryF:
    @pytest.mark.parametrize("tolerance", [0, 1, 2.5])
    def test_agrees_with_distances_by_scipy_and_counts_by_hand(self, tolerance):
        predicted, true = blobs(6, 4), blobs(6, 5)
        wanted = []
        for p, t in zip(predicted[:, 0].numpy(), true[:, 0].numpy(), strict=True):
            edges = [find_boundaries(m, connectivity=1, mode="inner") & m for m in (p, t)]
            far = [ndimage.distance_transform_edt(~edge) for edge in edges]
            precision = (far[1][edges[0]] <= tolerance).mean()
            recall = (far[0][edges[1]] <= tolerance).mean()
            wanted.append(2 * precision * recall / max(precision + recall, 1e-12))
        assert boundary_f(predicted, true, tolerance=tolerance).tolist() == pytest.approx(wanted)

    def test_the_tolerance_counts_pixels_whatever_the_size_of_the_picture(self):
        """A box moved by 2 pixels: 0 forgives nothing, 2 all, in a small picture and in a large one."""
        for size in (12, 48, 96):
            true, moved = box(3, 2, 8, 7, size), box(3, 4, 8, 9, size)
            assert boundary_f(moved, true, tolerance=2).item() == 1
            assert boundary_f(moved, true, tolerance=1).item() < 0.7
            # columns 4, 5 and 6 of the upper and lower rims are common: 6 of 16
            assert boundary_f(moved, true, tolerance=0).item() == pytest.approx(6 / 16)

    def test_precision_and_recall_differ(self):
        """One of two equal boxes is found: precision 1, recall 1/2."""
        both = box(1, 1, 5, 5) | box(7, 7, 11, 11)
        assert boundary_f(box(1, 1, 5, 5), both).item() == pytest.approx(2 / 3)

    def test_of_empty_masks(self):
        assert boundary_f(NOTHING, NOTHING).item() == 1
        assert boundary_f(NOTHING, box(2, 2, 6, 6)).item() == 0 == boundary_f(box(2, 2, 6, 6), NOTHING).item()

    def test_notices_what_dice_hardly_does(self):
        true, rough = box(4, 4, 44, 44, 48), box(1, 1, 47, 47, 48)
        assert dice(rough, true).item() > 0.85 and boundary_f(rough, true).item() == 0


class TestNearAndFar:
    def test_by_hand(self):
        """A box of 6 x 6 in 12 x 12: with distance 1, wrong pixels are counted on their own side."""
        true = box(3, 3, 9, 9)
        close, beyond = near_and_far(true ^ box(5, 5, 6, 7), true, distance=1)
        near_count = int(near(outline(true), 1).sum())
        assert close.item() == 1 and beyond.item() == pytest.approx(1 - 2 / (144 - near_count))
        close, beyond = near_and_far(true ^ box(3, 3, 4, 6), true, distance=1)
        assert close.item() == pytest.approx(1 - 3 / near_count) and beyond.item() == 1

    def test_without_an_outline_nothing_is_near(self):
        close, beyond = near_and_far(box(2, 2, 6, 6), NOTHING)
        assert close.item() == 1 and beyond.item() == pytest.approx(1 - 16 / 144)


def test_images_do_not_mix():
    predicted, true = blobs(4, 6), blobs(4, 7)
    for score in (dice, boundary_f, lambda p, t: near_and_far(p, t)[0]):
        alone = [score(predicted[i : i + 1], true[i : i + 1]) for i in range(4)]
        torch.testing.assert_close(score(predicted, true), torch.cat(alone))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: dice(torch.rand(1, 1, 4, 4), box(0, 0, 2, 2, 4)), "bool, got torch.float32: compare"),
        (
            lambda: dice(box(0, 0, 2, 2, 4)[0], box(0, 0, 2, 2, 4)[0]),
            r"wanted predicted masks \(B, 1, H, W\)",
        ),
        (lambda: boundary_f(box(0, 0, 2, 2, 4), box(0, 0, 2, 2, 5)), "one shape"),
        (lambda: boundary_f(NOTHING, NOTHING, tolerance=-1), "0 pixels or more, got -1"),
        (lambda: dice([[True]], NOTHING), "got list"),
    ],
)
def test_what_cannot_be_right_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_module_runs(capsys):
    main()
    assert "moved by 1 px" in capsys.readouterr().out
