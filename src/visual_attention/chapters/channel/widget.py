"""What does a channel do for the answer, and what does it answer to? Turn its knob and see.

Paper: Jie Hu, Li Shen and Gang Sun, "Squeeze-and-Excitation Networks", CVPR 2018.
Chapter: mechanisms/channel.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bytes, List, Unicode

from visual_attention.view import charts, figures
from visual_attention.view.class_scores import LinearHead, checked_gates, checked_maps, told
from visual_attention.view.portable import PortableWidget, pack, picture_url

MOST = 24  # channels that still make a page


class ChannelMixer(PortableWidget):
    """Real feature maps of a picture, a knob for each channel, and the class scores that follow.

    The scores are those of the network: average over places, then a linear layer, computed on the page.

    Args:
        image: (3, H, W) or (H, W), values in [0, 1].
        maps: (C, h, w), the last feature maps before their gates, none negative; C from 2 to 24.
        gates: (C,), the gates that the network chose for this picture, each in [0, 1].
        head: the linear layer behind the average.
        answers: for each channel, what it answers to: a picture (3, H, W) and a few words, such as the crops
            that fire it most and what they show; without it, none is shown.
        label: the widget's title.

    Raises:
        ValueError: for shapes that do not fit, or numbers out of range.
    """

    script = "widget.js"
    picture = Unicode().tag(sync=True)
    codes = Bytes().tag(sync=True)  # the maps from 0 to 255, one scale for all channels
    shape = List().tag(sync=True)  # C, h, w
    means = Bytes().tag(sync=True)  # (C,) float32, exact
    weights = Bytes().tag(sync=True)  # (K, C) float32
    bias = List().tag(sync=True)
    classes = List(Unicode()).tag(sync=True)
    chosen = List().tag(sync=True)  # the network's own gates
    gates = List().tag(sync=True)  # where the knobs stand
    answers = List().tag(sync=True)  # for each channel, a picture's address and words; or empty

    def __init__(
        self,
        image: Any,
        maps: Any,
        gates: Any,
        head: LinearHead,
        *,
        answers: Sequence[tuple[Any, str]] = (),
        label: str = "Mix the channels yourself",
    ) -> None:
        array = checked_maps(maps)
        channels = len(array)
        if not 2 <= channels <= MOST:
            raise ValueError(f"wanted from 2 to {MOST} channels, got {channels}")
        if answers and len(answers) != channels:
            raise ValueError(f"wanted answers of {channels} channels, got {len(answers)}")
        self._image, self._maps, self._head = image, array, head.checked(channels)
        own = checked_gates(gates, (channels,))
        shares = self._head.shares(own * array.mean(axis=(1, 2)))
        super().__init__(
            picture=picture_url(image),
            codes=pack(np.rint(255 * array / (array.max() or 1.0)), "uint8"),
            shape=list(array.shape),
            means=pack(array.mean(axis=(1, 2))),
            weights=pack(self._head.weights),
            bias=self._head.bias.tolist(),
            classes=self._head.classes,
            chosen=own.tolist(),
            gates=own.tolist(),
            answers=[[picture_url(shown), str(words)] for shown, words in answers],
            label=label,
            alt=f"A picture, {channels} feature maps with a knob each, and bars for {len(shares)} classes. "
            f"With the network's own gates: {told(shares, self._head.classes)}.",
        )

    def shares(self) -> np.ndarray:
        """The class shares for the knobs as they stand, (K,)."""
        return self._head.shares(np.array(self.gates) * self._maps.mean(axis=(1, 2)))

    def still(self) -> Figure:
        figure, axes = figures.sheet(1, 3, size=(8.4, 3.4))
        figures.show_image(axes[0], self._image)
        names = [f"channel {i + 1}" for i in range(len(self.gates))]
        charts.bars(axes[1], names, self.gates, label="gate")
        axes[1].tick_params(axis="y", labelsize=8)
        shares = self.shares()
        best = [self._head.classes[int(shares.argmax())]]
        charts.bars(axes[2], self._head.classes, shares, label="class share", highlight=best)
        return figure
