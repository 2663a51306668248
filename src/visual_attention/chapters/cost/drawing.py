"""How does a running softmax go through the blocks? Drawn as an inline SVG, readable in light and dark.

Chapter: notebooks/deeper/cost.ipynb
"""

from visual_attention.view.drawing import ACCENT, INK, Drawing, arrow, box, text

WORDS = (
    "Three blocks of keys and values lie across the top, three blocks of queries down the left. Between "
    "them is the matrix of scores in nine tiles: those of the first queries are used and forgotten, the "
    "second tile of the second row is in memory now, the rest comes later. From the tile an arrow leads down "
    "to three sums, the best score, the total and the mixture. An arrow from the sums back to themselves "
    "says that the old ones are multiplied by exp of old best minus new best. After the last tile of the "
    "row, mixed divided by total is the output of these queries."
)
TILES = {
    "now": f'fill="{ACCENT}" stroke="{INK}" stroke-width="2.5"',
    "used": f'fill="{INK}" fill-opacity="0.16" stroke="{INK}" stroke-opacity="0.5"',
    "later": f'fill="none" stroke="{INK}" stroke-opacity="0.6" stroke-dasharray="4 4"',
}


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
            x, y = left + j * wide, top + k * tall
            shapes.append(box(x, y, tile, tall - 6, looks=TILES[kind]))
            words, ink = ("(n, m) now", "#ffffff") if kind == "now" else (kind, INK)
            shapes.append(text(x + tile / 2, y + 25, words, ink=ink))
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
