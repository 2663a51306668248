"""Bring what the view functions accept (tensors, lists, arrays) into the few forms that they draw."""

from typing import Any

import numpy as np

from visual_attention import pictures

OVERSHOOT = 0.5  # by so much a network's picture may leave the range from 0 to 1; it is clipped


def as_array(values: Any) -> np.ndarray:
    """Turn a tensor (on any device, with or without a gradient), a list or an array into a numpy array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def as_picture(image: Any) -> np.ndarray:
    """Put an image into the form matplotlib draws.

    Args:
        image: whatever `pictures.opened` takes: an array or tensor with values in [0, 1] or uint8, a path, an
            image of Pillow. Floats may lie a little outside of the range, as what a network paints does.

    Shape:
        (3, H, W) or (H, W, 3) -> (H, W, 3); (1, H, W) or (H, W) -> (H, W); float in [0, 1]. Of a small array
        that could be either, channels come first.

    Raises:
        ValueError: if it is no such image.
    """
    return pictures.opened(image, **_reading(image)).astype(float)


def as_coloured(image: Any) -> np.ndarray:
    """Put an image into the form (H, W, 3), whether it is grey or not."""
    return pictures.coloured(image, **_reading(image)).astype(float)


def _reading(image: Any) -> dict[str, Any]:
    shape = getattr(image, "shape", ())
    return {"slack": OVERSHOOT, "channels": "first" if len(shape) == 3 and shape[0] in (1, 3) else None}


def grey(image: Any) -> np.ndarray:
    """Give an image's brightness, (H, W) in [0, 1]."""
    picture = as_picture(image)
    return picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114])


def as_map(values: Any) -> np.ndarray:
    """Put a map into the form (H, W).

    Raises:
        ValueError: if it is not one map, or holds a NaN or an infinity.
    """
    array = as_array(values).astype(float)
    squeezed = array.reshape(array.shape[-2:]) if array.ndim > 2 and array[..., 0, 0].size == 1 else array
    if squeezed.ndim != 2 or squeezed.size == 0:
        raise ValueError(f"wanted one map (H, W) or (1, H, W), got shape {array.shape}")
    if not np.isfinite(squeezed).all():
        raise ValueError(
            f"wanted a map of finite numbers, got {int((~np.isfinite(squeezed)).sum())} that are not"
        )
    return squeezed
