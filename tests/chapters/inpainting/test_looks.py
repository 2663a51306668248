"""Do the two scores of looks rank changes as they should? And what each of them does not see."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from visual_attention.chapters.inpainting.looks import gradient_deviation, main, patch_distance
from visual_attention.chapters.inpainting.scores import psnr
from visual_attention.data import photographs

SCORES = (gradient_deviation, patch_distance)
scores = pytest.mark.parametrize("score", SCORES)


@pytest.fixture(scope="module", params=["gravel", "grass", "brick"])
def texture(request):
    """A window a little wider than the picture, the picture, and its hole."""
    wide = photographs.load(request.param, 128)[None, :, 30:86, 30:86]
    true, mask = wide[..., 4:-4, 4:-4], torch.zeros(1, 1, 48, 48, dtype=torch.bool)
    mask[..., 14:34, 14:34] = True
    return wide, true, mask


def filled(picture, true, mask):
    return torch.where(mask, picture, true)


def blurred(true, size):
    return F.avg_pool2d(true, size, stride=1, padding=size // 2, count_include_pad=False)


def noisy(true, strength):
    return true + strength * torch.randn(true.shape, generator=torch.Generator().manual_seed(0))


@scores
def test_the_truth_has_no_distance_and_more_of_a_fault_is_worse(score, texture):
    _, true, mask = texture
    assert score(true, true, mask).item() == 0
    for change, strengths in ((blurred, (3, 5, 9)), (noisy, (0.02, 0.06, 0.15))):
        got = [score(filled(change(true, s), true, mask), true, mask).item() for s in strengths]
        assert 0 < got[0] < got[1] < got[2]
    flat = filled(true.mean(dim=(2, 3), keepdim=True).expand_as(true), true, mask)
    assert score(flat, true, mask) > score(filled(blurred(true, 3), true, mask), true, mask)


def test_a_pattern_in_another_place_costs_the_patches_little_and_psnr_much(texture):
    wide, true, mask = texture
    moved = filled(wide[..., 6:-2, 4:-4], true, mask)
    flat = filled(true.mean(dim=(2, 3), keepdim=True).expand_as(true), true, mask)
    if true.mean() != photographs.load("brick", 128)[:, 34:82, 34:82].mean():  # joints go on where they were
        assert psnr(flat, true, mask) > psnr(moved.clamp(0, 1), true, mask)  # PSNR prefers one flat colour
    assert patch_distance(moved, true, mask) < patch_distance(flat, true, mask) / 2


def test_edges_are_compared_by_hand():
    truth = torch.zeros(1, 1, 6, 6)
    truth[..., 3:] = 1  # one edge between columns 2 and 3: Prewitt gives 1 on both sides
    mask = torch.zeros(1, 1, 6, 6, dtype=torch.bool)
    mask[..., 1:5, 1:5] = True
    got = gradient_deviation(torch.full_like(truth, 0.5).where(mask, truth), truth, mask)
    one, two = (
        np.asarray(_gradient(x[0, 0])) for x in (torch.full_like(truth, 0.5).where(mask, truth), truth)
    )
    steady = 170 / 255**2
    similar = (2 * one * two + steady) / (one**2 + two**2 + steady)
    assert got.item() == pytest.approx(similar.std(), rel=1e-5)
    assert _gradient(truth[0, 0])[3, 2] == pytest.approx(1) and steady == pytest.approx(0.002614, abs=1e-6)


def _gradient(x):
    x = np.pad(x.numpy(), 1, mode="edge")
    across = sum(x[k : k + 6, :-2] - x[k : k + 6, 2:] for k in range(3)) / 3
    down = sum(x[:-2, k : k + 6] - x[2:, k : k + 6] for k in range(3)) / 3
    return np.hypot(across, down)


def test_patches_are_a_crowd_whose_order_does_not_count():
    generator = torch.Generator().manual_seed(0)
    true = torch.rand(2, 3, 20, 20, generator=generator)
    mask = torch.zeros(2, 1, 20, 20, dtype=torch.bool)
    mask[0, :, 5:9, 5:9], mask[1, :, 9:13, 6:10] = True, True
    around = torch.zeros_like(mask)  # the patches are known as well as the hole: turn them all by half
    around[0, :, 3:11, 3:11], around[1, :, 7:15, 4:12] = True, True
    turned = true.clone()
    for k in range(2):
        inside = around[k, 0].nonzero()
        (top, left), (bottom, right) = inside[0].tolist(), inside[-1].tolist()
        area = (k, slice(None), slice(top, bottom + 1), slice(left, right + 1))
        symmetric = (true[area] + true[area].flip(1, 2)) / 2
        true[area] = turned[area] = symmetric
    torch.testing.assert_close(patch_distance(turned, true, mask), torch.zeros(2))
    brighter = patch_distance(true + 0.1, true, mask)
    doubled = patch_distance(true + 0.2, true, mask)
    torch.testing.assert_close(doubled, 2 * brighter)  # in the pixels' unit


@scores
def test_each_picture_has_a_score_of_its_own(score):
    generator = torch.Generator().manual_seed(1)
    true, other = torch.rand(2, 3, 3, 16, 18, generator=generator)
    mask = torch.zeros(3, 1, 16, 18, dtype=torch.bool)
    mask[..., 4:9, 6:12] = True
    together = score(torch.where(mask, other, true), true, mask)
    alone = torch.cat(
        [score(*(x[k : k + 1] for x in (torch.where(mask, other, true), true, mask))) for k in range(3)]
    )
    assert together.shape == (3,) and len(set(together.tolist())) == 3
    torch.testing.assert_close(together, alone)


@scores
def test_what_does_not_fit_is_refused(score):
    true, mask = torch.rand(2, 3, 12, 12), torch.zeros(2, 1, 12, 12, dtype=torch.bool)
    mask[0, :, 2:5, 2:5], mask[1, :, 2:6, 2:5] = True, True
    with pytest.raises(ValueError, match="wanted a truth of shape"):
        score(true, true[:1], mask)
    with pytest.raises(ValueError, match="wanted holes of one size, got from 9 to 12 pixels"):
        patch_distance(true, true, mask)


def test_the_module_runs(capsys):
    main()
    assert "one flat colour" in capsys.readouterr().out
