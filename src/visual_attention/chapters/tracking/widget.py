"""Where is the thing of the first frame now, which of its parts are found where, and what if it is covered?

The trackers run in the page: a board that the reader drags is seen by the network at once.

Paper: Xin Chen et al., "Transformer Tracking", CVPR 2021.
Chapter: applications/tracking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from traitlets import Bool, Bytes, Float, Int, List

from visual_attention.pictures import unit
from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack

KINDS = ("attention", "uniform", "correlation")
TEMPLATE = 24  # pixels of the template's side, as the trackers take it
LIMIT = 380_000  # bytes of pictures


@dataclass(frozen=True)
class Film:
    """A film, its truth, and the target as the tracker gets it.

    Args:
        name: what the reader chooses.
        frames: (T, 3, H, H) in [0, 1].
        boxes: (T, 4), true boxes as centre x, centre y, width, height in shares of the frame.
        present: (T,), whether the target is there.
        template: (3, h, h) in [0, 1].
    """

    name: str
    frames: Any
    boxes: Any
    present: Any
    template: Any


@dataclass(frozen=True)
class PlainTracker:
    """A trained tracker as plain numbers.

    Args:
        name: what the reader chooses.
        kind: "attention", "uniform" or "correlation".
        numbers: all weights in one row, as `applications.trained_trackers.plain` gives them.
        width: channels of its features.
        dim: channels that are compared.
        first: (T, 4), the boxes that it finds in the first film, for the still picture.
    """

    name: str
    kind: str
    numbers: Any
    width: int
    dim: int
    first: Any


class TrackPlayer(PortableWidget):
    """A film to step through, the search region, the trackers' answers, and a board to drag.

    Args:
        films: what to choose from; all of one size.
        trackers: what to choose from.
        board: (3, H, H) in [0, 1], a picture from which the board is cut.
        search: pixels of the search region's side.
        frame: the frame that is shown first.
        part: the part of the target that is chosen first, 0 to 63, row by row.
        label: the widget's title.

    Raises:
        ValueError: if shapes do not fit, or there is too much to send.
    """

    script = "widget.js"
    shared = ("convolution.js",)
    side = Int().tag(sync=True)
    search = Int().tag(sync=True)
    films = List().tag(sync=True)  # [name, frames] of each
    pixels = Bytes().tag(sync=True)  # for each film its frames, then its template; last the board; uint8
    truth = List().tag(sync=True)  # for each film and frame [centre x, centre y, width, height] or []
    trackers = List().tag(sync=True)  # [name, kind, width, dim, count of numbers]
    numbers = Bytes().tag(sync=True)
    film = Int(0).tag(sync=True)
    frame = Int(0).tag(sync=True)
    tracker = Int(0).tag(sync=True)
    part = Int(0).tag(sync=True)
    covered = Bool(False).tag(sync=True)
    board_x = Float(0.0).tag(sync=True)
    board_y = Float(0.0).tag(sync=True)
    board_size = Int(14).tag(sync=True)

    def __init__(
        self,
        films: Sequence[Film],
        trackers: Sequence[PlainTracker],
        board: Any,
        *,
        search: int = 48,
        frame: int = 0,
        part: int = 27,
        label: str = "Follow it, and cover it",
    ) -> None:
        if not films or not trackers:
            raise ValueError(f"wanted films and trackers, got {len(films)} and {len(trackers)}")
        self._board = unit(board, "board")
        self.side = self._board.shape[-1]
        if self._board.shape != (3, self.side, self.side) or not 0 < search <= self.side:
            raise ValueError(
                f"wanted a board (3, H, H) of at least {search} pixels a side, as the search region has, "
                f"got {self._board.shape}"
            )
        pictures, truth = [], []
        for one in films:
            frames, template = unit(one.frames, "frames"), unit(one.template, "template")
            boxes, present = as_array(one.boxes).astype(float), as_array(one.present)
            if frames.shape[1:] != (3, self.side, self.side) or not len(frames) == len(boxes) == len(present):
                raise ValueError(
                    f"{one.name}: wanted frames (T, 3, {self.side}, {self.side}) with T boxes, "
                    f"got {frames.shape}, {boxes.shape} and {present.shape}"
                )
            if template.shape != (3, TEMPLATE, TEMPLATE):
                raise ValueError(f"wanted a template (3, {TEMPLATE}, {TEMPLATE}), got {template.shape}")
            pictures += [frames.ravel(), template.ravel()]
            truth.append([box.tolist() if there else [] for box, there in zip(boxes, present, strict=True)])
        for one in trackers:
            if one.kind not in KINDS:
                raise ValueError(f"{one.name}: wanted a kind among {KINDS}, got {one.kind!r}")
        pixels = np.round(255 * np.concatenate([*pictures, self._board.ravel()])).astype(np.uint8)
        if len(pixels) > LIMIT:
            raise ValueError(
                f"wanted at most {LIMIT} bytes of pictures, got {len(pixels)}: show fewer frames"
            )
        if not 0 <= frame < len(films[0].frames):
            raise ValueError(f"frame: wanted 0 to {len(films[0].frames) - 1}, got {frame}")
        self._films, self._trackers, self._boxes = films, trackers, truth
        numbers = [as_array(one.numbers).astype(np.float32).ravel() for one in trackers]
        where = truth[0][frame] or [0.5, 0.5, 0, 0]
        super().__init__(
            side=self.side,
            search=search,
            films=[[one.name, len(one.frames)] for one in films],
            pixels=pack(pixels, "uint8"),
            truth=truth,
            trackers=[
                [one.name, one.kind, one.width, one.dim, len(row)]
                for one, row in zip(trackers, numbers, strict=True)
            ],
            numbers=pack(np.concatenate(numbers)),
            frame=frame,
            part=part,
            board_x=float(where[0] * self.side + (10 if where[0] < 0.7 else -10)),
            board_y=float(where[1] * self.side + 4),
            label=label,
            alt=self._told(frame),
        )

    def _told(self, frame: int) -> str:
        name, kind = self._films[0].name, self._trackers[0].name
        return (
            f"Frame {frame + 1} of {len(self._films[0].frames)} of the film “{name}” with the true box and "
            f"the box that the tracker “{kind}” finds, and beside it the target of the first frame."
        )

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 2, size=(6.4, 3.3))
        film, tracker = self._films[0], self._trackers[0]
        figures.show_image(axes[0], film.frames[self.frame], title=f"frame {self.frame + 1}")
        figures.show_image(axes[1], film.template, title="the target")
        found = as_array(tracker.first)[self.frame]
        for box, style in ((self._boxes[0][self.frame], ":"), (found.tolist(), "-")):
            if box:
                x, y, w, h = (self.side * value for value in box)
                colour = "white" if style == ":" else figures.ACCENT
                corner = (x - w / 2 - 0.5, y - h / 2 - 0.5)
                axes[0].add_patch(
                    Rectangle(corner, w, h, fill=False, edgecolor=colour, linestyle=style, linewidth=2)
                )
        return figure
