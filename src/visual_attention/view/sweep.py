"""What changes when one number changes? An ordinary slider with a kernel, prepared frames without one.

Paper: none. Chapter: all of them.
"""

import html
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets
from matplotlib.figure import Figure
from traitlets import Int, List, Unicode

from visual_attention.view.frames import Frame, frames_of, picture_of
from visual_attention.view.portable import PortableWidget, bundle

MOST = 150  # frames in a page


class SweepPage(PortableWidget):
    """The frames of a sweep, with one slider for each parameter."""

    script = "sweep.js"
    names = List(Unicode()).tag(sync=True)
    choices = List(List(Unicode())).tag(sync=True)
    urls = List(Unicode()).tag(sync=True)
    bodies = List(Unicode()).tag(sync=True)
    alts = List(Unicode()).tag(sync=True)
    index = Int(0).tag(sync=True)

    def __init__(self, frames: list[Frame], **traits: Any) -> None:
        self._frames = frames
        super().__init__(**traits)

    def still(self) -> Figure:
        return picture_of(self._frames[self.index])


class Sweep:
    """A function drawn over a range of one or two parameters; shown as the last value of its cell.

    With a kernel, moving a slider calls the function; without one, the page shows the frame made beforehand.
    """

    def __init__(self, function: Callable, values: dict[str, Iterable], start: dict, label: str) -> None:
        self.function = function
        self.values = {name: list(choices) for name, choices in values.items()}
        self._check()
        starts = []
        for name, choices in self.values.items():
            first = start.get(name, choices[len(choices) // 2])
            if first not in choices:
                raise ValueError(f"wanted a start for {name} among its values {choices}, got {first!r}")
            starts.append(choices.index(first))
        points = list(itertools.product(*self.values.values()))
        self.frames = frames_of([self._call(point) for point in points])
        told = [self._told(point, frame) for point, frame in zip(points, self.frames, strict=True)]
        index = starts[0] if len(starts) == 1 else starts[0] * len(list(self.values.values())[1]) + starts[1]
        self.page = SweepPage(
            self.frames,
            names=[spoken(name) for name in self.values],
            choices=[[written(choice) for choice in choices] for choices in self.values.values()],
            urls=[frame.url for frame in self.frames],
            bodies=[frame.text for frame in self.frames],
            alts=told,
            index=index,
            label=label or "Change " + " and ".join(spoken(name) for name in self.values),
            alt=told[index],
        )
        self.sliders = [
            ipywidgets.SelectionSlider(
                options=[(written(choice), choice) for choice in choices],
                index=at,
                description=spoken(name),
                continuous_update=False,
                style={"description_width": "initial"},
                layout={"width": "min(100%, 30rem)"},
            )
            for at, (name, choices) in zip(starts, self.values.items(), strict=True)
        ]
        self.shown = ipywidgets.HTML(self._markup(self.frames[index], told[index]))
        for slider in self.sliders:
            slider.observe(self._move, names="value")
        self.box = ipywidgets.VBox([*self.sliders, self.shown])

    def _check(self) -> None:
        if not 1 <= len(self.values) <= 2:
            raise ValueError(f"wanted one or two parameters to sweep, got {list(self.values)}")
        count = 1
        for name, choices in self.values.items():
            if len(choices) < 2:
                raise ValueError(f"wanted at least two values for {name}, got {choices}")
            count *= len(choices)
        if count > MOST:
            raise ValueError(f"wanted at most {MOST} frames in a page, got {count}: give fewer values")

    def _call(self, point: Iterable) -> Any:
        return self.function(**dict(zip(self.values, point, strict=True)))

    def _told(self, point: Iterable, frame: Frame) -> str:
        at = ", ".join(f"{spoken(name)} {written(v)}" for name, v in zip(self.values, point, strict=True))
        return f"{at}: {frame.alt}" if frame.alt else at

    def _move(self, change: Any) -> None:
        point = [slider.value for slider in self.sliders]
        frame = frames_of([self._call(point)])[0]
        self.shown.value = self._markup(frame, self._told(point, frame))

    @staticmethod
    def _markup(frame: Frame, told: str) -> str:
        if frame.url:
            return f'<img src="{frame.url}" alt="{html.escape(told)}" style="max-width: 100%">'
        return f"<pre>{html.escape(frame.text)}</pre>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = self.page._repr_mimebundle_(**kwargs)
        return bundle(data, self.box.model_id), metadata


def sweep(function: Callable, /, *, start: dict | None = None, label: str = "", **values: Iterable) -> Sweep:
    """Show what a function draws for every value of one or two parameters.

    Args:
        function: called with one value for each name; returns a Figure, Axes, array or text, or (that, alt).
        start: the values shown first; by default the middle ones.
        label: the widget's title.
        values: each parameter's values, in order.

    Raises:
        ValueError: for no or more than two parameters, fewer than two values, or too many frames.
    """
    return Sweep(function, values, start or {}, label)


def written(value: Any) -> str:
    """Write a parameter's value."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def spoken(name: str) -> str:
    """Write a parameter's name in words."""
    return name.replace("_", " ")
