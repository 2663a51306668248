"""On which places does a label draw? Ask a place of the picture, and see; then change one thing elsewhere.

Paper: Jun Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019, for the position attention.
Chapter: applications/segmentation.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.explorer import checked, encode
from visual_attention.view.portable import PortableWidget, pack, picture_url


class MarkedView(NamedTuple):
    """One picture as a network marks it.

    `image` (3, H, W) in [0, 1]; `weights` (N, N), what each cell of the grid takes from each, rows that sum
    to 1; `marked` (H, W), bool, what the network marks; `regions` (R, H, W), bool, what the picture holds.
    """

    image: Any
    weights: Any
    marked: Any
    regions: Any


class MaskExplorer(PortableWidget):
    """Pictures on which the reader asks a cell from where its label draws, and changes what decides it.

    Args:
        scenes: For each scene, a view for each of its versions: the same picture with one thing changed.
        grid: rows and columns of cells, N = rows x columns; they divide H and W.
        regions: Names of the regions, such as "the digit".
        versions: Names of a scene's versions.
        query: row and column of the cell that is asked first.
        label: the widget's title.

    Raises:
        ValueError: for views that do not fit together, or weights that are not attention over the grid.
    """

    script = "widget.js"
    pictures = List(Unicode()).tag(sync=True)  # of the views, scene by scene
    grid = List(Int()).tag(sync=True)
    size = List(Int()).tag(sync=True)  # H, W
    codes = Bytes().tag(sync=True)  # (S, V, N, N) uint8
    marked = Bytes().tag(sync=True)  # (S, V, H, W) uint8, 0 or 1
    shares = Bytes().tag(sync=True)  # (S, V, R, N) float32: how much of each cell lies in each region
    regions = List(Unicode()).tag(sync=True)
    versions = List(Unicode()).tag(sync=True)
    scene = Int(0).tag(sync=True)
    version = Int(0).tag(sync=True)
    query = Int(0).tag(sync=True)  # cell, row by row

    def __init__(
        self,
        scenes: Sequence[Sequence[MarkedView]],
        *,
        grid: tuple[int, int],
        regions: Sequence[str],
        versions: Sequence[str],
        query: tuple[int, int],
        label: str = "On which places does a label draw?",
    ) -> None:
        rows, columns = grid
        if not scenes or any(len(scene) != len(versions) for scene in scenes):
            counts = [len(scene) for scene in scenes]
            raise ValueError(f"wanted scenes of {len(versions)} versions each, got {counts}")
        if not (0 <= query[0] < rows and 0 <= query[1] < columns):
            raise ValueError(f"wanted a query within {rows} x {columns} cells, got {query}")
        views = [view for scene in scenes for view in scene]
        height, width = as_array(views[0].marked).shape
        if rows < 1 or columns < 1 or height % rows or width % columns:
            raise ValueError(f"wanted a grid that divides {height} x {width} pixels, got {rows} x {columns}")
        for view in views:
            _check(view, (height, width), len(regions))
        weights = np.stack([checked(as_array(view.weights)[None], rows * columns)[0] for view in views])
        shares = np.stack([_cells(as_array(view.regions), grid) for view in views])  # (views, R, N)
        self._views, self._weights, self._shares = views, weights[:, 0], shares
        super().__init__(
            pictures=[picture_url(view.image) for view in views],
            grid=[rows, columns],
            size=[height, width],
            codes=encode(self._weights, 8),
            marked=pack(np.stack([as_array(view.marked) for view in views]), "uint8"),
            shares=pack(shares),
            regions=[str(name) for name in regions],
            versions=[str(name) for name in versions],
            query=query[0] * columns + query[1],
            label=label,
        )
        self.alt = self._told()

    def row(self) -> np.ndarray:
        """The weights of the cell that is asked now, over the grid: (rows, columns)."""
        return self._weights[self._at(), self.query].reshape(self.grid)

    def on_regions(self) -> np.ndarray:
        """What the cell that is asked now takes from each region, (R,)."""
        return self._shares[self._at()] @ self._weights[self._at(), self.query]

    def _at(self) -> int:
        return self.scene * len(self.versions) + self.version

    def _told(self) -> str:
        row, column = divmod(self.query, self.grid[1])
        taken = zip(self.regions, self.on_regions(), strict=True)
        parts = ", ".join(f"{100 * share:.0f} % from {name}" for name, share in taken)
        return (
            f"A picture in {self.grid[0]} by {self.grid[1]} cells and the outline of what a network marks. "
            f"The cell in row {row + 1}, column {column + 1} takes {parts}."
        )

    def still(self) -> Figure:
        view = self._views[self._at()]
        figure, axes = figures.sheet(1, 2, size=(6.4, 3.2))
        figures.show_image(axes[0], view.image, title="what is marked")
        axes[0].contour(as_array(view.marked), [0.5], colors=[figures.ACCENT], linewidths=1.5)
        figures.show_map(axes[1], self.row(), image=view.image, title="this cell draws on", label="share")
        for ax in axes:
            figures.mark_patch(ax, *divmod(self.query, self.grid[1]), grid=tuple(self.grid))
        return figure


def _check(view: MarkedView, size: tuple[int, int], regions: int) -> None:
    image, marked, parts = (
        as_array(view.image).shape,
        as_array(view.marked).shape,
        as_array(view.regions).shape,
    )
    wanted = ((3, *size), size, (regions, *size))
    if (image, marked, parts) != wanted:
        raise ValueError(f"wanted image, marked and regions of shapes {wanted}, got {(image, marked, parts)}")


def _cells(masks: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """How much of each cell each mask covers: (R, H, W) -> (R, N)."""
    count, height, width = masks.shape
    rows, columns = grid
    cells = masks.reshape(count, rows, height // rows, columns, width // columns)
    return cells.mean(axis=(2, 4)).reshape(count, -1)
