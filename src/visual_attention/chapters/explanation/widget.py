"""Which cells does a map call important, and what does the network say when they are gone?

Paper: Vitali Petsiuk, Abir Das and Kate Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box
    Models", BMVC 2018 (deletion). Chapter: notebooks/deeper/explanation.ipynb.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, Int, List, Unicode

from visual_attention.view import charts, figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack


class CellDeleter(PortableWidget):
    """Pictures whose cells go one after the other, in the order of a chosen map, beside a random order.

    Args:
        pictures: (1 + F, P, H, H) in [0, 1]: each picture, and what its cells become by each of F fillings.
        orders: (M, P, N): the N = n x n cells of each map, the highest first.
        scores: (F, M, P, N + 1): the probability of the answer after 0, 1, ... N cells.
        answers: (P,), the answers whose probability is followed.
        methods: names of the M maps; the last is the one at random.
        fillings: names of the F fillings.
        names: one for each picture.
        removed: how many cells are gone at first.
        label: the widget's title.

    Raises:
        ValueError: if the sizes do not fit one another, or so many cells cannot be removed.
    """

    script = "widget.js"
    pictures = Bytes().tag(sync=True)
    orders = Bytes().tag(sync=True)
    scores = Bytes().tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    methods = List(Unicode()).tag(sync=True)
    fillings = List(Unicode()).tag(sync=True)
    answers = List(Int()).tag(sync=True)
    shape = List(Int()).tag(sync=True)  # pixels of a side, cells of a side
    picture = Int(0).tag(sync=True)
    method = Int(0).tag(sync=True)
    filling = Int(0).tag(sync=True)
    removed = Int(4).tag(sync=True)

    def __init__(
        self,
        pictures: Any,
        orders: Any,
        scores: Any,
        answers: Any,
        methods: Sequence[str],
        fillings: Sequence[str],
        *,
        names: Sequence[str],
        removed: int = 4,
        label: str = "Which cells does the answer need?",
    ) -> None:
        self._pictures, self._orders, self._scores = map(as_array, (pictures, orders, scores))
        count, cells = len(names), self._orders.shape[-1]
        wanted = {
            "orders": (len(methods), count, cells),
            "scores": (len(fillings), len(methods), count, cells + 1),
            "answers": (count,),
            "pictures": (1 + len(fillings), count, *self._pictures.shape[2:]),
        }
        given = {"orders": orders, "scores": scores, "answers": answers, "pictures": pictures}
        for name, array in given.items():
            if as_array(array).shape != wanted[name]:
                raise ValueError(f"{name}: wanted shape {wanted[name]}, got {as_array(array).shape}")
        if not 0 <= removed <= cells:
            raise ValueError(f"removed: wanted from 0 to {cells} cells, got {removed}")
        super().__init__(
            pictures=pack((self._pictures * 255).round(), "uint8"),
            orders=pack(orders, "uint8"),
            scores=pack(scores),
            names=list(names),
            methods=list(methods),
            fillings=list(fillings),
            answers=as_array(answers).tolist(),
            shape=[self._pictures.shape[-1], round(cells**0.5)],
            removed=removed,
            label=label,
        )
        self.alt = self._told()

    def _told(self) -> str:
        now = self._scores[self.filling, :, self.picture, self.removed]
        gone = f"{self.removed} of {self._orders.shape[-1]} cells replaced ({self.fillings[self.filling]})"
        first, second = (f"{self.methods[m]} the answer keeps {now[m]:.0%}" for m in (self.method, -1))
        return f"{self.names[self.picture]}, twice, with {gone}: in the order of {first}, {second}."

    def _without(self, method: int) -> np.ndarray:
        """The picture without the cells that go first, (H, H)."""
        side, cells = self.shape
        gone = np.zeros(cells**2, dtype=bool)
        gone[self._orders[method, self.picture, : self.removed]] = True
        mask = gone.reshape(cells, cells).repeat(side // cells, 0).repeat(side // cells, 1)
        filled = self._pictures[1 + self.filling, self.picture]
        return np.where(mask, filled, self._pictures[0, self.picture])

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 3, size=(6.4, 2.5))
        lines = {}
        for ax, method in zip(axes, (self.method, -1), strict=False):
            figures.show_image(ax, self._without(method), title=self.methods[method])
            lines[self.methods[method]] = self._scores[self.filling, method, self.picture]
        counts = np.arange(self._scores.shape[-1])
        charts.curves(axes[2], counts, lines, xlabel="cells gone", ylabel="probability")
        axes[2].axvline(self.removed, color=figures.MUTED, linewidth=1)
        axes[2].legend(fontsize=9, handlelength=2.6, loc="lower left", bbox_to_anchor=(0, 1))
        return figure
