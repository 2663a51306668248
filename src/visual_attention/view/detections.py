"""How are boxes drawn over a picture, so that they can be told apart without colour?

Chapter: applications/detection.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from visual_attention.view import figures
from visual_attention.view.arrays import as_array, as_picture


def show_boxes(
    ax: Axes,
    image: Any,
    boxes: Any,
    names: Sequence[str] | None = None,
    *,
    highlight: Sequence[int] = (),
    title: str = "",
) -> Axes:
    """Draw a picture and boxes over it, each with its name inside the upper left corner.

    Args:
        ax: where to draw.
        image: (3, H, W) or (H, W) in [0, 1].
        boxes: (N, 4), centre x, centre y, width, height in [0, 1].
        names: one for each box; None for boxes without names.
        highlight: places of boxes that get the accent colour and a thicker line.
        title: written above.

    Raises:
        ValueError: if the numbers of boxes and names differ.
    """
    rows = as_array(boxes).reshape(-1, 4)
    if names is not None and len(names) != len(rows):
        raise ValueError(f"wanted {len(rows)} names, one for each box, got {len(names)}")
    figures.show_image(ax, image, title=title)
    height, width = as_picture(image).shape[:2]
    scale = np.array([width, height])
    for place, row in enumerate(rows):
        size = row[2:] * scale
        corner = row[:2] * scale - size / 2 - 0.5
        accent = place in highlight
        for colour, line in (("black", 3.2), (figures.ACCENT if accent else "white", 2.2 if accent else 1.4)):
            ax.add_patch(Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=line))
        if names is not None:
            plate = {"facecolor": "black", "alpha": 0.72, "edgecolor": "none", "pad": 1.2}
            ax.text(*corner, names[place], color="white", fontsize=8, va="bottom", bbox=plate, clip_on=True)
    return ax
