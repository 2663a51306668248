"""What is computed, what is kept, and how does a softmax run? Two things to try, alive in a page.

Paper: none; the widgets for "cost". Chapter: deeper/cost.
"""

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from traitlets import Float, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget

WAYS = ("whole matrix", "blocks", "windows", "shifted windows", "criss-cross")
SIDES = (4, 8, 12, 16)
WINDOWS = (2, 4)
BLOCKS = (4, 8, 16)
FRAMES = 16  # how finely the player goes through the pieces
LIMIT = 8.0


def pieces(way: str, side: int, *, window: int, block: int) -> np.ndarray:
    """Which piece of the work each score belongs to, (N, N) counted from 0; -1 where it is never computed."""
    place = np.arange(side**2)
    row, column = place // side, place % side
    if way == "whole matrix":
        return np.repeat(place[:, None], side**2, axis=1)
    if way == "blocks":
        part = place // block
        return part[:, None] * (part[-1] + 1) + part[None, :]
    if way == "criss-cross":
        meets = (row[:, None] == row) | (column[:, None] == column)
        return np.where(meets, place[:, None], -1)
    shift = window // 2 if way == "shifted windows" else 0
    across = -(-(side + shift) // window)
    number = (row + shift) // window * across + (column + shift) // window
    return np.where(number[:, None] == number[None, :], number[:, None], -1)


def states(way: str, piece: np.ndarray, done: int) -> np.ndarray:
    """0 never computed, 1 still to come, 2 computed and forgotten, 3 in memory, after `done` pieces."""
    ready = (piece >= 0) & (piece < done)
    now = ready if way == "whole matrix" else piece == done - 1
    return np.where(piece < 0, 0, np.where(now & (done > 0), 3, np.where(ready, 2, 1)))


def running(scores: np.ndarray, values: np.ndarray, block: int) -> list[tuple[float, float, float]]:
    """Best score, total and mixture after each block of a running softmax, the empty start first."""
    kept = [(-np.inf, 0.0, 0.0)]
    for start in range(0, len(scores), block):
        best, total, mixed = kept[-1]
        new, value = scores[start : start + block], values[start : start + block]
        top = max(best, new.max())
        shrink, raised = np.exp(best - top), np.exp(new - top)
        kept.append(
            (float(top), float(shrink * total + raised.sum()), float(shrink * mixed + raised @ value))
        )
    return kept


class AttentionBill(PortableWidget):
    """The matrix of scores piece by piece: what is computed, what is in memory, and how both grow.

    Args:
        way: One of WAYS.
        side: Side of the grid of tokens, one of SIDES.
        window: Side of a window, one of WINDOWS.
        block: Queries, and keys, of a block, one of BLOCKS.
        label: The widget's title.

    Raises:
        ValueError: for anything else.
    """

    script = "widget.js"
    ways = List(Unicode()).tag(sync=True)
    sides = List(Int()).tag(sync=True)
    windows = List(Int()).tag(sync=True)
    blocks = List(Int()).tag(sync=True)
    frames = Int(FRAMES).tag(sync=True)
    way = Unicode().tag(sync=True)
    side = Int().tag(sync=True)
    window = Int().tag(sync=True)
    block = Int().tag(sync=True)
    frame = Int().tag(sync=True)

    def __init__(
        self,
        way: str = "blocks",
        side: int = 8,
        *,
        window: int = 4,
        block: int = 16,
        label: str = "What is computed, what is kept",
    ) -> None:
        for name, given, known in (
            ("way", way, WAYS),
            ("side", side, SIDES),
            ("window", window, WINDOWS),
            ("block", block, BLOCKS),
        ):
            if given not in known:
                raise ValueError(f"{name}: wanted one of {', '.join(map(str, known))}; got {given!r}")
        super().__init__(
            ways=list(WAYS),
            sides=list(SIDES),
            windows=list(WINDOWS),
            blocks=list(BLOCKS),
            way=way,
            side=side,
            window=window,
            block=block,
            frame=FRAMES // 2,
            label=label,
            alt="",
        )
        self.alt = f"A square of {side**2} x {side**2} scores, half way through. {self.sentence()}"

    def now(self) -> np.ndarray:
        """The state of each score at the present frame, (N, N)."""
        piece = pieces(self.way, self.side, window=self.window, block=self.block)
        return states(self.way, piece, int((piece.max() + 1) * self.frame / FRAMES + 0.5))

    def sentence(self) -> str:
        """The present state in words."""
        state = self.now()
        return (
            f"{self.way.capitalize()}: {int((state >= 2).sum()):,} of {state.size:,} scores computed so far, "
            f"{int((state == 3).sum()):,} of them in memory."
        )

    def still(self) -> Figure:
        figure, ax = figures.sheet(size=(5.2, 4.6))
        palette = ListedColormap(["#ffffff", "#dde1e6", "#8b97a5", figures.ACCENT])
        ax.imshow(self.now(), cmap=palette, vmin=0, vmax=3, interpolation="nearest")
        ax.set(xlabel="key", ylabel="query", title=self.sentence().partition(": ")[2])
        ax.set_xticks([])
        ax.set_yticks([])
        return figure


class RunningSoftmax(PortableWidget):
    """Six scores and values, taken in one after the other: what is kept, and how it is put right.

    Args:
        scores: Six numbers in [-8, 8].
        values: Six numbers.
        block: How many are taken at once: 1, 2 or 3.
        label: The widget's title.

    Raises:
        ValueError: for other numbers.
    """

    script = "running.js"
    reach = Float(LIMIT).tag(sync=True)
    scores = List(Float()).tag(sync=True)
    values = List(Float()).tag(sync=True)
    block = Int().tag(sync=True)
    step = Int().tag(sync=True)

    def __init__(
        self, scores: Any, values: Any, *, block: int = 1, label: str = "A softmax that runs"
    ) -> None:
        numbers, offered = (as_array(each).astype(float) for each in (scores, values))
        if numbers.shape != (6,) or offered.shape != (6,):
            raise ValueError(f"wanted 6 scores and 6 values, got shapes {numbers.shape} and {offered.shape}")
        if not (np.abs(numbers) <= LIMIT).all() or not np.isfinite(offered).all():
            given = f"{numbers.tolist()} and {offered.tolist()}"
            raise ValueError(f"wanted scores from -{LIMIT:g} to {LIMIT:g} and finite values, got {given}")
        if block not in (1, 2, 3):
            raise ValueError(f"block: wanted 1, 2 or 3, got {block!r}")
        kept = running(numbers, offered, block)
        alt = f"Six scores with six values. After all of them the mixture is {kept[-1][2] / kept[-1][1]:.3f}."
        super().__init__(
            scores=numbers.tolist(), values=offered.tolist(), block=block, step=0, label=label, alt=alt
        )

    def still(self) -> Figure:
        kept = running(np.array(self.scores), np.array(self.values), self.block)
        figure, ax = figures.sheet(size=(6.4, 2.6))
        rows = [[f"{best:.2f}", f"{total:.3f}", f"{mixed / total:.3f}"] for best, total, mixed in kept[1:]]
        names = [f"after {min(self.block * (i + 1), 6)}" for i in range(len(rows))]
        ax.table(rows, rowLabels=names, colLabels=["best", "total", "mixed / total"], loc="center")
        ax.set_axis_off()
        return figure
