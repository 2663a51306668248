"""Draw the book's cover from a committed attention pack: ``python tools/cover.py book/_static/cover.jpg``.

One patch of the cat's face asks; lines run to the patches that answer. A patch is lit, and gets its colour
back, by the weight that it receives.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Curve

from visual_attention.data import packs, photographs
from visual_attention.view import figures

QUERY = (7, 6)  # row and column of the patch that asks: beside the left eye
HEAD = 0
ANSWERS = 44  # patches that a line runs to
CROP = slice(3, 12)  # rows of patches that the wide cover shows


def centre(patch: int, columns: int) -> np.ndarray:
    """Middle of a patch in units of patches: (x, y)."""
    row, column = divmod(patch, columns)
    return np.array([column + 0.5, row + 0.5])


def arc(start: np.ndarray, end: np.ndarray) -> Curve:
    """A curve that bends upwards, the more the farther the end."""
    middle = (start + end) / 2 - np.array([0, 0.28 * np.linalg.norm(end - start)])
    return Curve([start, middle, end], [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])


def main(target: str) -> None:
    """Write the cover to a file."""
    pack = packs.load("cat")
    rows, columns = pack.grid
    query = QUERY[0] * columns + QUERY[1]
    weights = pack.patch_attention[HEAD, query].numpy().copy()
    weights[query] = 0
    strength = np.sqrt(weights / weights.max())
    picture = photographs.load("cat", size=1344).permute(1, 2, 0).numpy()
    grey = picture.mean(axis=2, keepdims=True)

    strength[query] = 1.0
    side = picture.shape[0] // rows
    light = np.kron(strength.reshape(rows, columns), np.ones((side, side)))[..., None]  # (H, W, 1)
    lit = (0.3 + 0.7 * light) * (light**0.5 * picture + (1 - light**0.5) * grey)

    figure = plt.figure(figsize=(16, 9), dpi=84)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(lit.clip(0, 1), extent=(0, columns, rows, 0), interpolation="bilinear")
    for step in range(1, columns):
        ax.axvline(step, color="white", alpha=0.07, linewidth=0.8)
        ax.axhline(step, color="white", alpha=0.07, linewidth=0.8)
    for patch in np.argsort(weights)[-ANSWERS:]:
        line = arc(centre(query, columns), centre(patch, columns))
        alpha = 0.25 + 0.75 * strength[patch]
        ax.add_patch(
            PathPatch(line, fill=False, edgecolor="#ffd9b8", linewidth=3.2 * strength[patch], alpha=alpha)
        )
    corner = (QUERY[1], QUERY[0])
    ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="white", linewidth=6))
    ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=figures.ACCENT, linewidth=3.5))
    ax.set(xlim=(0, columns), ylim=(CROP.stop, CROP.start))
    ax.set_axis_off()
    figure.savefig(target, dpi=84, bbox_inches=None, pil_kwargs={"quality": 88, "optimize": True})


if __name__ == "__main__":
    main(sys.argv[1])
