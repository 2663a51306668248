"""How does a running softmax go through the blocks? Drawn as an inline SVG, readable in light and dark.

Chapter: notebooks/deeper/cost.ipynb
"""

from html import escape

WORDS = (
    "Three blocks of keys and values lie across the top, three blocks of queries down the left. Between "
    "them is the matrix of scores in nine tiles: those of the first queries are used and forgotten, the "
    "second tile of the second row is in memory now, the rest comes later. From the tile an arrow leads down "
    "to three sums, the best score, the total and the mixture. An arrow from the sums back to themselves "
    "says that the old ones are multiplied by exp of old best minus new best. After the last tile of the "
    "row, mixed divided by total is the output of these queries."
)


class Drawing:
    """An SVG with a title and a description, shown by a notebook as it is.

    Args:
        shapes: What is drawn, as SVG elements.
        width: Of the drawing in its own units.
        height: The same.
        title: A few words.
        words: What is seen, for those who do not see it.
    """

    def __init__(self, shapes: list[str], *, width: int, height: int, title: str, words: str):
        self.shapes, self.size, self.title, self.words = shapes, (width, height), title, words

    def __repr__(self) -> str:
        return f"{self.title}: {self.words}"

    def _repr_html_(self) -> str:
        width, height = self.size
        head = (
            '<marker id="cost-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker>'
        )
        said = escape(f"{self.title}. {self.words}")
        paint = "background:var(--paper,#ffffff);color:var(--ink,#1d232a)"
        return (
            f'<div class="drawing" style="{paint};max-width:{width + 40}px">'
            f'<svg role="img" aria-label="{said}" '
            f'viewBox="0 0 {width} {height}" style="width:100%;height:auto" font-size="15">'
            f"<defs>{head}</defs>{''.join(self.shapes)}</svg></div>"
        )


def box(x: int, y: int, width: int, height: int, text: str = "", *, kind: str = "plain") -> str:
    """A box with a line of text in its middle; "now" is what counts, "used" is past, "later" is to come."""
    looks = {
        "plain": 'fill="none" stroke="currentColor" stroke-width="1.5"',
        "now": 'fill="var(--accent,#b5380c)" stroke="currentColor" stroke-width="2.5"',
        "used": 'fill="currentColor" fill-opacity="0.16" stroke="currentColor" stroke-opacity="0.5"',
        "later": 'fill="none" stroke="currentColor" stroke-opacity="0.6" stroke-dasharray="4 4"',
    }
    ink = "var(--paper,#ffffff)" if kind == "now" else "currentColor"
    weight = ' font-weight="700"' if kind == "now" else ""
    written = (
        f'<text x="{x + width / 2}" y="{y + height / 2 + 5}" text-anchor="middle" fill="{ink}"{weight}>'
        f"{escape(text)}</text>"
    )
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" {looks[kind]}/>' + written * bool(
        text
    )


def text(x: int, y: int, words: str, *, anchor: str = "middle") -> str:
    """A line of text."""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="currentColor">{escape(words)}</text>'


def arrow(path: str) -> str:
    """A line with a tip at its end, along an SVG path."""
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.8" marker-end="url(#cost-tip)"/>'
    )


def running_softmax() -> Drawing:
    """The blocks of queries, keys and values, the one tile in memory, and the three sums that stay."""
    left, top, wide, tall, tile = 110, 86, 114, 46, 98
    shapes = [text(left + 163, 16, "keys and values, in blocks of m: (m, d) each")]
    for k in range(3):
        x = left + k * wide
        shapes += [box(x, 26, tile, 22, f"K{k + 1}"), box(x, 52, tile, 22, f"V{k + 1}")]
        shapes.append(box(12, top + k * tall, 82, tall - 6, f"Q{k + 1}"))
        for j in range(3):
            kind = "used" if (k, j) < (1, 1) else "now" if (k, j) == (1, 1) else "later"
            words = "(n, m) now" if kind == "now" else kind
            shapes.append(box(left + j * wide, top + k * tall, tile, tall - 6, words, kind=kind))
    gap = left + 2 * wide - 8  # between the second and the third column of tiles
    shapes += [
        text(53, top + 3 * tall + 14, "queries (n, d)"),
        arrow(f"M{gap - 8} {top + tall + 20} H{gap} V{top + 3 * tall + 30}"),
        text(gap - 8, top + 3 * tall + 18, "exp(score - best)", anchor="end"),
        *(box(left + k * wide, 258, tile, 34, name) for k, name in enumerate(("best", "total", "mixed"))),
        text(12, 280, "three sums", anchor="start"),
        arrow(f"M{left + 20} 292 V316 H{left + wide + 49} V296"),
        text(12, 338, "old sums times exp(old best - new best)", anchor="start"),
        arrow(f"M{left + 2 * wide + 49} 292 V356"),
        text(12, 382, "after the last block of the row:", anchor="start"),
        box(276, 360, 162, 34, "mixed / total (n, d)"),
    ]
    return Drawing(shapes, width=452, height=402, title="A running softmax over blocks", words=WORDS)
