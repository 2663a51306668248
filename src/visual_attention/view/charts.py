"""Draw numbers the same way everywhere in the course: bars with intervals, and lines.

Lines are told apart by their dashes as well as by their colours. Functions take and return an Axes and
never call `show`.

Chapter: all of them. Run: python -m visual_attention.view.charts
"""

import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from visual_attention.view.arrays import as_array
from visual_attention.view.figures import ACCENT, DASHES, INK, PALETTE, sheet, use_style

MARKS = ("", "o", "^")  # the first lines of a chart need none


def bars(
    ax: Axes,
    names: Sequence[str],
    means: Sequence[float],
    lows: Sequence[float] | None = None,
    highs: Sequence[float] | None = None,
    *,
    label: str = "",
    highlight: Sequence[str] = (),
    form: str = "{:.2f}",
    reference: tuple[str, float] | None = None,
) -> Axes:
    """Draw a horizontal bar with an interval for each name, the number printed beside it.

    Args:
        ax: where to draw.
        names: top to bottom.
        means: the bars' lengths.
        lows: lower ends of the intervals.
        highs: upper ends of the intervals.
        label: the quantity and its unit.
        highlight: the names that get the accent colour (and a bold number).
        form: how a number is written.
        reference: a name and a value for a dashed line, such as ("chance", 0.1).

    Raises:
        ValueError: if the lengths differ, or an interval does not hold its mean.
    """
    means = as_array(means).astype(float)
    low = means if lows is None else as_array(lows).astype(float)
    high = means if highs is None else as_array(highs).astype(float)
    if not len(names) == len(means) == len(low) == len(high):
        raise ValueError(
            f"wanted as many names as numbers, got {[len(x) for x in (names, means, low, high)]}"
        )
    if (low > means).any() or (high < means).any():
        raise ValueError("wanted low <= mean <= high for each bar, got an interval that misses its mean")
    places = np.arange(len(names))
    colours = [ACCENT if name in highlight else "#8b97a5" for name in names]
    ax.barh(places, means, color=colours, height=0.62)
    if lows is not None or highs is not None:
        ax.errorbar(
            means, places, xerr=(means - low, high - means), fmt="none", ecolor=INK, capsize=4, linewidth=1.5
        )
    reach = max(float(high.max()), 0.0)
    for place, name, mean, end in zip(places, names, means, high, strict=True):
        weight = "bold" if name in highlight else "normal"
        ax.text(max(end, 0) + 0.02 * (reach or 1), place, form.format(mean), va="center", weight=weight)
    ax.set_yticks(places, [textwrap.fill(name, 26) for name in names], parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(right=1.16 * reach if reach else None)
    ax.set_xlabel(label)
    if reference is not None:
        ax.axvline(reference[1], color=INK, linestyle="--", linewidth=1.2)
        ax.text(
            reference[1], 1.01, reference[0], transform=ax.get_xaxis_transform(), ha="center", fontsize=11
        )
    return ax


def curves(
    ax: Axes,
    x: Sequence[float] | Mapping[str, Sequence[float]],
    lines: Mapping[str, Any],
    *,
    xlabel: str = "",
    ylabel: str = "",
) -> Axes:
    """Draw one line for each name, told apart by colour and by dashes; from the seventh on, by marks as well.

    More than six names stand beside the chart, where they hide no line.

    Args:
        ax: where to draw.
        x: (N,) for all lines, or name -> (N,) where each has its own.
        lines: name -> (N,), or (seeds, N): then the mean, with the range of the seeds shaded.
        xlabel: the horizontal quantity.
        ylabel: the vertical quantity.

    Raises:
        ValueError: if a line has not one value for each x, or if there are more lines than can be told apart.
    """
    most = len(MARKS) * len(PALETTE)
    if len(lines) > most:
        raise ValueError(f"wanted at most {most} lines, which can be told apart, got {len(lines)}")
    for index, (name, ys) in enumerate(lines.items()):
        runs = np.atleast_2d(as_array(ys).astype(float))  # (seeds, N)
        places = as_array(x[name] if isinstance(x, Mapping) else x)
        if runs.shape[1] != len(places):
            raise ValueError(f"wanted {len(places)} values for {name!r}, one for each x, got {runs.shape[1]}")
        again, place = divmod(index, len(PALETTE))
        colour, dash = PALETTE[place], DASHES[place]
        style = {"marker": MARKS[again], "markersize": 6, "markerfacecolor": "white"}
        ax.plot(places, runs.mean(0), color=colour, linestyle=dash, label=name, **style)
        if len(runs) > 1:
            ax.fill_between(places, runs.min(0), runs.max(0), color=colour, alpha=0.15, linewidth=0)
    if len(lines) > 1 or any(lines):
        beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if len(lines) > len(PALETTE) else {}
        ax.legend(fontsize=11, handlelength=2.6, **beside)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    return ax


def main() -> None:
    """Draw three bars and say where the picture went."""
    use_style()
    figure, ax = sheet()
    bars(ax, ["one", "two", "three"], [1, 2, 3], [0.8, 1.7, 2.6], [1.3, 2.2, 3.3], label="length")
    path = Path(tempfile.mkdtemp()) / "charts.png"
    figure.savefig(path)
    print(f"three bars with intervals: {path}")


if __name__ == "__main__":
    main()
