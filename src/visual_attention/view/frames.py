"""Turn what a function returns (a figure, an array, a text) into frames that a page can hold."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import data_url, figure_bytes, picture_url


@dataclass(frozen=True)
class Frame:
    """One step: a picture as a data address, or a text, and the words for those who do not see it."""

    url: str
    text: str
    alt: str
    source: Any


def frames_of(made: Sequence[Any]) -> list[Frame]:
    """Encode results that are shown one after the other.

    Args:
        made: Figures, Axes, images (3, H, W), maps (H, W), texts or numbers; each may be (result, alt).

    Returns:
        frames; all maps share one maximum.

    Raises:
        ValueError: for a result that cannot be shown.
    """
    split = [
        one if isinstance(one, tuple) and len(one) == 2 and isinstance(one[1], str) else (one, "")
        for one in made
    ]
    maps = [as_array(what) for what, _ in split if _is_map(what)]
    top = max((float(one.max()) for one in maps), default=1.0)
    return [_frame(what, alt, top) for what, alt in split]


def picture_of(frame: Frame) -> Figure:
    """Give a frame as a figure, for paper."""
    if isinstance(frame.source, Figure):
        return frame.source
    figure, ax = figures.sheet()
    if frame.url:
        figures.show_image(ax, frame.source)
    else:
        ax.set_axis_off()
        text = "\n".join(textwrap.fill(line, 60) for line in frame.text.splitlines())
        ax.text(0, 1, text, va="top", family="monospace", parse_math=False)
    return figure


def _is_map(what: Any) -> bool:
    return hasattr(what, "ndim") and what.ndim == 2


def _frame(what: Any, alt: str, top: float) -> Frame:
    if isinstance(what, Axes):
        what = what.figure
    if _is_map(what):
        figure, ax = figures.sheet(size=(4.6, 3.6))
        figures.show_map(ax, what, vmax=top)
        what = figure
    if isinstance(what, Figure):
        plt.close(what)  # pyplot would show it once more at the cell's end
        told = alt or ", ".join(
            title for ax in what.axes if (title := ax.get_title() or ax.get_title("left"))
        )
        return Frame(data_url(figure_bytes(what, "webp", 130, tight=False), "webp"), "", told, what)
    if hasattr(what, "ndim") and what.ndim == 3:
        return Frame(picture_url(what), "", alt, what)
    if isinstance(what, str | int | float | np.generic) or hasattr(what, "ndim"):
        text = (
            what
            if isinstance(what, str)
            else np.array2string(as_array(what), precision=3, suppress_small=True)
        )
        return Frame("", text, alt or text, what)
    raise ValueError(f"wanted a Figure, Axes, array or text to show, got {type(what).__name__}")
