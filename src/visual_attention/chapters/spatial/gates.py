"""How does one draw gates of any shape in the same way?

A gate for each channel, for each place, or for both: each is drawn as two panels, *which* and *where*. A gate
that does not depend on the channel has equal bars; one that does not depend on the place has a flat map.

Chapter: notebooks/mechanisms/spatial.ipynb, notebooks/mechanisms/channel.ipynb
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from visual_attention.view import figures
from visual_attention.view.arrays import as_array


def which_and_where(gates: Any, *, channels: int, grid: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The mean gate of each channel, (C,), and of each place, (h, w).

    Args:
        gates: (C, h, w), (C, 1, 1) or (1, h, w), also with a batch axis of size 1.
        channels: C.
        grid: h and w.

    Raises:
        ValueError: for any other shape, or a gate outside [0, 1].
    """
    array = as_array(gates).astype(float)
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    try:
        whole = np.broadcast_to(array, (channels, *grid))
    except ValueError:
        whole = None
    if whole is None or array.ndim != 3:
        raise ValueError(
            f"wanted gates that fit ({channels}, {grid[0]}, {grid[1]}), got {as_array(gates).shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"wanted gates from 0 to 1, got {array.min():.3g} to {array.max():.3g}")
    return whole.mean(axis=(1, 2)), whole.mean(axis=0)


def show_gates(
    gates: Mapping[str, Any], *, channels: int, grid: tuple[int, int], image: Any = None
) -> Figure:
    """Draw one row for each gate: bars over channels, and a map over places; one scale from 0 to 1.

    Args:
        gates: name -> gates of one image.
        channels: C.
        grid: h and w.
        image: drawn in grey beneath the maps.
    """
    figure, axes = figures.sheet(len(gates), 2, size=(6.6, 2.1 * len(gates)))
    axes = np.atleast_2d(axes)
    for (left, right), (name, values) in zip(axes, gates.items(), strict=True):
        which, where = which_and_where(values, channels=channels, grid=grid)
        left.bar(np.arange(channels), which, color=figures.ACCENT, width=0.8)
        left.set(ylim=(0, 1), title=name, ylabel="gate")
        figures.show_map(right, where, image=image, vmax=1.0, bar=False, title="at each place")
    axes[-1, 0].set_xlabel("channel")
    figures.colour_bar(axes[0, 1].images[-1], list(axes[:, 1]), "gate")
    return figure
