"""Draw images and attention maps the same way everywhere in the course; `charts` draws numbers.

One picture language: the image in grey beneath, the map in viridis on top, each cell flat, from 0 to one
maximum that all panels share, and a colour bar that names the quantity. Functions take and return an Axes
and never call `show`; only `show_maps`, which needs several panels, makes its own Figure.

Chapter: all of them. Run: python -m visual_attention.view.figures
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from visual_attention.view.arrays import as_array, as_map, as_picture, grey

ACCENT = "#b5380c"  # the course's one accent: what you are asked to look at
INK = "#1d232a"
MUTED = "#59636e"
MAP = "viridis"
# Accent first, then colours of the Okabe-Ito set, which colour-blind readers can tell apart.
PALETTE = (ACCENT, "#0072b2", "#009e73", "#7a5195", "#8a6d00", "#59636e")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

STYLE = {
    "figure.figsize": (5.6, 3.3),
    "figure.dpi": 110,
    "figure.facecolor": "white",  # a white sheet stays readable on the dark theme as well
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "savefig.dpi": 150,
    "savefig.bbox": "tight",
    "font.size": 12,  # still about 11 px when the figure is squeezed to a telephone's width
    "axes.titlesize": 12,
    "axes.labelsize": 12,
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=PALETTE) + mpl.cycler(linestyle=DASHES),
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "image.cmap": MAP,
    "image.interpolation": "nearest",
}


def use_style() -> None:
    """Give every later matplotlib figure the course's look."""
    mpl.rcParams.update(STYLE)


def sheet(rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None) -> tuple[Figure, Any]:
    """Make a Figure and its Axes, shown only as the value of its cell and not again at the cell's end."""
    figure = plt.figure(figsize=size, layout="constrained")
    plt.close(figure)
    return figure, figure.subplots(rows, columns)


def show_image(ax: Axes, image: Any, *, title: str = "") -> Axes:
    """Draw an image without ticks; one channel is drawn in grey."""
    picture = as_picture(image)
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    if title:
        ax.set_title(title)
    return ax


def show_map(
    ax: Axes,
    map: Any,
    *,
    image: Any = None,
    vmax: float | None = None,
    label: str = "weight",
    title: str = "",
    bar: bool = True,
    values: bool = False,
) -> Axes:
    """Draw one attention map, over its image if there is one.

    Args:
        ax: where to draw.
        map: (H, W), non-negative; any grid, it is stretched over the image.
        image: drawn in grey beneath.
        vmax: the value of the brightest colour, by default the map's maximum; compared panels share one.
        label: the quantity, written at the colour bar.
        title: written above.
        bar: whether to draw the colour bar.
        values: whether to print each cell's number, for maps small enough to read.
    """
    weights = as_map(map)
    top = float(weights.max()) if vmax is None else float(vmax)
    extent = None
    if image is not None:
        beneath = grey(image)
        extent = (-0.5, beneath.shape[1] - 0.5, beneath.shape[0] - 0.5, -0.5)
        ax.imshow(beneath, cmap="gray", vmin=0, vmax=1, extent=extent)
    # Small weights are a little more see-through, so that the image beneath stays recognisable.
    alpha = None if image is None else 0.5 + 0.42 * np.clip(weights / (top or 1.0), 0, 1)
    drawn = ax.imshow(
        weights, cmap=MAP, vmin=0, vmax=top or 1.0, alpha=alpha, interpolation="nearest", extent=extent
    )
    ax.set_axis_off()
    if title:
        ax.set_title(title)
    if values:
        _print_values(ax, weights, top or 1.0, drawn.get_extent())
    if bar:
        colour_bar(drawn, ax, label)
    return ax


def colour_bar(drawn: Any, ax: Any, label: str) -> Any:
    """Add a colour bar that names its quantity, beside one Axes or a list of them."""
    first = ax if isinstance(ax, Axes) else ax[0]
    bar = first.figure.colorbar(drawn, ax=ax, label=label, shrink=0.86, pad=0.03, aspect=16)
    bar.solids.set_alpha(1.0)  # the map is see-through, its key need not be
    bar.outline.set_visible(False)
    bar.ax.locator_params(nbins=4)
    return bar


def _print_values(ax: Axes, weights: np.ndarray, top: float, extent: Sequence[float]) -> None:
    left, right, bottom, upper = extent
    rows, columns = weights.shape
    for (row, column), weight in np.ndenumerate(weights):
        x = left + (column + 0.5) * (right - left) / columns
        y = upper + (row + 0.5) * (bottom - upper) / rows
        colour = "black" if weight > 0.6 * top else "white"
        ax.text(x, y, f"{weight:.3g}", ha="center", va="center", color=colour)


def show_maps(
    images: Any,
    maps: Sequence[Any],
    *,
    titles: Sequence[str] | None = None,
    label: str = "weight",
    columns: int = 3,
    vmax: float | None = None,
) -> Figure:
    """Draw several maps on one scale with one colour bar.

    Args:
        images: one image for each map, or a single image for all, or None.
        maps: each (H, W).
        titles: one for each map.
        label: the quantity.
        columns: panels in a row; more than four cannot be read on a telephone.
        vmax: the shared maximum; by default the largest value in any map.

    Raises:
        ValueError: if the numbers of images, maps and titles differ.
    """
    weights = [as_map(one) for one in maps]
    if not weights:
        raise ValueError("wanted at least one map, got none")
    single = images is None or _is_picture(images) or as_array(images[0]).ndim < 2
    pictures = [images] * len(weights) if single else list(images)
    for name, items in (("images", pictures), ("titles", titles)):
        if items is not None and len(items) != len(weights):
            raise ValueError(f"wanted {len(weights)} {name}, one for each map, got {len(items)}")
    top = max(float(one.max()) for one in weights) if vmax is None else float(vmax)
    columns = min(columns, len(weights))
    rows = -(-len(weights) // columns)
    ratio = max(one.shape[0] / one.shape[1] for one in weights)
    if pictures[0] is not None:
        ratio = grey(pictures[0]).shape[0] / grey(pictures[0]).shape[1]
    width = 6.2 / max(columns, 2)
    size = (width * columns + 0.8, (width * ratio + 0.35 * bool(titles)) * rows)
    figure, axes = sheet(rows, columns, size=size)
    axes = np.atleast_1d(axes).ravel()
    for index, ax in enumerate(axes):
        ax.set_axis_off()
        if index < len(weights):
            title = titles[index] if titles else ""
            show_map(ax, weights[index], image=pictures[index], vmax=top, title=title, bar=False)
    colour_bar(axes[0].images[-1], list(axes), label)
    return figure


def _is_picture(images: Any) -> bool:
    """Whether it is one picture, and not one for each map."""
    if isinstance(images, list | tuple) or not hasattr(images, "shape"):
        return not isinstance(images, list | tuple)  # a path, bytes or an image of Pillow
    shape = images.shape
    return len(shape) == 2 or (len(shape) == 3 and (shape[0] in (1, 3) or shape[2] in (1, 2, 3, 4)))


def mark_patch(ax: Axes, row: int, column: int, *, grid: tuple[int, int], label: str = "") -> Axes:
    """Outline one patch of a grid laid over what the Axes shows."""
    left, right, bottom, top = ax.images[-1].get_extent()
    height, width = (bottom - top) / grid[0], (right - left) / grid[1]
    corner = (left + column * width, top + row * height)
    for colour, thickness in (("white", 4.5), (ACCENT, 2.5)):
        ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=colour, linewidth=thickness))
    if label:
        ax.annotate(label, corner, xytext=(0, 4), textcoords="offset points", color=ACCENT, weight="bold")
    return ax


def main() -> None:
    """Draw a bump on a grid and say where the picture went."""
    use_style()
    rows, columns = np.mgrid[0:8, 0:8]
    bump = np.exp(-((rows - 2) ** 2 + (columns - 5) ** 2) / 4.0)
    ramp = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    figure = show_maps(ramp, [bump / bump.sum(), np.full((8, 8), 1 / 64)], titles=["a bump", "uniform"])
    path = Path(tempfile.mkdtemp()) / "figures.png"
    figure.savefig(path)
    print(f"two maps on one scale: {path}")


if __name__ == "__main__":
    main()
