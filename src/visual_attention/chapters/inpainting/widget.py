"""From where is each missing pixel copied? Erase a part of a picture, and see.

Paper: Jiahui Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 4.1.
Chapter: applications/inpainting.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, Float, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array, as_coloured
from visual_attention.view.portable import PortableWidget, pack

LARGEST = 64  # pixels of a side: the page fills a hole while the reader drags


class Eraser(PortableWidget):
    """Small pictures of which the reader erases parts, filled again in the page by a softmax over patches.

    The page computes what ``PeelingAttention`` computes: from the rim of the hole inwards, each pixel takes
    from the pixels whose known neighbourhoods look alike. The temperature is the reader's.

    Args:
        pictures: name -> (3, H, W) or (H, W), values in [0, 1], all of one size of at most 64 x 64.
        hole: (H, W), true where something is erased at first.
        patch: side of a neighbourhood in pixels, odd.
        temperature: of the softmax at first, from 0.00001 to 1.
        filled: (3, H, W), the first picture with its hole filled, for the still picture on paper.
        label: the widget's title.

    Raises:
        ValueError: if there is no picture, or sizes, values or settings do not fit.
    """

    script = "widget.js"
    shared = ("opener.js",)
    names = List(Unicode()).tag(sync=True)
    grid = List(Int()).tag(sync=True)
    pixels = Bytes().tag(sync=True)  # (P, H, W, 3) uint8
    patch = Int().tag(sync=True)
    chosen = Int(0).tag(sync=True)
    hole = List(Int()).tag(sync=True)  # places erased, row by row
    temperature = Float().tag(sync=True)

    def __init__(
        self,
        pictures: Mapping[str, Any],
        *,
        hole: Any,
        patch: int = 9,
        temperature: float = 0.001,
        filled: Any = None,
        label: str = "Erase, and see from where it is filled",
    ) -> None:
        if not pictures:
            raise ValueError("wanted at least one picture, got none")
        shown = [as_coloured(picture) for picture in pictures.values()]
        sizes = {picture.shape[:2] for picture in shown}
        if len(sizes) > 1:
            raise ValueError(f"wanted pictures of one size, got {sorted(sizes)}")
        rows, columns = sizes.pop()
        if not patch <= min(rows, columns) <= max(rows, columns) <= LARGEST:
            raise ValueError(
                f"wanted pictures from {patch} to {LARGEST} pixels a side, got {rows} x {columns}"
            )
        if patch < 3 or patch % 2 == 0:
            raise ValueError(f"wanted an odd patch of 3 or more, got {patch}")
        if not 1e-5 <= temperature <= 1:
            raise ValueError(f"wanted a temperature from 0.00001 to 1, got {temperature}")
        missing = as_array(hole)
        if missing.shape != (rows, columns) or missing.dtype != bool:
            raise ValueError(
                f"wanted a boolean hole of {rows} x {columns}, got {missing.dtype} of shape {missing.shape}"
            )
        self._first, self._missing = shown[0], missing
        self._filled = None if filled is None else as_coloured(filled)
        super().__init__(
            names=[str(name) for name in pictures],
            grid=[rows, columns],
            pixels=pack(np.stack(shown) * 255 + 0.5, "uint8"),
            patch=patch,
            hole=np.flatnonzero(missing).tolist(),
            temperature=temperature,
            label=label,
            alt=f"A picture of {rows} by {columns} pixels, {next(iter(pictures))}, of which {missing.sum()} "
            "pixels are erased and filled again, and a map of where they are copied from.",
        )

    def still(self) -> Figure:
        erased = np.where(self._missing[..., None], 0.5, self._first)
        panels = {"erased": erased, "as it was": self._first}
        if self._filled is not None:
            panels = {"erased": erased, "filled by attention": self._filled, "as it was": self._first}
        figure, axes = figures.sheet(1, len(panels), size=(2.4 * len(panels), 2.7))
        for ax, (title, picture) in zip(axes, panels.items(), strict=True):
            figures.show_image(ax, picture, title=title)
        return figure
