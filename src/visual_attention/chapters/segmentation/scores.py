"""How good is a mask, and how good is its outline?

Dice counts pixels, so that the many inside decide. The boundary score looks at the outline alone: which part
of each outline lies within a few *pixels* of the other?

Paper: Lee R. Dice, "Measures of the Amount of Ecologic Association Between Species", Ecology 1945.
    Gabriela Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013.
Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.scores
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def dice(predicted: Tensor, true: Tensor) -> Tensor:
    """Twice the common area over the sum of the two areas; 1 where both masks are empty.

    Args:
        predicted: Masks.
        true: Masks.

    Shape:
        (B, 1, H, W) twice, bool -> (B,), in [0, 1].
    """
    require_masks(predicted, true)
    common = (predicted & true).sum(dim=(1, 2, 3)).double()
    both = predicted.sum(dim=(1, 2, 3)) + true.sum(dim=(1, 2, 3))
    return torch.where(both > 0, 2 * common / both.clamp(min=1), 1.0)


def outline(masks: Tensor) -> Tensor:
    """The pixels of each mask that have a neighbour, above, below or beside, outside of it.

    What lies beyond the picture counts as more of the same: a mask that is cut off has no outline there.

    Shape:
        (B, 1, H, W), bool -> (B, 1, H, W), bool.
    """
    require_masks(masks, masks)
    padded = F.pad(masks.float(), [1] * 4, mode="replicate").bool()
    inner = padded[:, :, 1:-1, 1:-1].clone()
    for rows, columns in (((0, -2), (1, -1)), ((2, None), (1, -1)), ((1, -1), (0, -2)), ((1, -1), (2, None))):
        inner &= padded[:, :, slice(*rows), slice(*columns)]
    return masks & ~inner


def boundary_f(predicted: Tensor, true: Tensor, *, tolerance: float = 1.0) -> Tensor:
    """The F-score of the outline: the harmonic mean of precision and recall.

    Precision is the share of the predicted outline that lies within the tolerance of the true one, recall the
    share of the true one that lies within the tolerance of the predicted one.

    Args:
        predicted: Masks.
        true: Masks.
        tolerance: Distance between centres of pixels that is forgiven, in pixels.

    Shape:
        (B, 1, H, W) twice, bool -> (B,), in [0, 1]. Two masks without outline: 1; one of them: 0.

    Raises:
        ValueError: if the masks are not as wanted or the tolerance is below 0.
    """
    require_masks(predicted, true)
    found, wanted = outline(predicted), outline(true)
    precision = _share(found, near(wanted, tolerance))
    recall = _share(wanted, near(found, tolerance))
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    neither = ~(found.flatten(1).any(dim=1) | wanted.flatten(1).any(dim=1))
    return torch.where(neither, 1.0, score)


def near(masks: Tensor, distance: float) -> Tensor:
    """All pixels whose centre lies within a distance, in pixels, of the centre of a pixel of the mask.

    Shape:
        (B, 1, H, W), bool -> (B, 1, H, W), bool.
    """
    if not 0 <= distance < math.inf:
        raise ValueError(f"wanted a distance of 0 pixels or more, got {distance}")
    reach = int(distance)
    steps = torch.arange(-reach, reach + 1)
    disc = (steps[:, None] ** 2 + steps**2 <= distance**2).float()[None, None]
    return F.conv2d(masks.float(), disc, padding=reach) > 0.5


def near_and_far(predicted: Tensor, true: Tensor, *, distance: float = 2.0) -> tuple[Tensor, Tensor]:
    """The share of right pixels close to the true outline, and of those further away.

    Args:
        predicted: Masks.
        true: Masks.
        distance: From the true outline, in pixels; up to it a pixel is close.

    Shape:
        (B, 1, H, W) twice, bool -> (B,) twice, in [0, 1]; 1 where there is no such pixel.
    """
    require_masks(predicted, true)
    close = near(outline(true), distance)
    right = predicted == true
    return tuple(torch.where(_some(part), _share(part, right), 1.0) for part in (close, ~close))


def require_masks(predicted: Tensor, true: Tensor) -> None:
    """Require two batches of masks of one shape.

    Raises:
        ValueError: if either is not (B, 1, H, W) of bool, or their shapes differ.
    """
    for name, masks in (("predicted", predicted), ("true", true)):
        if not isinstance(masks, Tensor) or masks.dtype != torch.bool:
            got = masks.dtype if isinstance(masks, Tensor) else type(masks).__name__
            raise ValueError(f"wanted {name} masks of torch.bool, got {got}: compare the scores with 0 first")
        if masks.ndim != 4 or masks.shape[1] != 1:
            raise ValueError(f"wanted {name} masks (B, 1, H, W), got {tuple(masks.shape)}")
    if predicted.shape != true.shape:
        raise ValueError(f"wanted masks of one shape, got {tuple(predicted.shape)}, {tuple(true.shape)}")


def _share(part: Tensor, of: Tensor) -> Tensor:
    """How much of a mask lies in another, (B,); 0 for an empty one."""
    return (part & of).sum(dim=(1, 2, 3)).double() / part.sum(dim=(1, 2, 3)).clamp(min=1)


def _some(masks: Tensor) -> Tensor:
    return masks.flatten(1).any(dim=1)


def main() -> None:
    """Shift a disc and see which score notices."""
    steps = torch.arange(48.0)
    for radius in (4, 16):
        true = ((steps[:, None] - 24) ** 2 + (steps - 24) ** 2 <= radius**2)[None, None]
        for shift in (1, 2, 3):
            moved = true.roll(shift, dims=3)
            scores = f"Dice {dice(moved, true).item():.3f}, boundary {boundary_f(moved, true).item():.3f}"
            print(f"disc of radius {radius:2}, moved by {shift} px: {scores}")


if __name__ == "__main__":
    main()
