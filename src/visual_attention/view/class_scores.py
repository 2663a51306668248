"""How do class scores follow from a feature map, where a network ends in an average and a linear layer?

Each place and each channel adds its own part to each score, so that a page can compute real scores without a
network. Used by the channel mixer and the spatial mask.

Chapter: notebooks/mechanisms/channel.ipynb, notebooks/mechanisms/spatial.ipynb
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visual_attention.view.arrays import as_array


@dataclass(frozen=True)
class LinearHead:
    """The last layer: score = bias + weights . average over places.

    Args:
        weights: (K, C), one row a class.
        bias: (K,).
        classes: K names.
    """

    weights: Any
    bias: Any
    classes: Sequence[str]

    def checked(self, channels: int) -> "LinearHead":
        """The same as arrays.

        Raises:
            ValueError: if shapes do not fit each other or so many channels, or a number is not finite.
        """
        weights, bias = (as_array(values).astype(np.float64) for values in (self.weights, self.bias))
        classes = [str(name) for name in self.classes]
        wanted = (len(classes), channels)
        if weights.shape != wanted or bias.shape != wanted[:1] or not classes:
            raise ValueError(
                f"wanted weights {wanted} and bias {wanted[:1]} for {len(classes)} classes and {channels} "
                f"channels, got {weights.shape} and {bias.shape}"
            )
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise ValueError("wanted finite weights and bias, got NaN or infinity")
        return LinearHead(weights, bias, classes)

    def shares(self, averages: np.ndarray) -> np.ndarray:
        """The softmax of the scores for averages (C,): (K,), sums to 1."""
        return softmax(self.bias + self.weights @ averages)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Scores (K,) to shares that sum to 1."""
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def checked_maps(maps: Any) -> np.ndarray:
    """A feature map as float64 (C, h, w).

    Raises:
        ValueError: if it has another shape, or holds a negative number, NaN or infinity.
    """
    array = as_array(maps).astype(np.float64)
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"wanted feature maps (C, h, w) of one image, got shape {as_array(maps).shape}")
    if not np.isfinite(array).all() or array.min() < 0:
        raise ValueError("wanted finite feature maps without negative numbers (after a ReLU)")
    return array


def checked_gates(gates: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Gates as float64 of the given shape; axes of size 1 may be there or not.

    Raises:
        ValueError: if they have another number of entries, or one lies outside [0, 1].
    """
    array = as_array(gates).astype(np.float64)
    if array.size != int(np.prod(shape)):
        raise ValueError(f"wanted {shape} gates, got shape {array.shape}")
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"wanted gates from 0 to 1, got {array.min():.3g} to {array.max():.3g}")
    return array.reshape(shape)


def told(shares: np.ndarray, classes: Sequence[str], count: int = 2) -> str:
    """The largest shares in words: "cat 63 %, coffee 20 %"."""
    order = np.argsort(-shares)[:count]
    return ", ".join(f"{classes[i]} {100 * shares[i]:.0f} %" for i in order)
