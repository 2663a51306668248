"""Which places are missing, and which patches are whole?

A mask is boolean, (B, 1, H, W), and true where something is missing.

Chapter: notebooks/applications/inpainting.ipynb
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.mechanisms.inputs import require_feature_map


def require_hole(x: Tensor, mask: Tensor, *, patch: int) -> None:
    """Require a feature map and a mask of its holes.

    Args:
        x: The candidate, wanted as (B, C, H, W) of floating point.
        mask: Wanted as (B, 1, H, W), bool, true where something is missing.
        patch: Side of the patches that will be taken from it.

    Raises:
        ValueError: if either is not as wanted, or the map is smaller than a patch.
    """
    require_feature_map(x)
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise ValueError(f"wanted a mask of torch.bool, true where something is missing, got {got}")
    wanted = (len(x), 1, *x.shape[2:])
    if tuple(mask.shape) != wanted:
        raise ValueError(f"wanted a mask (B, 1, H, W) = {wanted}, got {tuple(mask.shape)}")
    if min(x.shape[2:]) < patch:
        raise ValueError(
            f"wanted at least {patch} x {patch} places, the size of a patch, "
            f"got {x.shape[2]} x {x.shape[3]}: take smaller patches"
        )


def known_mean(x: Tensor, mask: Tensor) -> Tensor:
    """The mean of all known pixels, 0 where nothing is known: (B, C, H, W) -> (B, C, 1, 1)."""
    known = torch.where(mask, 0.0, x).sum(dim=(2, 3), keepdim=True)
    return known / (~mask).sum(dim=(2, 3), keepdim=True).clamp_min(1)


def whole_patches(mask: Tensor, *, patch: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Where a patch may be copied from: all of it lies inside the picture, and nothing of it is missing.

    Args:
        mask: True where something is missing.
        patch: Side of a patch, odd.
        dtype: The type in which places are counted.

    Shape:
        (B, 1, H, W) -> (B, 1, H, W), bool, true at the centres of whole patches.

    Raises:
        ValueError: if an image with a hole has no whole patch to copy from.
    """
    broken = F.pad(mask.to(dtype), [patch // 2] * 4, value=1.0)  # what lies outside is missing too
    whole = F.max_pool2d(broken, patch, stride=1) == 0
    lost = mask.flatten(1).any(dim=1) & ~whole.flatten(1).any(dim=1)
    if lost.any():
        missing = mask[lost][0].float().mean().item()
        raise ValueError(
            f"wanted at least one {patch} x {patch} patch without a missing place to copy from, got none: "
            f"the hole covers {missing:.0%} of image {int(lost.nonzero()[0])}"
        )
    return whole


def require_odd(*, least: int = 1, **sizes: int) -> None:
    """Require each named size to be odd and not below the least, so that a patch has a centre."""
    for name, size in sizes.items():
        if size < least or size % 2 == 0:
            raise ValueError(f"wanted an odd {name} of {least} or more, got {size}")
