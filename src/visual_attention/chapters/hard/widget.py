"""Where does a model look, what does it see, what does it believe? And can you place its eye better?

The widget carries the small network's weights and runs it in the page, for the model's places and for the
reader's.

Paper: Volodymyr Mnih, Nicolas Heess, Alex Graves and Koray Kavukcuoglu, "Recurrent Models of Visual
    Attention", NeurIPS 2014. Chapter: mechanisms/hard.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from traitlets import Bool, Bytes, Dict, Int, List, Unicode

from visual_attention.pictures import unit
from visual_attention.view import charts, figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget, pack

LAYERS = (
    "glimpse.see",
    "glimpse.place",
    "glimpse.what",
    "glimpse.where",
    "recur",
    "classify",
    "locate.linear",
)


class GlimpsePlayer(PortableWidget):
    """A recurrent attention model at work on pictures, step by step, and the reader in its place.

    Args:
        images: N square pictures in [0, 1].
        labels: (N,), the true classes.
        weights: the model's weights by name, as its ``state_dict()`` gives them.
        size: side of a patch in pixels.
        glimpses: how often the model, and the reader, may look.
        index: the picture shown first.
        label: the widget's title.

    Shape:
        images (N, H, H) or (N, 1, H, H).

    Raises:
        ValueError: if pictures, labels and weights do not fit each other.
    """

    script = "widget.js"
    shared = ("opener.js",)
    images = Bytes().tag(sync=True)
    labels = List(Int()).tag(sync=True)
    weights = Bytes().tag(sync=True)
    sizes = Dict().tag(sync=True)
    index = Int(0).tag(sync=True)
    step = Int(0).tag(sync=True)
    who = Unicode("model").tag(sync=True)
    mine = List(List()).tag(sync=True)  # the reader's places (x, y) on this picture
    whole = Bool(False).tag(sync=True)  # whether the parts that nobody looked at are shown

    def __init__(
        self,
        images: Any,
        labels: Sequence[int],
        weights: Mapping[str, Any],
        *,
        size: int = 12,
        glimpses: int = 6,
        index: int = 0,
        label: str = "Where does it look?",
    ) -> None:
        pictures = unit(images, "images")
        pictures = pictures.reshape(len(pictures), *pictures.shape[-2:])
        if pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2]:
            raise ValueError(f"wanted square images (N, H, H), got shape {as_array(images).shape}")
        if len(labels) != len(pictures) or not 0 <= index < len(pictures):
            raise ValueError(f"wanted {len(pictures)} labels, got {len(labels)}; index {index}")
        missing = [name for name in LAYERS if f"{name}.weight" not in weights]
        if missing:
            raise ValueError(f"wanted the weights of {', '.join(LAYERS)}; missing {', '.join(missing)}")
        self._network = {name: as_array(values).astype(np.float16) for name, values in weights.items()}
        hidden, inputs = self._network["glimpse.see.weight"].shape
        scales = inputs // size**2
        if scales * size**2 != inputs or scales < 1:
            raise ValueError(f"wanted weights for patches of {size} x {size}, got {inputs} inputs")
        self._pictures = np.round(pictures * 255).astype(np.uint8)
        sizes = {
            "side": pictures.shape[1],
            "size": size,
            "scales": scales,
            "hidden": hidden,
            "dim": self._network["recur.weight"].shape[0],
            "classes": self._network["classify.weight"].shape[0],
            "glimpses": glimpses,
        }
        flat = [self._network[f"{n}.{kind}"].ravel() for n in LAYERS for kind in ("weight", "bias")]
        super().__init__(
            images=self._pictures.tobytes(),
            labels=[int(one) for one in labels],
            weights=pack(np.concatenate(flat), "float16"),
            sizes=sizes,
            index=index,
            step=glimpses - 1,
            label=label,
        )
        places, beliefs = self.look()
        told = "; ".join(f"{x:+.2f}, {y:+.2f}" for x, y in places)
        best = int(beliefs[-1].argmax())
        self.alt = (
            f"A picture of a {labels[index]} among clutter. The model looks at (x, y) = {told} "
            f"and then believes in {best} with {beliefs[-1][best]:.0%}."
        )

    def look(self, places: Any = None, index: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Run the network on one picture.

        Args:
            places: (T, 2) to look at, or None for the model's own choice.
            index: which picture; None for the one that is shown.

        Returns:
            places (T, 2), and after each glimpse the belief in each class, (T, classes).
        """
        picture = self._pictures[self.index if index is None else index] / 255.0
        own, place, state, seen, beliefs = places is None, np.zeros(2), 0.0, [], []
        state = np.zeros(self.sizes["dim"])
        for step in range(self.sizes["glimpses"] if own else len(places)):
            if not own:
                place = np.clip(places[step], -1, 1)
            elif step:
                place = np.tanh(self._layer("locate.linear", state))
            patches = [self.patch(picture, place, 2**k) for k in range(self.sizes["scales"])]
            what = self._layer("glimpse.see", np.concatenate([one.ravel() for one in patches]))
            what = self._layer("glimpse.what", np.maximum(what, 0))
            where = self._layer("glimpse.where", np.maximum(self._layer("glimpse.place", place), 0))
            state = np.concatenate([state, np.maximum(what + where, 0)])
            state = np.maximum(self._layer("recur", state), 0)
            scores = np.exp(self._layer("classify", state))
            seen.append(np.array(place))
            beliefs.append(scores / scores.sum())
        return np.array(seen), np.array(beliefs)

    def patch(self, picture: np.ndarray, place: Sequence[float], zoom: int) -> np.ndarray:
        """What the sensor sees at one scale, (size, size)."""
        columns, rows = (self._shares(centre, zoom) for centre in place)
        return rows @ picture @ columns.T

    def _shares(self, centre: float, zoom: int) -> np.ndarray:
        side, size = self.sizes["side"], self.sizes["size"]
        begin = ((centre + 1) * side / 2 - size * zoom / 2 + zoom * np.arange(size))[:, None]
        pixel = np.arange(side)
        return np.maximum(np.minimum(begin + zoom, pixel + 1) - np.maximum(begin, pixel), 0) / zoom

    def _layer(self, name: str, values: np.ndarray) -> np.ndarray:
        weight, bias = (self._network[f"{name}.{kind}"].astype(float) for kind in ("weight", "bias"))
        return weight @ values + bias

    def still(self) -> Figure:
        places, beliefs = self.look()
        figure, axes = figures.sheet(1, 2, size=(6.4, 3.4))
        figures.show_image(axes[0], self._pictures[self.index], title=f"{len(places)} glimpses")
        pixels = (places + 1) * self.sizes["side"] / 2 - 0.5
        axes[0].plot(*pixels.T, color=figures.ACCENT, linewidth=1.5)
        for number, (x, y) in enumerate(pixels, start=1):
            half = self.sizes["size"] / 2
            box = Rectangle((x - half, y - half), 2 * half, 2 * half, fill=False, edgecolor=figures.ACCENT)
            axes[0].add_patch(box)
            axes[0].text(x, y, str(number), color="white", ha="center", va="center", fontsize=8)
        names = [str(name) for name in range(self.sizes["classes"])]
        charts.bars(axes[1], names, beliefs[-1], label="belief", highlight=[names[beliefs[-1].argmax()]])
        return figure
