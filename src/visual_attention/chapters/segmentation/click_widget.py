"""Click on a thing, and see which mask comes back; the network runs in the page.

Paper: Alexander Kirillov et al., "Segment Anything", ICCV 2023.
Chapter: notebooks/applications/segmentation.ipynb
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import Bool, Bytes, Int, List, Unicode

from visual_attention.chapters.segmentation.prompt import MOST, Encoder, Prompted
from visual_attention.convolutions import fold
from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack, picture_url

CONVOLUTIONS = ("first", "second", "third", "up_middle", "up_fine")


class ClickMask(PortableWidget):
    """Pictures on which the reader clicks, the mask that a trained network answers, and where it looked.

    The reader may add a second click, and may forbid the network to look. A photograph that the reader opens
    does not leave the page.

    Args:
        model: The trained network, with one look in its decoder.
        pictures: name -> the picture (3, H, H), and the things in it (H, H), whole numbers, 0 for the ground.
        click: row and column of the first click, in pixels of the first picture.
        label: The widget's title.

    Raises:
        ValueError: for pictures that do not fit, a click beside them, or a network of more looks.
    """

    script = "click_widget.js"
    shared = ("convolution.js", "opener.js")
    names = List(Unicode()).tag(sync=True)
    pictures = List(Unicode()).tag(sync=True)
    values = Bytes().tag(sync=True)  # (S, 3, H, H) uint8
    things = Bytes().tag(sync=True)  # (S, H, H) uint8
    size = Int().tag(sync=True)
    numbers = Bytes().tag(sync=True)  # the network, float32
    shapes = List().tag(sync=True)  # name and shape of each part, in order
    heads = Int().tag(sync=True)
    scene = Int(0).tag(sync=True)  # -1: the reader's own, which the page alone knows
    clicks = List().tag(sync=True)  # up to two of [row, column, 1 or -1]
    sign = Int(1).tag(sync=True)  # what the next click says
    looks = Bool(True).tag(sync=True)

    def __init__(
        self,
        model: Prompted,
        pictures: Sequence[tuple[str, Any, Any]],
        *,
        click: tuple[int, int],
        label: str = "Which mask does a click get?",
    ) -> None:
        if len(model.decoder.looks) != 1 or model.decoder.given is not None:
            raise ValueError("wanted a decoder with one look")
        images = [as_array(image) for _, image, _ in pictures]
        labels = [as_array(label) for _, _, label in pictures]
        size = images[0].shape[-1] if images else 0
        shapes = {image.shape for image in images} | {(3, *label.shape) for label in labels}
        if not images or size % 4 or shapes != {(3, size, size)}:
            raise ValueError(
                f"wanted square pictures whose sides 4 divides, and labels, got {sorted(shapes)}"
            )
        if not all(0 <= image.min() and image.max() <= 1 for image in images):
            raise ValueError("wanted pictures from 0 to 1")
        if not all(0 <= place < size for place in click):
            raise ValueError(f"wanted a click within {size} x {size} pixels, got {click}")
        self._model = model.eval()
        self._values = np.round(255 * np.stack(images)) / 255  # as they travel
        self._things = np.stack(labels)
        parts = plain(model)
        super().__init__(
            names=[str(name) for name, _, _ in pictures],
            pictures=[picture_url(image) for image in self._values],
            values=pack(np.round(255 * self._values), "uint8"),
            things=pack(self._things, "uint8"),
            size=size,
            numbers=pack(np.concatenate([part.numpy().ravel() for part in parts.values()])),
            shapes=[[name, list(part.shape)] for name, part in parts.items()],
            heads=model.decoder.looks[0].heads,
            clicks=[[*click, 1]],
            label=label,
            alt="placeholder",
        )
        self.alt = self._told()

    @torch.no_grad()
    def answer(self) -> tuple[np.ndarray, np.ndarray]:
        """The scores of each pixel (H, H), and what the last click takes from each place, (H/2, H/2), the
        mean over heads, for the picture and the clicks as they are."""
        image = torch.from_numpy(self._values[self.scene]).float()[None]
        made = torch.tensor([self.clicks[:MOST]], dtype=torch.float32)
        kept = []

        def change(weights: Tensor) -> Tensor:
            weights = weights if self.looks else torch.full_like(weights, 1 / weights.shape[-1])
            kept.append(weights)
            return weights

        seen = self._model.see(image, self._model.encoder(image))
        scores = self._model.answer(seen, made, change)[0, 0]
        return scores.numpy(), kept[0][0, :, -1].mean(0).view(self.size // 2, -1).numpy()

    def iou(self) -> float:
        """The IoU of the answer with the thing under the first click; 0 on the ground."""
        row, column, _ = self.clicks[0]
        thing = self._things[self.scene] == self._things[self.scene][row, column]
        found = self.answer()[0] > 0
        return float((found & thing).sum() / (found | thing).sum()) if self._under() else 0.0

    def _under(self) -> int:
        row, column, _ = self.clicks[0]
        return int(self._things[self.scene][row, column])

    def still(self) -> Figure:
        scores, weights = self.answer()
        figure, axes = figures.sheet(1, 2, size=(6.4, 3.2))
        image = self._values[self.scene]
        figures.show_image(axes[0], image, title="the mask of a click")
        axes[0].contour(scores, [0], colors=[figures.ACCENT], linewidths=1.5)
        figures.show_map(axes[1], weights, image=image, title="where it looked", label="share")
        for row, column, sign in self.clicks:
            axes[0].plot(column, row, "+" if sign > 0 else "x", color="white", markersize=9)
        return figure

    def _told(self) -> str:
        row, column, _ = self.clicks[0]
        return (
            f"The picture {self.names[self.scene]} with a click in row {row + 1}, column {column + 1}, the "
            f"outline of the {int((self.answer()[0] > 0).sum())} pixels that the network marks, and a map of "
            "where it looked."
        )


def plain(model: Prompted) -> dict[str, Tensor]:
    """A trained network as plain tensors by name, its norms folded into the convolutions before them."""
    parts = {}
    encoder: Encoder = model.encoder
    for name in CONVOLUTIONS:
        weight, bias, _ = fold(*getattr(encoder, name)[:2])
        parts |= {f"{name}.weight": weight, f"{name}.bias": bias}
    return parts | {name: part.detach() for name, part in model.decoder.state_dict().items()}
