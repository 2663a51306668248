"""What does soft attention look like as a drawing? Boxes, arrows, shapes on the arrows, attention in colour.

Run: python -m visual_attention.chapters.soft.drawing > pool.svg
"""

from html import escape

ACCENT = "#c2410c"  # of sufficient contrast on white and on the dark theme's ground
TITLE = "Soft attention pooling"
DESCRIPTION = (
    "A picture goes through convolutions into a map of features. From the map one branch makes a score for "
    "each place and turns the scores into weights by a softmax over all places; the other branch keeps the "
    "features. Weights and features meet in a multiplication, a sum over all places follows, then a norm and "
    "a linear reader. With a query, the query and the features make the scores together."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 110, 92, ("picture",), False),
    (160, 110, 110, ("convolutions",), False),
    (340, 20, 92, ("scores",), True),
    (500, 20, 92, ("softmax", "over places"), True),
    (500, 110, 92, ("multiply,", "sum"), True),
    (650, 110, 92, ("norm", "and reader"), False),
    (160, 20, 110, ("query (if any)",), True),
)
# x1, y1, x2, y2, words, x and y of the words
ARROWS = (
    (102, 132, 158, 132, "B, 1, H, W", 130, 172),
    (270, 132, 498, 132, "B, C, h, w", 385, 152),
    (386, 132, 386, 66, "", 0, 0),
    (432, 42, 498, 42, "B, 1, h, w", 465, 14),
    (546, 64, 546, 108, "", 0, 0),
    (592, 132, 648, 132, "B, C", 620, 152),
    (270, 42, 338, 42, "", 0, 0),
)


class Drawing:
    """A drawing that shows itself in a notebook and on a page, light or dark."""

    def _repr_html_(self) -> str:
        return svg()


def svg() -> str:
    """The pool as one inline SVG: it takes the page's colour, and says in words what it shows."""
    boxes = "".join(_box(*box) for box in BOXES)
    arrows = "".join(_arrow(*arrow) for arrow in ARROWS)
    head = (
        '<marker id="soft-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="currentColor"/></marker>'
    )
    return (
        '<svg class="drawing" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 752 184" role="img" '
        'aria-labelledby="soft-title soft-words" font-family="sans-serif" font-size="14" '
        'style="width: 100%; max-width: 752px; color: inherit">'
        f'<title id="soft-title">{escape(TITLE)}</title><desc id="soft-words">{escape(DESCRIPTION)}</desc>'
        f"<defs>{head}</defs>{arrows}{boxes}</svg>"
    )


def _box(x: int, y: int, width: int, words: tuple[str, ...], attention: bool) -> str:
    colour, line = (ACCENT, 2.5) if attention else ("currentColor", 1.2)
    first = y + 27 - 9 * (len(words) - 1)
    text = "".join(
        f'<text x="{x + width / 2:g}" y="{first + 17 * row}" text-anchor="middle" fill="currentColor">'
        f"{escape(word)}</text>"
        for row, word in enumerate(words)
    )
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="44" rx="6" fill="none" stroke="{colour}" '
        f'stroke-width="{line}"/>{text}'
    )


def _arrow(x1: int, y1: int, x2: int, y2: int, words: str, x: int, y: int) -> str:
    line = (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="currentColor" stroke-width="1.4" '
        'marker-end="url(#soft-head)"/>'
    )
    if not words:
        return line
    style = 'text-anchor="middle" fill="currentColor" font-size="13"'
    return f'{line}<text x="{x}" y="{y}" {style}>({words})</text>'


if __name__ == "__main__":
    print(svg())
