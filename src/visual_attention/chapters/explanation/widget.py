"""Which cells does a map call important, and what does the network say when they are gone?

Paper: Vitali Petsiuk, Abir Das and Kate Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box
    Models", BMVC 2018 (deletion). Chapter: notebooks/deeper/explanation.ipynb.
"""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from traitlets import Bytes, Int, List, Unicode

from visual_attention.chapters.explanation import fillings, maps, trials
from visual_attention.chapters.explanation.marked import GRID, SIDE
from visual_attention.view import charts, figures
from visual_attention.view.portable import PortableWidget, pack

CELLS = GRID**2
RANDOM = "at random"


class CellDeleter(PortableWidget):
    """Pictures whose cells go one after the other, in the order of a chosen map, beside a random order.

    All is computed when the widget is made: for each picture, map and filling the order of the cells and the
    probability of the answer after each.

    Args:
        model: what is asked.
        images: (P, 1, 24, 24) in [0, 1], two or more, for another picture is one of the fillings.
        answers: (P,), the answers whose probability is followed.
        names: one for each picture.
        methods: the maps to choose from, each a function of `maps`; by default those that the network has.
        removed: how many cells are gone at first.
        label: the widget's title.

    Raises:
        ValueError: for pictures of another form, other numbers of names, or cells out of range.
    """

    script = "widget.js"
    pictures = Bytes().tag(sync=True)  # (1 + fillings, P, 24, 24): each picture and what its cells become
    orders = Bytes().tag(sync=True)  # (methods, P, 36): cells, the highest first
    scores = Bytes().tag(sync=True)  # (fillings, methods, P, 37): probability of the answer
    names = List(Unicode()).tag(sync=True)
    methods = List(Unicode()).tag(sync=True)  # the last is the random order
    fillings = List(Unicode()).tag(sync=True)
    answers = List(Int()).tag(sync=True)
    shape = List(Int()).tag(sync=True)  # pixels of a side, cells of a side
    picture = Int(0).tag(sync=True)
    method = Int(0).tag(sync=True)
    filling = Int(0).tag(sync=True)
    removed = Int(4).tag(sync=True)

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        answers: Tensor,
        *,
        names: Sequence[str],
        methods: dict[str, maps.Method] | None = None,
        removed: int = 4,
        label: str = "Which cells does the answer need?",
    ) -> None:
        if images.ndim != 4 or images.shape[1:] != (1, SIDE, SIDE) or len(images) < 2:
            raise ValueError(
                f"wanted two or more pictures (P, 1, {SIDE}, {SIDE}), got shape {tuple(images.shape)}"
            )
        if not len(names) == len(answers) == len(images):
            raise ValueError(
                f"wanted a name and an answer for each of {len(images)} pictures, "
                f"got {len(names)} and {len(answers)}"
            )
        if not 0 <= removed <= CELLS:
            raise ValueError(f"removed: wanted from 0 to {CELLS} cells, got {removed}")
        chosen = (methods or maps.methods(model)) | {RANDOM: maps.at_random}
        found = [method(model, images, answers) for method in chosen.values()]
        filled = [make(images) for make in fillings.FILLINGS.values()]
        self._images, self._filled = images, filled
        self._orders = torch.stack([order(each) for each in found])  # (M, P, 36)
        self._scores = torch.stack(
            [torch.stack([falls(model, images, answers, each, to) for each in found]) for to in filled]
        )  # (F, M, P, 37)
        super().__init__(
            pictures=pack((torch.stack([images, *filled])[:, :, 0] * 255).round(), "uint8"),
            orders=pack(self._orders, "uint8"),
            scores=pack(self._scores),
            names=list(names),
            methods=list(chosen),
            fillings=list(fillings.FILLINGS),
            answers=answers.tolist(),
            shape=[SIDE, GRID],
            removed=removed,
            label=label,
        )
        self.alt = self._told()

    def _told(self) -> str:
        by_map, by_chance = (
            self._scores[self.filling, m, self.picture, self.removed] for m in (self.method, -1)
        )
        return (
            f"{self.names[self.picture]}, twice, with {self.removed} of {CELLS} cells replaced "
            f"({self.fillings[self.filling]}): in the order of {self.methods[self.method]} the answer keeps "
            f"{by_map:.0%}, at random {by_chance:.0%}."
        )

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 3, size=(6.4, 2.5))
        lines = {}
        for ax, method in zip(axes, (self.method, -1), strict=False):
            gone = torch.zeros(CELLS, dtype=torch.bool)
            gone[self._orders[method, self.picture, : self.removed]] = True
            chosen = slice(self.picture, self.picture + 1)
            image = fillings.replace(
                self._images[chosen], self._filled[self.filling][chosen], gone.view(1, 1, GRID, GRID)
            )
            figures.show_image(ax, image[0], title=self.methods[method])
            lines[self.methods[method]] = self._scores[self.filling, method, self.picture]
        charts.curves(axes[2], np.arange(CELLS + 1), lines, xlabel="cells gone", ylabel="probability")
        return figure


def order(found: Tensor) -> Tensor:
    """The cells of each map, the highest first, of equals the first: (P, 1, 6, 6) -> (P, 36)."""
    return found.flatten(1).sort(dim=1, descending=True, stable=True).indices


def falls(model: nn.Module, images: Tensor, answers: Tensor, found: Tensor, filling: Tensor) -> Tensor:
    """The answer's probability with 0, 1, ... 36 cells gone, the highest first: (P, 37)."""
    return trials.curve(model, images, answers, found, filling, counts=range(CELLS + 1))
