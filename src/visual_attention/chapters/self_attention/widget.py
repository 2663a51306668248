"""How do three tokens mix? Drag queries and keys, and see scores, weights, and what each token takes.

Paper: Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.1.
Chapter: mechanisms/self_attention.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from traitlets import Bool, Float, Int, List, Unicode

from visual_attention.view import figures
from visual_attention.view.arrays import as_array
from visual_attention.view.portable import PortableWidget

REACH = 3.0  # the planes go from -3 to 3
MARKS = ("o", "s", "^", "D", "v")  # one for each token, the same as in token_mixer.js


class TokenMixer(PortableWidget):
    """Queries and keys that the reader drags in a plane, and the mixtures of values that follow.

    Args:
        queries: (N, 2), one row for each token, N from 2 to 5; each number in [-3, 3], as in all three.
        keys: (N, 2).
        values: (N, 2), drawn in a plane of their own.
        names: one for each token.
        scaled: divide the scores by sqrt(2) at first.
        label: the widget's title.

    Raises:
        ValueError: for other shapes, numbers out of reach, or another count of names.
    """

    script = "widget.js"
    reach = Float(REACH).tag(sync=True)
    names = List(Unicode()).tag(sync=True)
    query_points = List(List(Float())).tag(sync=True)
    key_points = List(List(Float())).tag(sync=True)
    value_points = List(List(Float())).tag(sync=True)
    scaled = Bool(True).tag(sync=True)
    stretch = Float(1.0).tag(sync=True)  # multiplies all scores
    chosen = Int(0).tag(sync=True)  # queries first, then keys

    def __init__(
        self,
        queries: Any,
        keys: Any,
        values: Any,
        *,
        names: Sequence[str] | None = None,
        scaled: bool = True,
        label: str = "Three tokens mix",
    ) -> None:
        given = {"queries": queries, "keys": keys, "values": values}
        arrays = {name: as_array(array).astype(float) for name, array in given.items()}
        count = len(arrays["queries"]) if arrays["queries"].ndim else 0
        for name, array in arrays.items():
            if array.shape != (count, 2) or not 2 <= count <= len(MARKS):
                raise ValueError(
                    f"wanted {name} (N, 2) with N from 2 to {len(MARKS)}, the same for all, got {array.shape}"
                )
            if not (np.abs(array) <= REACH).all():
                raise ValueError(f"wanted {name} from {-REACH:g} to {REACH:g}, got {array.tolist()}")
        names = [f"token {i + 1}" for i in range(count)] if names is None else [str(name) for name in names]
        if len(names) != count:
            raise ValueError(f"wanted {count} names, one for each token, got {len(names)}")
        scores, weights, _ = mixed(*arrays.values(), scaled=scaled)
        told = "; ".join(
            f"{names[i]} takes "
            + ", ".join(f"{w:.2f} of {n}" for w, n in zip(weights[i], names, strict=True))
            for i in range(count)
        )
        super().__init__(
            names=names,
            query_points=arrays["queries"].tolist(),
            key_points=arrays["keys"].tolist(),
            value_points=arrays["values"].tolist(),
            scaled=scaled,
            label=label,
            alt=f"Queries and keys of {count} tokens in a plane, and their values in another. {told}.",
        )

    def still(self) -> Figure:
        queries, keys, values = (
            np.array(points) for points in (self.query_points, self.key_points, self.value_points)
        )
        weights, outputs = mixed(queries, keys, values, scaled=self.scaled, stretch=self.stretch)[1:]
        figure, (asks, takes) = figures.sheet(1, 2, size=(7.0, 3.7))
        for i, (mark, name) in enumerate(zip(MARKS, self.names, strict=False)):
            asks.plot(
                *queries[i], mark, ms=11, mfc="none", mec=figures.ACCENT, mew=2, label=f"query of {name}"
            )
            asks.plot(*keys[i], mark, ms=9, color=figures.PALETTE[1], label=f"key of {name}")
            takes.plot(*values[i], mark, ms=9, color=figures.PALETTE[1], label=f"value of {name}")
            takes.plot(*outputs[i], mark, ms=11, mfc="none", mec=figures.ACCENT, mew=2, label=f"{name} gets")
        for ax, title in ((asks, "queries (hollow) and keys"), (takes, "values, and mixtures (hollow)")):
            ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", title=title)
            ax.axhline(0, color=figures.MUTED, lw=0.6)
            ax.axvline(0, color=figures.MUTED, lw=0.6)
        rows = [f"{name}: " + "  ".join(f"{w:.2f}" for w in row) for name, row in
                zip(self.names, weights, strict=True)]  # fmt: skip
        figure.supxlabel("weights   " + "   |   ".join(rows), fontsize=8)
        return figure


def mixed(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, *, scaled: bool = True, stretch: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give scores (N, N), weights (N, N) whose rows sum to 1, and mixtures (N, 2)."""
    scores = stretch * queries @ keys.T / (np.sqrt(queries.shape[1]) if scaled else 1.0)
    raised = np.exp(scores - scores.max(1, keepdims=True))
    weights = raised / raised.sum(1, keepdims=True)
    return scores, weights, weights @ values
