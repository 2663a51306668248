"""Scores count what was missing and nothing else; the plain fillings keep what is known."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic

from visual_attention.chapters.inpainting.scores import BiharmonicFill, MeanFill, main, psnr, ssim

B, C, H, W = 2, 3, 13, 17


def images(seed=0, b=B):
    return torch.rand(b, C, H, W, generator=torch.Generator().manual_seed(seed))


def holes(b=B):
    made = torch.zeros(b, 1, H, W, dtype=torch.bool)
    for i in range(b):
        made[i, :, 3 + i : 7 + i, 8:13] = True
    return made


def test_psnr_by_hand():
    """Errors of 0.1 everywhere: 10 log10(1 / 0.01) = 20 dB; of 0.1 in half of the hole, 3 dB more."""
    truth, mask = torch.full((2, 1, 4, 4), 0.5), torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    mask[..., 1:3, 1:3] = True
    filled = truth + 0.1 * mask
    filled[1, :, 1] = 0.5
    torch.testing.assert_close(psnr(filled, truth, mask), torch.tensor([20.0, 23.0103]).double())


@pytest.mark.parametrize("score", [psnr, ssim])
def test_each_image_has_its_own_score(score):
    truth, filled, mask = images(), images(1), holes()
    alone = torch.cat([score(filled[i : i + 1], truth[i : i + 1], mask[i : i + 1]) for i in range(B)])
    torch.testing.assert_close(score(filled, truth, mask), alone)
    assert alone[0] != alone[1]


def test_psnr_does_not_see_what_was_known():
    truth, mask = images(), holes()
    filled = torch.where(mask, images(1), truth)
    spoilt = torch.where(mask, filled, images(2))
    assert torch.equal(psnr(spoilt, truth, mask), psnr(filled, truth, mask))


def test_ssim_is_that_of_scikit_image_at_the_missing_places():
    truth, mask = images(), holes()
    filled = torch.where(mask, images(1), truth)
    for i, score in enumerate(ssim(filled, truth, mask)):
        _, similar = structural_similarity(
            truth[i].double().numpy(), filled[i].double().numpy(), data_range=1, channel_axis=0, full=True
        )
        assert score.item() == pytest.approx(similar[:, mask[i, 0].numpy()].mean())
    far = torch.where(mask, filled, truth)
    far[..., -1, 0] += 0.4  # further from the hole than a window reaches
    torch.testing.assert_close(ssim(far, truth, mask), ssim(filled, truth, mask))


def test_a_perfect_filling():
    truth, mask = images(), holes()
    assert (psnr(truth, truth, mask) == 60).all()
    torch.testing.assert_close(ssim(truth, truth, mask), torch.ones(B).double())


def test_psnr_weighs_squares_of_errors():
    truth, mask = images(), holes()
    filled = torch.where(mask, images(1), truth)
    error = ((filled - truth).double()[0][:, mask[0, 0]] ** 2).mean()
    assert psnr(filled, truth, mask)[0].item() == pytest.approx(-10 * np.log10(error))


@pytest.mark.parametrize("score", [psnr, ssim])
@pytest.mark.parametrize(
    ("filled", "truth", "mask", "says"),
    [
        (images(), images(b=1), holes(), r"truth of shape \(2, 3, 13, 17\), got \(1, 3, 13, 17\)"),
        (images(), images(), torch.zeros(B, 1, H, W, dtype=torch.bool), "a hole in each image"),
        (images(), images(), holes().float(), "torch.bool"),
    ],
)
def test_what_cannot_be_scored_is_refused(score, filled, truth, mask, says):
    with pytest.raises(ValueError, match=says):
        score(filled, truth, mask)


@pytest.mark.parametrize("score", [psnr, ssim])
def test_numbers_that_mean_something_else_are_refused(score):
    truth, filled, mask = images(), images(1), holes()
    with pytest.raises(ValueError, match="truth: wanted floats from 0 to 1, got .*: divide by 255"):
        score(255 * filled, 255 * truth, mask)
    with pytest.raises(ValueError, match="wanted finite numbers, got 1 NaN"):
        score(filled.masked_fill(filled == filled[0, 0, 0, 5], torch.nan), truth, mask)
    assert score(filled * 1.2, truth, mask).isfinite().all()  # a network may overshoot


def test_an_image_smaller_than_the_window_is_refused():
    mask = torch.zeros(1, 1, 6, 20, dtype=torch.bool)
    mask[..., 2, 2] = True
    with pytest.raises(ValueError, match="at least 7 x 7 pixels, got 6 x 20"):
        ssim(torch.rand(1, 3, 6, 20), torch.rand(1, 3, 6, 20), mask)


@pytest.mark.parametrize("fill", [MeanFill(), BiharmonicFill()])
class TestPlainFillings:
    def test_known_pixels_stay(self, fill):
        x, mask = images(), holes()
        assert torch.equal(fill(x, mask)[(~mask).expand_as(x)], x[(~mask).expand_as(x)])

    def test_pixels_under_the_hole_are_not_used(self, fill):
        x, mask = images(), holes()
        torch.testing.assert_close(fill(torch.where(mask, 0.9, x), mask), fill(x, mask))

    def test_without_a_hole_nothing_changes(self, fill):
        torch.testing.assert_close(fill(images(), torch.zeros_like(holes())), images())

    def test_an_empty_batch(self, fill):
        assert fill(images(b=0), holes(b=0)).shape == (0, C, H, W)


def test_a_hole_over_everything_is_refused_or_filled_with_0():
    mask = holes()
    mask[1] = True
    with pytest.raises(ValueError, match="one known pixel, got none: the hole covers image 1"):
        BiharmonicFill()(images(), mask)
    filled = MeanFill()(images(), mask)
    assert (filled[1] == 0).all()
    torch.testing.assert_close(filled[0], MeanFill()(images(), holes())[0])


def test_pictures_need_not_lie_in_one_piece():
    x = images()
    apart = torch.stack([x, x], dim=-1)[..., 0]
    torch.testing.assert_close(BiharmonicFill()(apart, holes()), BiharmonicFill()(x, holes()))


def test_the_mean_is_that_of_each_channel():
    x, mask = images(), holes()
    filled = MeanFill()(x, mask)
    for i in range(B):
        want = x[i][:, ~mask[i, 0]].mean(1)
        torch.testing.assert_close(filled[i][:, mask[i, 0]], want[:, None].expand(-1, 20))


def test_the_sheet_is_that_of_scikit_image():
    x, mask = images(), holes()
    want = inpaint_biharmonic(x[1].double().numpy(), mask[1, 0].numpy(), channel_axis=0)
    torch.testing.assert_close(
        BiharmonicFill()(x, mask)[1].double(), torch.from_numpy(want), atol=1e-6, rtol=0
    )


def test_the_module_runs(capsys):
    main()
    assert "BiharmonicFill   60.0 dB" in capsys.readouterr().out
