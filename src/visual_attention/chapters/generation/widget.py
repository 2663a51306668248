"""Where does each place of a picture look while the picture forms? Move through time, and ask.

Paper: none. Chapter: applications/generation; for anything that is made step by step with attention.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, Int, List, Unicode

from visual_attention.pictures import unit
from visual_attention.view import figures
from visual_attention.view.arrays import OVERSHOOT, as_array
from visual_attention.view.explorer import checked, encode
from visual_attention.view.portable import PortableWidget, pack

SHOWN = ("state", "foreseen")


class FormingPicture(PortableWidget):
    """Pictures that form step by step; a chosen patch shows where its attention goes at each step.

    Args:
        states: S pictures at T steps, values in [0, 1].
        foreseen: the same, as the model expects each to end, seen from that step.
        weights: what each patch takes from each, h maps at each step; rows sum to 1.
        times: (T,), how far each step is, from 0 to 1.
        grid: rows and columns of patches, N = rows x columns.
        names: one for each head (or whatever the h maps are).
        partners: (N,), the patch that each patch should agree with; its weight is told.
        query: row and column of the patch asked first.
        step: the step shown first; by default the middle.
        head: the map shown first; -1 is the mean.
        label: the widget's title.

    Shape:
        states and foreseen (S, T, 3, H, W), weights (S, T, h, N, N).

    Raises:
        ValueError: for pictures, weights and steps that do not fit each other.
    """

    script = "widget.js"
    states = Bytes().tag(sync=True)  # uint8 (S, T, H, W, 3)
    guesses = Bytes().tag(sync=True)
    codes = Bytes().tag(sync=True)  # uint8 (S, T, h, N, N), see explorer.encode
    shape = List(Int()).tag(sync=True)  # S, T, h, H, W
    grid = List(Int()).tag(sync=True)
    times = List().tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    partners = List(Int()).tag(sync=True)
    sample = Int(0).tag(sync=True)
    step = Int(0).tag(sync=True)
    query = Int(0).tag(sync=True)
    head = Int(-1).tag(sync=True)
    shown = Unicode("foreseen").tag(sync=True)

    def __init__(
        self,
        states: Any,
        foreseen: Any,
        weights: Any,
        *,
        times: Sequence[float],
        grid: tuple[int, int],
        names: Sequence[str] | None = None,
        partners: Sequence[int] = (),
        query: tuple[int, int] = (0, 0),
        step: int | None = None,
        head: int = -1,
        label: str = "A picture forms",
    ) -> None:
        pictures = [unit(each, "states and foreseen", slack=OVERSHOOT) for each in (states, foreseen)]
        count, steps, channels, height, width = _five(pictures[0])
        rows, columns = grid
        if channels != 3 or pictures[1].shape != pictures[0].shape or height % rows or width % columns:
            raise ValueError(
                f"wanted states and foreseen (S, T, 3, H, W) in a grid of {rows} x {columns}, "
                f"got {pictures[0].shape} and {pictures[1].shape}"
            )
        maps = as_array(weights)
        if maps.ndim != 5 or maps.shape[:2] != (count, steps):
            raise ValueError(f"wanted weights ({count}, {steps}, h, N, N), got {maps.shape}")
        maps = checked(maps.reshape(count * steps, *maps.shape[2:]), rows * columns)
        heads = maps.shape[1]
        names = [f"head {i + 1}" for i in range(heads)] if names is None else [str(name) for name in names]
        times = [float(time) for time in times]
        step = steps // 2 if step is None else step
        partners = [int(one) for one in partners]
        for what, fits in (
            (f"{rows * columns} tokens", maps.shape[2] == rows * columns),
            (f"{steps} times", len(times) == steps),
            (f"{heads} names", len(names) == heads),
            (f"a step from 0 to {steps - 1}", 0 <= step < steps),
            (f"a head from -1 to {heads - 1}", -1 <= head < heads),
            (f"a query within {rows} x {columns}", 0 <= query[0] < rows and 0 <= query[1] < columns),
            ("no partners or one for each patch", len(partners) in (0, rows * columns)),
            ("partners among the patches", all(0 <= one < rows * columns for one in partners)),
        ):
            if not fits:
                raise ValueError(
                    f"wanted {what}, got weights {as_array(weights).shape}, {len(times)} times, "
                    f"{len(names)} names, step {step}, head {head}, query {tuple(query)}, "
                    f"{len(partners)} partners"
                )
        self._states, self._foreseen = pictures
        self._weights = maps.reshape(count, steps, heads, rows * columns, rows * columns)
        super().__init__(
            states=_bytes(self._states),
            guesses=_bytes(self._foreseen),
            codes=encode(self._weights, 8),
            shape=[count, steps, heads, height, width],
            grid=[rows, columns],
            times=times,
            names=names,
            partners=partners,
            step=step,
            query=query[0] * columns + query[1],
            head=head,
            label=label,
        )
        self.alt = self._told()

    def row(self, step: int | None = None) -> np.ndarray:
        """The weights of the chosen patch at a step (by default the shown one), over the grid."""
        chosen = self._weights[self.sample, self.step if step is None else step, :, self.query]  # (h, N)
        return (chosen.mean(0) if self.head < 0 else chosen[self.head]).reshape(self.grid)

    def _told(self) -> str:
        weights, (row, column) = self.row(), divmod(self.query, self.grid[1])
        top = np.unravel_index(weights.argmax(), weights.shape)
        text = (
            f"A picture of {self.grid[0]} by {self.grid[1]} patches, at time {self.times[self.step]:.2f} "
            f"from noise to picture. The patch in row {row + 1}, column {column + 1} looks most at "
            f"row {top[0] + 1}, column {top[1] + 1}, with {100 * weights.max():.0f} % of its weight."
        )
        if self.partners:
            text += f" Its counterpart gets {100 * weights.ravel()[self.partners[self.query]]:.0f} %."
        return text

    def still(self) -> Figure:
        steps = np.unique(np.linspace(0, self.shape[1] - 1, 4).round().astype(int))
        figure, axes = figures.sheet(3, len(steps), size=(1.9 * len(steps), 4.6))
        top = max(self.row(step).max() for step in steps)
        for column, step in zip(axes.T, steps, strict=True):
            figures.show_image(
                column[0], self._states[self.sample, step], title=f"time {self.times[step]:.2f}"
            )
            figures.show_image(column[1], self._foreseen[self.sample, step], title="foreseen")
            image = self._foreseen[self.sample, step]
            figures.show_map(column[2], self.row(step), image=image, vmax=top, bar=False, title="looks here")
            figures.mark_patch(column[2], *divmod(self.query, self.grid[1]), grid=tuple(self.grid))
        return figure


def _five(array: np.ndarray) -> tuple[int, ...]:
    if array.ndim != 5 or 0 in array.shape:
        raise ValueError(f"wanted states (S, T, 3, H, W), got {array.shape}")
    return array.shape


def _bytes(pictures: np.ndarray) -> bytes:
    return pack((255 * pictures).round().transpose(0, 1, 3, 4, 2), "uint8")
