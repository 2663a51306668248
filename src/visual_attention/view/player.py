"""What happens step by step? Play, step or drag through prepared frames, with a sentence for each.

Paper: none. Chapter: every chapter with steps in time (glimpses, diffusion, tracking).
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from traitlets import Int, List, Unicode

from visual_attention.view.frames import frames_of, picture_of
from visual_attention.view.portable import PortableWidget


class FramePlayer(PortableWidget):
    """A strip of frames with play, step and slider, and one sentence for each frame.

    Args:
        frames: Figures, Axes, images (3, H, W), maps (H, W; one shared maximum) or texts, in order.
        texts: one sentence for each frame, shown beneath it; also its alt text unless it is (frame, alt).
        label: the widget's title.
        step: what a step is called, such as "Glimpse" or "Noise step".
        index: the frame shown first.
        interval: milliseconds for a frame while it plays.

    Raises:
        ValueError: for no frames, or another number of texts.
    """

    script = "player.js"
    urls = List(Unicode()).tag(sync=True)
    bodies = List(Unicode()).tag(sync=True)
    alts = List(Unicode()).tag(sync=True)
    texts = List(Unicode()).tag(sync=True)
    step = Unicode("Step").tag(sync=True)
    index = Int(0).tag(sync=True)
    interval = Int(800).tag(sync=True)

    def __init__(
        self,
        frames: Sequence[Any],
        texts: Sequence[str],
        *,
        label: str,
        step: str = "Step",
        index: int = 0,
        interval: int = 800,
    ) -> None:
        frames, texts = list(frames), [str(text) for text in texts]
        if not frames or len(frames) != len(texts):
            raise ValueError(
                f"wanted one text for each frame, got {len(frames)} frames and {len(texts)} texts"
            )
        if not 0 <= index < len(frames):
            raise ValueError(f"wanted a first frame from 0 to {len(frames) - 1}, got {index}")
        self._frames = frames_of(frames)
        alts = [frame.alt or text for frame, text in zip(self._frames, texts, strict=True)]
        super().__init__(
            urls=[frame.url for frame in self._frames],
            bodies=[frame.text for frame in self._frames],
            alts=alts,
            texts=texts,
            step=step,
            index=index,
            interval=interval,
            label=label,
            alt=f"Frame {index + 1} of {len(frames)}. {alts[index]}",
        )

    def still(self) -> Figure:
        return picture_of(self._frames[self.index])
