"""What does the network say if it may look only there? Paint where, and see.

Paper: Sanghyun Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018.
Chapter: mechanisms/spatial.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, List, Unicode

from visual_attention.view import charts, figures
from visual_attention.view.class_scores import LinearHead, checked_maps, softmax, told
from visual_attention.view.portable import PortableWidget, pack, picture_url


class SpatialMask(PortableWidget):
    """A picture on which the reader opens and shuts places, and the class scores that follow.

    The reader is the spatial gate. The scores are those of the network, with its average taken over the open
    places only: the page adds up what each open cell contributes to each class.

    Args:
        image: (3, H, W) or (H, W), values in [0, 1].
        maps: (C, h, w), what the network averages over places, none negative.
        head: the linear layer behind the average.
        grid: rows and columns of cells to paint; they divide h and w.
        label: the widget's title.

    Raises:
        ValueError: for shapes that do not fit, or numbers out of range.
    """

    script = "widget.js"
    picture = Unicode().tag(sync=True)
    grid = List().tag(sync=True)
    parts = Bytes().tag(sync=True)  # (K, rows, columns) float32: the scores of each cell alone, without bias
    bias = List().tag(sync=True)
    classes = List(Unicode()).tag(sync=True)
    mask = List().tag(sync=True)  # rows x columns of 0 and 1, row by row

    def __init__(
        self,
        image: Any,
        maps: Any,
        head: LinearHead,
        *,
        grid: tuple[int, int] = (16, 16),
        label: str = "Paint where the network may look",
    ) -> None:
        array = checked_maps(maps)
        channels, height, width = array.shape
        rows, columns = grid
        if rows < 1 or columns < 1 or height % rows or width % columns:
            raise ValueError(f"wanted a grid that divides {height} x {width} places, got {rows} x {columns}")
        self._image, self._head = image, head.checked(channels)
        self._parts = _parts(self._head, array, grid)
        shares = softmax(self._head.bias + self._parts.mean(axis=(1, 2)))
        super().__init__(
            picture=picture_url(image),
            grid=[rows, columns],
            parts=pack(self._parts),
            bias=self._head.bias.tolist(),
            classes=self._head.classes,
            mask=[1] * (rows * columns),
            label=label,
            alt=f"A picture to paint on, and bars for {len(shares)} classes. With all places open: "
            f"{told(shares, self._head.classes)}.",
        )

    def shares(self) -> np.ndarray:
        """The class shares for the mask as it is painted, (K,)."""
        mask = np.array(self.mask, dtype=float).reshape(self.grid)
        scores = (self._parts * mask).sum(axis=(1, 2)) / max(mask.sum(), 1.0)
        return softmax(self._head.bias + scores)

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 2, size=(7.2, 3.2))
        figures.show_image(axes[0], self._image, title="all places open")
        shares = self.shares()
        best = [self._head.classes[int(shares.argmax())]]
        charts.bars(axes[1], self._head.classes, shares, label="class share", highlight=best)
        return figure


def _parts(head: LinearHead, maps: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """The scores of each cell alone, without bias: (C, h, w) -> (K, rows, columns)."""
    channels, height, width = maps.shape
    rows, columns = grid
    cells = maps.reshape(channels, rows, height // rows, columns, width // columns).mean(axis=(2, 4))
    return np.einsum("kc,crs->krs", head.weights, cells)
