"""From where was it copied? Outlines around what was pasted and around its sources, with arrows between them.

Chapter: notebooks/applications/inpainting.ipynb
"""

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from visual_attention.view import figures
from visual_attention.view.figures import PALETTE

SIDE = 5  # pixels of an outline


def spots(mask: Tensor, count: int = 4) -> list[tuple[int, int]]:
    """Missing pixels spread over a square hole, (row, column): a corner's neighbourhood each.

    Args:
        mask: (H, W), true where missing.
        count: 1, or 4 for one in each quarter.
    """
    rows, columns = mask.nonzero().unbind(dim=1)
    ends = [(int(side.min()), int(side.max())) for side in (rows, columns)]
    if count == 1:
        return [tuple((low + high) // 2 for low, high in ends)]
    quarters = [(low + (high - low) // 4, high - (high - low) // 4) for low, high in ends]
    return [(row, column) for row in quarters[0] for column in quarters[1]][:count]


def source(weights: Tensor, place: int) -> tuple[int, float]:
    """The place of which another takes most, and how much it takes."""
    share, best = weights[place].max(dim=0)
    return int(best), float(share)


def show(ax: Axes, picture: Any, weights: Tensor, mask: Tensor, *, title: str = "", cell: int = 1) -> Axes:
    """A filled picture with its hole and four spots in it outlined, and from where each takes most.

    Args:
        ax: where it is drawn.
        picture: (C, H, W).
        weights: (N, N), what each place takes from each, with N = H / cell * W / cell.
        mask: (H, W), true where missing.
        title: of the panel.
        cell: pixels of a place's side.
    """
    figures.show_image(ax, picture, title=title)
    columns = mask.shape[1] // cell
    ends = mask.nonzero()
    (top, left), (bottom, right) = ends.amin(dim=0).tolist(), ends.amax(dim=0).tolist()
    around = Rectangle((left - 0.5, top - 0.5), right - left + 1, bottom - top + 1, fill=False)
    around.set(edgecolor="white", linewidth=1.2, linestyle=":")
    ax.add_patch(around)
    for (row, column), colour in zip(spots(mask), PALETTE, strict=False):
        best, share = source(weights, row // cell * columns + column // cell)
        found = [cell * part + (cell - 1) // 2 for part in (best // columns, best % columns)]
        for at, style in ((row, column), "-"), (tuple(found), "--"):
            corner = (at[1] - SIDE / 2, at[0] - SIDE / 2)
            ax.add_patch(
                Rectangle(corner, SIDE, SIDE, fill=False, edgecolor=colour, linestyle=style, linewidth=1.8)
            )
        ends = (found[1], found[0]), (column, row)
        ax.add_patch(
            FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=11, color=colour, linewidth=1.4, zorder=3)
        )
        ax.annotate(
            f"{share:.0%}", (found[1], found[0]), color="white", fontsize=9, ha="center", va="center",
            bbox={"boxstyle": "round,pad=0.15", "facecolor": colour, "edgecolor": "none"},
        )  # fmt: skip
    return ax


def main() -> None:
    """Where four spots of a hole in a wall are copied from."""
    from visual_attention.chapters.inpainting import holes
    from visual_attention.chapters.inpainting.peeling import PeelingAttention

    drawn = holes.batch(1, split="test", kind="tiles", generator=torch.Generator().manual_seed(13))
    weights = PeelingAttention().weights(drawn.images, drawn.masks)[0]
    for row, column in spots(drawn.masks[0, 0]):
        best, share = source(weights, row * holes.SIZE + column)
        print(f"({row}, {column}) takes {share:.0%} from {divmod(best, holes.SIZE)}")


if __name__ == "__main__":
    main()
