"""How good is a filling, counted where there was a hole and nowhere else?

Also the two fillings without attention that any other has to beat.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.scores
"""

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import inpaint_biharmonic
from torch import Tensor, nn

from visual_attention.chapters.inpainting.masks import known_mean, require_hole
from visual_attention.pictures import unit

WINDOW = 7  # pixels of SSIM's window, scikit-image's default
HIGHEST = 60.0  # decibels that count for a filling without any error, whose ratio is infinite


def psnr(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels over the missing pixels of each image, higher is better.

    Args:
        filled: What is judged, in [0, 1].
        truth: The true pixels.
        mask: True where they were missing.

    Shape:
        (B, C, H, W), (B, C, H, W), (B, 1, H, W) -> (B,), at most 60.

    Raises:
        ValueError: if the shapes do not fit, the mask is not boolean, an image has no hole, the truth is not
            in [0, 1], or a filled pixel is NaN or infinite.
    """
    ratios = []
    for image, true, missing in _each(filled, truth, mask):
        error = np.square(image[:, missing] - true[:, missing]).mean()
        exact = error < 10 ** (-HIGHEST / 10)
        ratios.append(
            HIGHEST if exact else peak_signal_noise_ratio(true[:, missing], image[:, missing], data_range=1.0)
        )
    return torch.tensor(ratios, dtype=torch.float64)


def ssim(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Structural similarity, the mean over windows centred on missing pixels, 1 is best.

    Args:
        filled: What is judged, in [0, 1].
        truth: The true pixels.
        mask: True where they were missing.

    Shape:
        (B, C, H, W), (B, C, H, W), (B, 1, H, W) -> (B,), each in [-1, 1].

    Raises:
        ValueError: as :func:`psnr`, or if an image is smaller than the window of 7 x 7.
    """
    scores = []
    for image, true, missing in _each(filled, truth, mask):
        if min(true.shape[1:]) < WINDOW:
            got = f"{true.shape[1]} x {true.shape[2]}"
            raise ValueError(f"wanted images of at least {WINDOW} x {WINDOW} pixels, got {got}")
        _, similar = structural_similarity(
            true, image, win_size=WINDOW, data_range=1.0, channel_axis=0, full=True
        )
        scores.append(similar[:, missing].mean())
    return torch.tensor(scores, dtype=torch.float64)


class MeanFill(nn.Module):
    """Fill a hole with the mean of all known pixels: (B, C, H, W), mask (B, 1, H, W) -> (B, C, H, W).

    Where nothing is known it fills with 0.

    Raises:
        ValueError: if the input does not fit its mask.
    """

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        require_hole(x, mask, patch=1)
        return torch.where(mask, known_mean(x, mask), x)


class BiharmonicFill(nn.Module):
    """Bend a smooth sheet over the hole, by scikit-image: (B, C, H, W), mask (B, 1, H, W) -> (B, C, H, W).

    Raises:
        ValueError: if the input does not fit its mask, or a hole covers everything.

    Looks at numbers: they leave torch, and come back without a gradient. So it cannot be compiled, exported,
        mapped over samples, differentiated or run on the ``meta`` device.
    """

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        _require_some_known(x, mask)
        images, holes = (each.contiguous().cpu().numpy() for each in (x.detach().double(), mask[:, 0]))
        filled = [
            inpaint_biharmonic(image, missing, channel_axis=0)
            for image, missing in zip(images, holes, strict=True)
        ]
        return torch.from_numpy(np.stack(filled)).to(x) if filled else x


def _require_some_known(x: Tensor, mask: Tensor) -> None:
    require_hole(x, mask, patch=1)
    if (covered := mask.flatten(1).all(dim=1)).any():
        raise ValueError(
            f"wanted at least one known pixel, got none: the hole covers image {covered.nonzero()[0].item()}"
        )


def _each(filled: Tensor, truth: Tensor, mask: Tensor):
    """Each image, its truth and its mask (H, W), as numpy arrays of float64."""
    require_hole(filled, mask, patch=1)
    if filled.shape != truth.shape:
        raise ValueError(f"wanted a truth of shape {tuple(filled.shape)}, got {tuple(truth.shape)}")
    if not mask.flatten(1).any(dim=1).all():
        raise ValueError("wanted a hole in each image, got one without: there is nothing to judge")
    if lost := int((~filled.isfinite()).sum()):
        raise ValueError(f"filled: wanted finite numbers, got {lost} NaN or infinite of {filled.numel()}")
    unit(truth, "truth")
    images, truths = (tensor.detach().double().cpu().numpy() for tensor in (filled, truth))
    return zip(images, truths, mask[:, 0].cpu().numpy(), strict=True)


def main() -> None:
    """Fill a hole in a ramp."""
    ramp = torch.linspace(0, 1, 24).expand(1, 3, 24, 24)
    mask = torch.zeros(1, 1, 24, 24, dtype=torch.bool)
    mask[..., 4:12, 12:20] = True
    for fill in (MeanFill(), BiharmonicFill()):
        filled = fill(ramp, mask)
        print(f"{type(fill).__name__:15}{psnr(filled, ramp, mask).item():6.1f} dB", end="")
        print(f"{ssim(filled, ramp, mask).item():7.3f} SSIM")


if __name__ == "__main__":
    main()
