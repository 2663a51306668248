"""What does each answer of a detector look at, and what happens when something comes in between?

A board can be moved over the picture; what the detectors answer at each of its places was computed before.

Paper: Nicolas Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020, figure 6.
Chapter: applications/detection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from traitlets import Bool, Bytes, Float, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array, as_coloured
from visual_attention.view.portable import PortableWidget, pack, picture_url

LIMIT = 400_000  # characters of page that the answers may take
STEPS = 255


@dataclass(frozen=True)
class Watched:
    """A detector's answers with the board at each of P places, M answers each.

    Args:
        boxes: (P, M, 4), centre x, centre y, width, height in [0, 1]; zeros where there is no answer.
        labels: (P, M), places in the names of the classes.
        scores: (P, M), in [0, 1].
        weights: (P, M, rows, columns), where each answer looks, not negative.
        called: what an answer is called, such as "Query".
    """

    boxes: Any
    labels: Any
    scores: Any
    weights: Any
    called: str = "Query"


class DetectionExplorer(PortableWidget):
    """A picture, the boxes that detectors find in it, where each answer looks, and a board to move.

    Args:
        image: (3, H, H) in [0, 1], without the board.
        board: (3, h, w) in [0, 1], what is moved.
        lefts: where the board's left edge may lie, in pixels.
        tops: where its upper edge may lie; place P = row of tops times the number of lefts, plus the left.
        detectors: name -> what it answers at each place.
        names: of the classes.
        truth: (O, 4), the true boxes as centre and size in [0, 1].
        truth_labels: (O,), their classes.
        column: the left that is shown first.
        row: the top that is shown first.
        answer: the answer that is chosen first.
        threshold: the score from which an answer is shown first.
        label: the widget's title.

    Raises:
        ValueError: if the parts do not fit each other, or the answers take too much room.
    """

    script = "widget.js"
    picture = Unicode().tag(sync=True)
    board = Unicode().tag(sync=True)
    side = Int().tag(sync=True)
    grid = List(Int()).tag(sync=True)
    lefts = List(Int()).tag(sync=True)
    tops = List(Int()).tag(sync=True)
    board_size = List(Int()).tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    truth = List(List()).tag(sync=True)
    detectors = List(List()).tag(sync=True)
    corners = Bytes().tag(sync=True)
    scores = Bytes().tag(sync=True)
    labels = Bytes().tag(sync=True)
    codes = Bytes().tag(sync=True)
    steps = Bytes().tag(sync=True)
    detector = Int(0).tag(sync=True)
    column = Int(0).tag(sync=True)
    row = Int(0).tag(sync=True)
    answer = Int(0).tag(sync=True)
    threshold = Float(0.5).tag(sync=True)
    show_truth = Bool(False).tag(sync=True)

    def __init__(
        self,
        image: Any,
        board: Any,
        *,
        lefts: Sequence[int],
        tops: Sequence[int],
        detectors: Mapping[str, Watched],
        names: Sequence[str],
        truth: Any,
        truth_labels: Sequence[int],
        column: int = 0,
        row: int = 0,
        answer: int = 0,
        threshold: float = 0.5,
        label: str = "What does each answer look at?",
    ) -> None:
        self._image, self._board = (np.moveaxis(as_coloured(each), -1, 0) for each in (image, board))
        side = self._image.shape[-1]
        spots = len(lefts) * len(tops)
        self._watched = {name: checked(name, one, spots, len(names)) for name, one in detectors.items()}
        grids = {one["weights"].shape[2:] for one in self._watched.values()}
        if len(grids) != 1 or self._image.shape != (3, side, side):
            raise ValueError(f"wanted one grid and a square image, got {sorted(grids)}, {self._image.shape}")
        boxes = to_pixels(as_array(truth).reshape(-1, 4), side)
        if len(truth_labels) != len(boxes):
            raise ValueError(f"wanted a class for each of {len(boxes)} true boxes, got {len(truth_labels)}")
        for what, starts, room in (
            ("lefts", lefts, side - self._board.shape[2]),
            ("tops", tops, side - self._board.shape[1]),
        ):
            if min(starts) < 0 or max(starts) > room:
                raise ValueError(
                    f"wanted {what} from 0 to {room}, so that the board stays on, got {list(starts)}"
                )
        if not (0 <= column < len(lefts) and 0 <= row < len(tops)):
            raise ValueError(f"wanted a column and a row of the board's places, got {column} and {row}")
        whole = list(self._watched.values())
        weights = np.concatenate([one["weights"].reshape(-1, np.prod(*grids)) for one in whole])
        steps = weights.max(axis=1, initial=0) / STEPS
        codes = np.round(weights / np.where(steps > 0, steps, 1)[:, None])
        if (room := round(1.34 * codes.size)) > LIMIT:
            raise ValueError(f"wanted answers of at most {LIMIT:,} characters, got {room:,}: fewer places?")
        super().__init__(
            picture=picture_url(self._image),
            board=picture_url(self._board),
            side=side,
            grid=[int(n) for n in next(iter(grids))],
            lefts=[int(x) for x in lefts],
            tops=[int(y) for y in tops],
            board_size=[self._board.shape[2], self._board.shape[1]],
            names=[str(name) for name in names],
            truth=[[*map(float, b), int(k)] for b, k in zip(boxes, truth_labels, strict=True)],
            detectors=[
                [name, one["scores"].shape[1], detectors[name].called] for name, one in self._watched.items()
            ],
            corners=pack(np.concatenate([to_pixels(one["boxes"], side).ravel() for one in whole])),
            scores=pack(np.concatenate([one["scores"].ravel() for one in whole])),
            labels=pack(np.concatenate([one["labels"].ravel() for one in whole]), "uint8"),
            codes=pack(codes, "uint8"),
            steps=pack(steps),
            column=column,
            row=row,
            answer=answer,
            threshold=threshold,
            label=label,
        )
        found = [self.names[k] for k in self.first()["labels"][self.first()["scores"] >= threshold]]
        name = self.detectors[0][0]
        self.alt = (
            f"A picture with {len(boxes)} objects and a board; {name} shows {len(found)} boxes"
            f"{': ' if found else ''}{', '.join(found)}. Beside it, where answer {answer + 1} looks."
        )

    def first(self) -> dict[str, np.ndarray]:
        """The first detector's answers at the place that is shown."""
        spot = self.row * len(self.lefts) + self.column
        return {key: values[spot] for key, values in self._watched[self.detectors[0][0]].items()}

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 2, size=(7.0, 3.4))
        covered, shown = self._image.copy(), self.first()
        x, y = self.lefts[self.column], self.tops[self.row]
        part = covered[:, y : y + self._board.shape[1], x : x + self._board.shape[2]]
        part[:] = self._board[:, : part.shape[1], : part.shape[2]]
        figures.show_image(axes[0], covered.clip(0, 1), title="what is found")
        figures.show_map(axes[1], shown["weights"][self.answer], image=covered, title="where it looks")
        for place, (left, top, right, bottom) in enumerate(to_pixels(shown["boxes"], self.side)):
            if shown["scores"][place] >= self.threshold or place == self.answer:
                colour = figures.ACCENT if place == self.answer else "white"
                corner, size = (left - 0.5, top - 0.5), (right - left, bottom - top)
                axes[0].add_patch(Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=2))
        return figure


def to_pixels(boxes: np.ndarray, side: int) -> np.ndarray:
    """(..., 4) centre and size in [0, 1] -> (..., 4) left, top, right, bottom in pixels."""
    centre, size = boxes[..., :2] * side, boxes[..., 2:] * side
    return np.concatenate([centre - size / 2, centre + size / 2], axis=-1)


def checked(name: str, watched: Watched, spots: int, classes: int) -> dict[str, np.ndarray]:
    """The arrays of one detector.

    Raises:
        ValueError: if they do not fit each other.
    """
    parts = {key: as_array(getattr(watched, key)) for key in ("boxes", "labels", "scores", "weights")}
    shape = parts["scores"].shape
    if len(shape) != 2 or shape[0] != spots:
        raise ValueError(f"{name}: wanted scores (P, M) with P = {spots} places of the board, got {shape}")
    for key, wanted in (("boxes", (*shape, 4)), ("labels", shape)):
        if parts[key].shape != wanted:
            raise ValueError(f"{name}: wanted {key} of shape {wanted}, got {parts[key].shape}")
    if parts["weights"].ndim != 4 or parts["weights"].shape[:2] != shape:
        raise ValueError(f"{name}: wanted weights (P, M, rows, columns), got {parts['weights'].shape}")
    if parts["labels"].min() < 0 or parts["labels"].max() >= classes:
        raise ValueError(f"{name}: wanted labels below {classes}, got up to {parts['labels'].max()}")
    if parts["weights"].min() < 0:
        raise ValueError(f"{name}: wanted weights of 0 or more, got {parts['weights'].min():.3g}")
    return parts
