"""How does a small trained network run where there is no torch, in NumPy and in a page?

Three convolutions, a soft pool and a linear layer, as plain arrays. `DigitFinder` sends them to its page,
where JavaScript computes the same; a test holds both to torch.

Chapter: notebooks/applications/classification.ipynb
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from visual_attention.view.arrays import as_array

Layer = tuple[Any, Any, int]  # weight, bias, stride


class PlainNetwork:
    """A classifier with a soft pool, for one grey picture at a time.

    Args:
        layers: (weight, bias, stride) of each layer in order: three 3 x 3 convolutions with a ReLU, the
            pool's 3 x 3 convolution with a ReLU and its 1 x 1 one to a score, and the linear layer.

    Raises:
        ValueError: if there are not six layers that fit each other, or a number is not finite.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        if len(layers) != 6:
            raise ValueError(f"wanted six layers, got {len(layers)}")
        self.layers = [(as_array(w).astype(np.float64), as_array(b).astype(np.float64), int(s))
                       for w, b, s in layers]  # fmt: skip
        shapes = [weight.shape for weight, _, _ in self.layers]
        channels = [1] + [shape[0] for shape in shapes]
        wanted = [channels[0], channels[1], channels[2], channels[3], channels[4], channels[3]]
        kernels = [3, 3, 3, 3, 1, None]
        for shape, inner, kernel, (weight, bias, _) in zip(shapes, wanted, kernels, self.layers, strict=True):
            rest = (inner,) if kernel is None else (inner, kernel, kernel)
            if shape[1:] != rest or bias.shape != shape[:1]:
                raise ValueError(
                    f"wanted a layer (n, {', '.join(map(str, rest))}) with n biases, got {shape}"
                )
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise ValueError("wanted finite weights and biases, got NaN or infinity")
        if channels[5] != 1:
            raise ValueError(f"wanted one score a place, got {channels[5]}")

    def look(self, picture: Any) -> tuple[np.ndarray, np.ndarray]:
        """The map over places, (h, w), and the share of each class, (K,), for a picture (H, W) in [0, 1]."""
        x = as_array(picture).astype(np.float64)[None]
        for weight, bias, stride in self.layers[:3]:
            x = np.maximum(convolve(x, weight, bias, stride), 0)
        hidden = np.maximum(convolve(x, *self.layers[3]), 0)
        scores = convolve(hidden, *self.layers[4])[0]
        weights = softmax(scores.ravel()).reshape(scores.shape)
        weight, bias, _ = self.layers[5]
        return weights, softmax(weight @ (x * weights).sum(axis=(1, 2)) + bias)

    def numbers(self) -> np.ndarray:
        """All weights and biases in one row, layer by layer, weights first."""
        return np.concatenate([part.ravel() for weight, bias, _ in self.layers for part in (weight, bias)])

    def shapes(self) -> list[list[int]]:
        """For each layer: outputs, inputs, side of the kernel, stride."""
        return [[*w.shape[:2], w.shape[2] if w.ndim == 4 else 1, stride] for w, _, stride in self.layers]


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """A convolution with zeros around: (I, H, W) -> (O, H / stride, W / stride)."""
    side = weight.shape[2]
    padded = np.pad(x, ((0, 0), (side // 2,) * 2, (side // 2,) * 2))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("ihwkl,oikl->ohw", windows, weight) + bias[:, None, None]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Scores to shares that sum to 1."""
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()
