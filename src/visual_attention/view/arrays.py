"""Bring what the view functions accept (tensors, lists, arrays) into the few forms that they draw."""

from typing import Any

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """Turn a tensor (on any device, with or without a gradient), a list or an array into a numpy array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def as_picture(image: Any) -> np.ndarray:
    """Put an image into the form matplotlib draws.

    Args:
        image: values in [0, 1], or uint8.

    Shape:
        (3, H, W) or (H, W, 3) -> (H, W, 3); (1, H, W) or (H, W) -> (H, W); float in [0, 1].

    Raises:
        ValueError: if it is no such image.
    """
    array = as_array(image)
    picture = array / 255.0 if array.dtype == np.uint8 else array.astype(float)
    if picture.ndim == 3 and picture.shape[0] in (1, 3):
        picture = np.moveaxis(picture, 0, -1)
    if picture.ndim == 3 and picture.shape[-1] == 1:
        picture = picture[..., 0]
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[-1] != 3) or picture.size == 0:
        raise ValueError(f"wanted an image (3, H, W), (1, H, W) or (H, W), got shape {array.shape}")
    return np.clip(picture, 0.0, 1.0)


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
