"""How is a mechanism drawn? Boxes, arrows and words as one inline SVG, which says in words what it shows.

A drawing takes the page's ink and is readable in light and dark; attention has the accent's colour. Where a
page is too narrow, it keeps its size and is scrolled, by keyboard too.
"""

from collections.abc import Iterable, Sequence
from html import escape

INK = "currentColor"
ACCENT = "#c2410c"  # of sufficient contrast on white and on the dark theme's ground
TIP = (
    '<marker id="drawing-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="{INK}"/></marker>'
)


class Drawing:
    """An SVG with a title and a description, shown by a notebook as it is.

    Args:
        shapes: What is drawn, as SVG elements.
        width: Of the drawing in its own units, a pixel each where the page is wide enough.
        height: The same.
        title: A few words.
        words: What is seen, for those who do not see it.
    """

    def __init__(self, shapes: Sequence[str], *, width: int, height: int, title: str, words: str):
        self.shapes, self.width, self.height = tuple(shapes), width, height
        self.title, self.words = title, words

    def __repr__(self) -> str:
        return f"{self.title}: {self.words}"

    def _repr_html_(self) -> str:
        said = escape(f"{self.title}. {self.words}")
        size = f"width:100%;min-width:{min(self.width, 608)}px;max-width:{round(1.1 * self.width)}px"
        return (
            f'<div class="drawing" role="group" tabindex="0" aria-label="{escape(self.title)}" '
            'style="overflow-x:auto">'
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{said}" style="{size};height:auto" font-family="system-ui,sans-serif" '
            f'font-size="15"><defs>{TIP}</defs>{"".join(self.shapes)}</svg></div>'
        )


def text(x: float, y: float, words: str, *, anchor: str = "middle", size: int = 15, ink: str = INK) -> str:
    """A line of text: its middle, start or end stands at x."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{ink}">'
        f"{escape(words)}</text>"
    )


def box(
    x: float, y: float, width: float, height: float, *lines: str, attention: bool = False, looks: str = ""
) -> str:
    """A box with lines of text in its middle; what is attention has a thick frame in the accent's colour.

    Args:
        x: Of the left edge.
        y: Of the upper edge.
        width: Of the box.
        height: Of the box.
        lines: What is written in it.
        attention: Whether it is a part of the attention.
        looks: Attributes of SVG in place of a frame.
    """
    frame = ACCENT if attention else INK
    looks = looks or f'fill="none" stroke="{frame}" stroke-width="{2.5 if attention else 1.5}"'
    first = y + height / 2 + 5 - 9 * (len(lines) - 1)
    written = "".join(text(x + width / 2, first + 18 * row, line) for row, line in enumerate(lines))
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" {looks}/>{written}'


def arrow(path: str, *, dash: str = "") -> str:
    """A line with a tip at its end, along a path of SVG; dashed, if a pattern is given."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.8"{dashed} '
        'marker-end="url(#drawing-tip)"/>'
    )


def flow(
    boxes: Iterable[tuple[float, float, float, Sequence[str], bool]],
    arrows: Iterable[tuple[str, str, float, float]],
) -> list[str]:
    """The boxes of a network and the arrows between them: arrows first, then boxes, then what runs along.

    Args:
        boxes: x, y, width, lines of text, and whether it is attention; each is 44 high.
        arrows: the path, the shape of what runs along it or nothing, and where that is written, x and y.
    """
    arrows = list(arrows)
    return [
        *(arrow(path) for path, *_ in arrows),
        *(box(x, y, wide, 44, *lines, attention=ours) for x, y, wide, lines, ours in boxes),
        *(text(x, y, shape, size=13) for _, shape, x, y in arrows if shape),
    ]
