"""What does a softmax do to scores that a sigmoid does not? Set the scores and watch both.

Paper: none; the widget for "scores become weights". Chapter: mechanisms/soft.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Float, List, Unicode

from visual_attention.view import charts, figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget

LIMIT = 8.0


class SoftmaxPlayground(PortableWidget):
    """Scores that the reader drags, their softmax and their sigmoid side by side, and both sums.

    Args:
        scores: N numbers in [-8, 8], N from 2 to 12.
        names: one for each score.
        temperature: both functions see score / temperature.
        label: the widget's title.

    Raises:
        ValueError: for other numbers of scores or names, or a temperature that is not positive.
    """

    script = "widget.js"
    reach = Float(LIMIT).tag(sync=True)  # the sliders go from -reach to reach
    scores = List(Float()).tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    temperature = Float(1.0).tag(sync=True)

    def __init__(
        self,
        scores: Any,
        names: Sequence[str] | None = None,
        *,
        temperature: float = 1.0,
        label: str = "Scores become weights",
    ) -> None:
        numbers = as_array(scores).astype(float)
        if numbers.ndim != 1 or not 2 <= len(numbers) <= 12:
            raise ValueError(f"wanted 2 to 12 scores in one row, got shape {numbers.shape}")
        if not (np.abs(numbers) <= LIMIT).all():
            raise ValueError(f"wanted scores from -{LIMIT:g} to {LIMIT:g}, got {numbers.tolist()}")
        names = [f"score {i + 1}" for i in range(len(numbers))] if names is None else [str(n) for n in names]
        if len(names) != len(numbers):
            raise ValueError(f"wanted {len(numbers)} names, one for each score, got {len(names)}")
        if not temperature > 0:
            raise ValueError(f"wanted a temperature above 0, got {temperature}")
        soft, gates = weights(numbers, temperature)
        told = ", ".join(f"{n} {s:.2f}" for n, s in zip(names, soft, strict=True))
        alt = f"{len(names)} bars twice. Softmax weights: {told}, sum 1. Sigmoids sum to {gates.sum():.2f}."
        super().__init__(
            scores=numbers.tolist(),
            names=names,
            reach=min(LIMIT, max(4.0, float(np.ceil(np.abs(numbers).max())) + 1.0)),
            temperature=float(temperature),
            label=label,
            alt=alt,
        )

    def still(self) -> Figure:
        soft, gates = weights(np.array(self.scores), self.temperature)
        figure, axes = figures.sheet(1, 2, size=(6.4, 0.8 + 0.45 * len(self.names)))
        for ax, values, name in zip(axes, (soft, gates), ("softmax", "sigmoid"), strict=True):
            shown = [f"{each[:25]}…" if len(each) > 26 else each for each in self.names]
            charts.bars(ax, shown, values, highlight=shown if name == "softmax" else ())
            ax.set_title(f"{name}, sum {values.sum():.2f}")
            if name == "sigmoid":
                ax.set_yticks([])
        return figure


def weights(scores: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the softmax and the sigmoids of scores / temperature."""
    scaled = scores / temperature
    raised = np.exp(scaled - scaled.max())
    return raised / raised.sum(), 1 / (1 + np.exp(-scaled))
