"""What does the network say if it may look only there? Paint where, and see.

Paper: Sanghyun Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018. Chapter: mechanisms/spatial.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bool, Bytes, List, Unicode

from visual_attention.view import figures
from visual_attention.view.class_scores import LinearHead, checked_gates, checked_maps, softmax, told
from visual_attention.view.portable import PortableWidget, pack, picture_url


class SpatialMask(PortableWidget):
    """A picture on which the reader opens and shuts places, and the class scores that follow.

    The scores are those of the network: the last feature map, gated, averaged over places, then a linear layer.
    The page adds up what each painted cell contributes to each class.

    Args:
        image: (3, H, W) or (H, W), values in [0, 1].
        maps: (C, h, w), the last feature maps before their gates, none negative.
        gates: (h, w), the gates that the network chose for this picture, each in [0, 1].
        head: the linear layer behind the average.
        grid: rows and columns of cells to paint; they divide h and w.
        label: the widget's title.

    Raises:
        ValueError: for shapes that do not fit, or numbers out of range.
    """

    script = "spatial_mask.js"
    picture = Unicode().tag(sync=True)
    grid = List().tag(sync=True)
    parts = Bytes().tag(sync=True)  # (K, rows, columns) float32: what each cell adds, its gates all open
    gated = Bytes().tag(sync=True)  # the same through the network's own gates
    bias = List().tag(sync=True)
    classes = List(Unicode()).tag(sync=True)
    mask = List().tag(sync=True)  # rows x columns of 0 and 1, row by row
    own = Bool(True).tag(sync=True)  # whether the network's own gates apply too

    def __init__(
        self,
        image: Any,
        maps: Any,
        gates: Any,
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
        chosen = checked_gates(gates, (height, width))
        open_parts, gated = (_parts(self._head, array * g, grid) for g in (np.ones_like(chosen), chosen))
        self._parts, self._gated = open_parts, gated
        shares = softmax(self._head.bias + gated.sum(axis=(1, 2)))
        super().__init__(
            picture=picture_url(image),
            grid=[rows, columns],
            parts=pack(open_parts),
            gated=pack(gated),
            bias=self._head.bias.tolist(),
            classes=self._head.classes,
            mask=[1] * (rows * columns),
            label=label,
            alt=f"A picture to paint on, and bars for {len(shares)} classes. With all places open: "
            f"{told(shares, self._head.classes)}.",
        )

    def shares(self) -> np.ndarray:
        """The class shares for the mask as it is painted, (K,)."""
        parts = self._gated if self.own else self._parts
        return softmax(self._head.bias + (parts * np.array(self.mask).reshape(self.grid)).sum(axis=(1, 2)))

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 2, size=(7.2, 3.2))
        figures.show_map(
            axes[0],
            np.array(self.mask).reshape(self.grid),
            image=self._image,
            vmax=1,
            label="open",
            title="the mask",
        )
        shares = self.shares()
        best = [self._head.classes[int(shares.argmax())]]
        figures.bars(axes[1], self._head.classes, shares, label="class share", highlight=best)
        return figure


def _parts(head: LinearHead, maps: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """What each cell adds to each score: (C, h, w) -> (K, rows, columns)."""
    channels, height, width = maps.shape
    rows, columns = grid
    cells = maps.reshape(channels, rows, height // rows, columns, width // columns).sum(axis=(2, 4))
    return np.einsum("kc,crs->krs", head.weights, cells) / (height * width)
