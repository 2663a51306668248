"""Where does each patch of a picture look? Hover, tap or press the arrow keys, and see.

Paper: A. Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021, for the patches.
Chapter: start, and every chapter that has attention between patches.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bool, Bytes, Float, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array, as_picture
from visual_attention.view.portable import PortableWidget, pack, picture_url

POWER = 4  # a code holds the fourth root of weight / row maximum: fine steps for the small weights too
FINE = 60_000  # up to so many weights are sent in 16 bits, above it in 8
LIMIT = 8_000_000


class AttentionExplorer(PortableWidget):
    """A photograph on which each patch shows where its attention goes, head by head, layer by layer.

    The weights go over as integers, so that a shown weight is right to about 1 % of the row's largest (0.01 %
    where there are fewer than 60,000 weights). The temperature t divides the logarithms of the weights before
    a new softmax: t = 1 gives the weights back.

    Args:
        image: (3, H, W) or (H, W), values in [0, 1]; or anything else that `pictures.opened` takes.
        weights: (h, N, N) or (L, h, N, N), each row non-negative with sum 1; N patches in reading order, or
            1 + N tokens with the class token first.
        grid: rows and columns of patches, N = rows x columns.
        names: one for each head.
        query: row and column of the patch asked first; by default the middle.
        head: the head shown first; -1 is the mean of the heads.
        layer: the layer shown first; -1 is the last.
        likeness: set if the weights are the softmax of so many times the cosines between the patches' colours
            less their mean: then the page computes them for a picture of the reader's own too.
        overlay: the map over one large picture, or picture and map side by side; None decides by width.
        label: the widget's title.
        alt: what the still picture shows; by default told from the numbers.

    Raises:
        ValueError: for weights that are not attention over this grid.
    """

    script = "explorer.js"
    shared = ("opener.js",)
    picture = Unicode().tag(sync=True)
    codes = Bytes().tag(sync=True)
    bits = Int(8).tag(sync=True)
    shape = List(Int()).tag(sync=True)  # layers, heads, tokens
    grid = List(Int()).tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    query = Int(0).tag(sync=True)  # patch, row by row; -1 is the class token
    head = Int(-1).tag(sync=True)
    layer = Int(0).tag(sync=True)
    temperature = Float(1.0).tag(sync=True)
    likeness = Float(0.0).tag(sync=True)
    side = Int(0).tag(sync=True)  # pixels of a patch's side, where likeness is what is asked
    overlay = Bool(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        image: Any,
        weights: Any,
        *,
        grid: tuple[int, int],
        names: Sequence[str] | None = None,
        query: tuple[int, int] | None = None,
        head: int = -1,
        layer: int = -1,
        likeness: float = 0.0,
        overlay: bool | None = None,
        label: str = "Where does each patch look?",
        alt: str = "",
    ) -> None:
        rows, columns = grid
        array = checked(weights, rows * columns)  # (L, h, T, T)
        layers, heads, tokens, _ = array.shape
        names = [f"head {i + 1}" for i in range(heads)] if names is None else [str(name) for name in names]
        row, column = (rows // 2, columns // 2) if query is None else query
        for what, value, low, high in (
            ("names", len(names), heads, heads),
            ("query row", row, 0, rows - 1),
            ("query column", column, 0, columns - 1),
            ("head", head, -1, heads - 1),
            ("layer", layer, -layers, layers - 1),
        ):
            if not low <= value <= high:
                raise ValueError(f"wanted {what} from {low} to {high}, got {value}")
        bits = 16 if array.size <= FINE else 8
        self._image, self._weights = as_picture(image), array
        if likeness and np.abs(array[0] - alike(self._image, (rows, columns), likeness)).max() > 1e-3:
            raise ValueError(
                "wanted weights that are the softmax of the patches' likeness, got others: likeness=0"
            )
        super().__init__(
            picture=picture_url(self._image),
            codes=encode(array, bits),
            bits=bits,
            shape=[layers, heads, tokens],
            grid=[rows, columns],
            names=names,
            query=row * columns + column,
            head=head,
            layer=layer % layers,
            likeness=likeness,
            side=self._image.shape[0] // rows if likeness else 0,
            overlay=overlay,
            label=label,
        )
        self.alt = alt or self._told()

    def row(self) -> np.ndarray:
        """Give the weights that are shown now at temperature 1, over the grid: (rows, columns)."""
        rows, columns = self.grid
        extra = self.shape[2] - rows * columns
        chosen = self._weights[self.layer, :, self.query + extra]  # (h, T)
        shown = chosen.mean(0) if self.head < 0 else chosen[self.head]
        return shown[extra:].reshape(rows, columns)

    def _told(self) -> str:
        weights = self.row()
        top = np.unravel_index(weights.argmax(), weights.shape)
        row, column = divmod(self.query, self.grid[1])
        return (
            f"A picture in {self.grid[0]} by {self.grid[1]} patches. "
            f"The patch in row {row + 1}, column {column + 1} looks most at row {top[0] + 1}, "
            f"column {top[1] + 1}, "
            f"with {100 * weights.max():.1f} % of its weight."
        )

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 2, size=(6.4, 3.2))
        figures.show_image(axes[0], self._image, title="this patch")
        figures.show_map(axes[1], self.row(), image=self._image, title="looks here")
        for ax in axes:
            figures.mark_patch(ax, *divmod(self.query, self.grid[1]), grid=tuple(self.grid))
        return figure


def alike(image: np.ndarray, grid: tuple[int, int], scale: float) -> np.ndarray:
    """The softmax of `scale` times the cosines between patches' colours less their mean: (1, N, N).

    Args:
        image: (H, W, 3) or (H, W), whose sides the grid divides into squares.
        grid: rows and columns of patches.
        scale: of the cosines.

    Raises:
        ValueError: if the patches are not square.
    """
    (rows, columns), (height, width) = grid, image.shape[:2]
    if height % rows or width % columns or height // rows != width // columns:
        raise ValueError(f"wanted square patches, got {height} x {width} pixels in {rows} x {columns}")
    coloured = np.broadcast_to(image.reshape(height, width, -1), (height, width, 3))
    cut = coloured.reshape(rows, height // rows, columns, width // columns, 3).swapaxes(1, 2)
    patches = cut.reshape(rows * columns, -1).astype(np.float64)  # (N, p * p * 3)
    patches = patches - patches.mean(0)
    patches /= np.maximum(np.linalg.norm(patches, axis=1, keepdims=True), 1e-12)
    raised = np.exp(scale * (patches @ patches.T))
    return (raised / raised.sum(1, keepdims=True))[None]


def checked(weights: Any, patches: int) -> np.ndarray:
    """Give attention weights as (L, h, T, T).

    Raises:
        ValueError: if they are not attention over so many patches.
    """
    array = as_array(weights).astype(np.float32)
    array = array[None] if array.ndim == 3 else array
    if array.ndim != 4 or array.shape[2] != array.shape[3] or array.shape[2] not in (patches, patches + 1):
        got = as_array(weights).shape
        raise ValueError(
            f"wanted weights (h, N, N) or (L, h, N, N) with N = {patches} (or 1 more), got {got}"
        )
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"wanted weights that are finite and not negative, got a minimum of {array.min()}")
    sums = array.sum(-1)
    if np.abs(sums - 1).max() > 1e-2:
        raise ValueError(f"wanted rows that sum to 1, got sums from {sums.min():.3g} to {sums.max():.3g}")
    if array.size > LIMIT:
        raise ValueError(f"wanted at most {LIMIT:,} weights in a page, got {array.size:,}: show fewer layers")
    return array


def encode(weights: np.ndarray, bits: int) -> bytes:
    """Code each row's weights relative to the row's maximum, which a softmax does not need."""
    relative = weights / weights.max(-1, keepdims=True)
    codes = np.rint(relative ** (1 / POWER) * (2**bits - 1))
    return pack(codes, f"uint{bits}")
