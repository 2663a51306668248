"""Where does a network look, in a picture that you made yourself?

Paper: Kelvin Xu et al., "Show, Attend and Tell", ICML 2015 (the soft pool).
Chapter: notebooks/applications/classification.ipynb
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, Int, List, Unicode

from visual_attention.chapters.classification.plain_network import Layer, PlainNetwork
from visual_attention.view import charts, figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack

INK = 0.9  # brightness of a digit and of the pen


class DigitFinder(PortableWidget):
    """A photograph on which the reader puts or draws a digit, the network's map, and its answer.

    The network runs in the page. A photograph that the reader opens does not leave it.

    Args:
        layers: the trained network, as `PlainNetwork` takes it.
        photographs: name -> the picture as the network gets it, (48, 48), dimmed as a background.
        digits: (10, 28, 28), a handwritten digit of each class, ink bright.
        background: how much a photograph that is opened in the page is dimmed.
        label: the widget's title.

    Raises:
        ValueError: for shapes that do not fit, or numbers out of range.
    """

    script = "widget.js"
    shared = ("convolution.js", "opener.js")
    names = List(Unicode()).tag(sync=True)
    backgrounds = Bytes().tag(sync=True)  # (photographs, side, side) float32
    size = Int().tag(sync=True)  # side of a picture in pixels
    digits = Bytes().tag(sync=True)  # (10, 28, 28) uint8
    numbers = Bytes().tag(sync=True)  # the network, float32
    shapes = List().tag(sync=True)
    dim = List().tag(sync=True)  # brightness of backgrounds and of ink
    photograph = Int(0).tag(sync=True)  # -1: the reader's own, which the page alone knows
    digit = Int(7).tag(sync=True)  # -1: none
    side = Int().tag(sync=True)  # of the digit's square
    corner = List().tag(sync=True)  # row and column of the digit's square

    def __init__(
        self,
        layers: Sequence[Layer],
        photographs: Mapping[str, Any],
        digits: Any,
        *,
        background: float = 0.6,
        label: str = "What does the network look at?",
    ) -> None:
        self._network = PlainNetwork(layers)
        pictures = [as_array(picture).astype(np.float64).squeeze() for picture in photographs.values()]
        if not pictures or any(p.ndim != 2 or p.shape != (len(pictures[0]),) * 2 for p in pictures):
            raise ValueError(f"wanted square grey photographs of one size, got {[p.shape for p in pictures]}")
        self._backgrounds = np.stack(pictures)
        self._digits = as_array(digits).astype(np.float64).reshape(-1, *as_array(digits).shape[-2:])
        if self._digits.shape != (10, 28, 28):
            raise ValueError(f"wanted ten digits (10, 28, 28), got {as_array(digits).shape}")
        for name, values in (("photographs", self._backgrounds), ("digits", self._digits)):
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError(f"wanted {name} from 0 to 1, got {values.min():.3g} to {values.max():.3g}")
        self._digits = np.round(255 * self._digits) / 255  # as they travel
        size = len(pictures[0])
        side = min(18, size)
        super().__init__(
            names=[str(name) for name in photographs],
            backgrounds=pack(self._backgrounds),
            size=size,
            side=side,
            corner=[min(6, size - side), min(20, size - side)],
            digits=pack(np.round(255 * self._digits), "uint8"),
            numbers=pack(self._network.numbers()),
            shapes=self._network.shapes(),
            dim=[background, INK],
            label=label,
            alt="placeholder",
        )
        self.alt = self._told()

    def picture(self) -> np.ndarray:
        """What the network gets: the photograph with the digit on it, (side, side)."""
        picture = self._backgrounds[self.photograph].copy()
        if self.digit >= 0:
            row, column = self.corner
            ink = shrink(self._digits[self.digit], self.side)
            window = picture[row : row + self.side, column : column + self.side]
            window[:] = window * (1 - ink) + INK * ink
        return picture

    def look(self) -> tuple[np.ndarray, np.ndarray]:
        """The map (h, w) and the share of each digit (10,) for the picture as it is."""
        return self._network.look(self.picture())

    def still(self) -> Figure:
        weights, shares = self.look()
        figure, axes = figures.sheet(1, 3, size=(8.2, 2.8))
        figures.show_image(axes[0], self.picture(), title="what the network gets")
        figures.show_map(axes[1], weights, image=self.picture(), title="where it looks", bar=False)
        best = [str(int(shares.argmax()))]
        charts.bars(axes[2], [str(k) for k in range(10)], shares, label="share", highlight=best)
        return figure

    def _told(self) -> str:
        shares = self.look()[1]
        best = int(shares.argmax())
        what = f"a handwritten {self.digit}" if self.digit >= 0 else "no digit"
        return (
            f"The photograph {self.names[self.photograph]} with {what} on it, the network's map over it, and "
            f"a bar for each digit. The network answers {best}, {100 * shares[best]:.0f} %."
        )


def shrink(digit: np.ndarray, side: int) -> np.ndarray:
    """A square picture brought to `side` pixels, each the mean of what it covers."""
    cover = overlaps(len(digit), side)
    return cover @ digit @ cover.T


def overlaps(many: int, few: int) -> np.ndarray:
    """(few, many): how much of each old pixel lies in each new one; each row sums to 1."""
    step = many / few
    start = step * np.arange(few)[:, None]
    old = np.arange(many)[None]
    covered = np.minimum(start + step, old + 1) - np.maximum(start, old)
    return np.clip(covered, 0, None) / step
