"""Does a filling look right? Two scores that ask for other things than the very pixels that were there.

Neither is a judgement by people, and neither is learned: no network's weights are needed.

Paper: Wufeng Xue et al., "Gradient Magnitude Similarity Deviation: A Highly Efficient Perceptual Image
    Quality Index", IEEE Transactions on Image Processing 23(2), 2014, section II.
Paper: Tero Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR
    2018, section 5 (sliced Wasserstein distance between patches).
Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.looks
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.inpainting.masks import require_hole

STEADY = 170 / 255**2  # the paper's constant, which keeps flat places from dividing 0 by 0
PATCH, DIRECTIONS = 5, 128


def gradient_deviation(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """GMSD: how unevenly the strength of edges agrees with the truth's, 0 is best.

    Edges are compared where they stand: an edge in the wrong place counts against a filling.

    Args:
        filled: What is judged, in [0, 1].
        truth: The true pixels.
        mask: True where they were missing; outside, both pictures must be the same.

    Shape:
        (B, C, H, W), (B, C, H, W), (B, 1, H, W) -> (B,), 0 or more.

    Raises:
        ValueError: if the shapes do not fit.

    Differs from the paper: pictures this small are not halved before; grey is the mean of the channels.
    """
    _require_alike(filled, truth, mask)
    one, two = (_edges(picture.mean(dim=1, keepdim=True)) for picture in (filled, truth))
    similar = (2 * one * two + STEADY) / (one.square() + two.square() + STEADY)  # (B, 1, H, W), in (0, 1]
    return similar.flatten(1).std(dim=1, correction=0)


def patch_distance(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """How far the patches of a filling are, as a crowd, from those of the truth: 0 is best.

    The sliced Wasserstein distance: along each of many random directions, patches of both are sorted and
    compared in that order. So a pattern in another place costs little, a blur or a flat colour much.

    Args:
        filled: What is judged, in [0, 1].
        truth: The true pixels.
        mask: True where they were missing; as many pixels in each picture.

    Shape:
        (B, C, H, W), (B, C, H, W), (B, 1, H, W) -> (B,), 0 or more, in the pixels' unit.

    Raises:
        ValueError: if the shapes do not fit, or the holes are not equally large.

    Differs from the paper: patches of 5 x 5 around each missing pixel, of one picture instead of thousands,
        at one scale, and not brought to a common mean and spread.
    """
    _require_alike(filled, truth, mask)
    counts = mask.flatten(1).sum(dim=1)
    if len(counts) and (counts != counts[0]).any():
        raise ValueError(f"wanted holes of one size, got from {counts.min()} to {counts.max()} pixels")
    ways = _directions(PATCH**2 * filled.shape[1]).to(filled)  # (D, K)
    one, two = (_projected(picture, mask, ways) for picture in (filled, truth))
    return (one.sort(dim=1).values - two.sort(dim=1).values).abs().mean(dim=(1, 2))


def _projected(picture: Tensor, mask: Tensor, ways: Tensor) -> Tensor:
    """The patch around each missing pixel, along each direction: (B, missing pixels, K)."""
    patches = F.unfold(F.pad(picture, [PATCH // 2] * 4, mode="replicate"), PATCH).mT  # (B, N, D)
    return patches[mask.flatten(1)].view(len(picture), -1, patches.shape[2]) @ ways


@functools.cache
def _directions(size: int) -> Tensor:
    """Random directions, always the same: (size, K), each of length 1."""
    drawn = torch.randn(size, DIRECTIONS, generator=torch.Generator().manual_seed(0))
    return F.normalize(drawn, dim=0)


def _edges(grey: Tensor) -> Tensor:
    """The length of the gradient by Prewitt's filters: (B, 1, H, W) -> alike."""
    across = grey.new_tensor([[1.0, 0.0, -1.0]] * 3) / 3
    both = torch.stack([across, across.T])[:, None]  # (2, 1, 3, 3)
    return F.conv2d(F.pad(grey, [1] * 4, mode="replicate"), both).square().sum(dim=1, keepdim=True).sqrt()


def _require_alike(filled: Tensor, truth: Tensor, mask: Tensor) -> None:
    require_hole(filled, mask, patch=1)
    if filled.shape != truth.shape:
        raise ValueError(f"wanted a truth of shape {tuple(filled.shape)}, got {tuple(truth.shape)}")


def main() -> None:
    """A texture, moved, blurred and made noisy."""
    from visual_attention.data import photographs

    wide = photographs.load("gravel", 128)[None, :, 40:90, 40:90]
    true, mask = wide[..., 1:-1, 1:-1], torch.zeros(1, 1, 48, 48, dtype=torch.bool)
    mask[..., 14:34, 14:34] = True
    noise = 0.1 * torch.randn(true.shape, generator=torch.Generator().manual_seed(0))
    changed = {
        "as it was": true,
        "moved by a pixel": wide[..., 2:, 1:-1],
        "blurred": F.avg_pool2d(true, 5, stride=1, padding=2, count_include_pad=False),
        "noisy": true + noise,
        "one flat colour": true.mean(dim=(2, 3), keepdim=True).expand_as(true),
    }
    for name, picture in changed.items():
        filled = torch.where(mask, picture, true)
        scores = [score(filled, true, mask).item() for score in (gradient_deviation, patch_distance)]
        print(f"{name:18} GMSD {scores[0]:.3f}, patch distance {scores[1]:.3f}")


if __name__ == "__main__":
    main()
