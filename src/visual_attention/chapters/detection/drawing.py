"""What do the two kinds of detector look like as a drawing? What is attention is in colour.

Chapter: notebooks/applications/detection.ipynb
"""

from visual_attention.view.drawing import Drawing, arrow, box, text

WORDS = (
    "A picture goes through the frozen backbone, seven convolutions, and becomes a map of 8 x 8 places with "
    "64 features each. From there the upper way is the set transformer: eight queries talk with each other, "
    "look at the 64 places and think, twice; each of the eight then answers with a box and a class or with "
    "no object, and in training the answers are matched with the objects. The lower way is the grid: two "
    "convolutions, an answer of each of the 64 cells, and suppression of what overlaps."
)
# x, y, width, words, whether it is attention
BOXES = (
    (8, 92, 84, ("picture",), False),
    (176, 92, 110, ("backbone", "(frozen)"), False),
    (352, 30, 132, ("queries talk,", "look, think: 2 x"), True),
    (560, 30, 118, ("8 answers,", "matched"), False),
    (352, 154, 132, ("convolutions", "on the grid"), False),
    (560, 154, 118, ("64 answers,", "suppressed"), False),
    (352, -34, 132, ("8 queries",), True),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M92 114H174", "(B, 3, 64, 64)", 133, 84),
    ("M286 114H318V52H350", "", 0, 0),
    ("M318 114V176H350", "(B, 64, 8, 8)", 240, 162),
    ("M484 52H558", "(B, 8, D)", 521, 44),
    ("M484 176H558", "(B, D, 8, 8)", 521, 216),
    ("M418 10V28", "", 0, 0),
)
DOWN = 44  # all of it, so that nothing lies above the edge


def detectors() -> Drawing:
    """The way from a picture to a set of boxes, with queries and with a grid."""
    boxes = [box(x, y + DOWN, wide, 44, *lines, attention=ours) for x, y, wide, lines, ours in BOXES]
    arrows = [arrow(path) for path, *_ in ARROWS]
    shapes = [text(x, y, shape, size=13) for _, shape, x, y in ARROWS if shape]
    moved = f'<g transform="translate(0 {DOWN})">{"".join(arrows + shapes)}</g>'
    return Drawing(
        [moved, *boxes], width=690, height=274, title="Two ways from a picture to boxes", words=WORDS
    )
