"""What does soft attention look like as a drawing? Boxes, arrows, shapes on the arrows, attention in colour.

Chapter: notebooks/mechanisms/soft.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

WORDS = (
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
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M102 132H158", "(B, 1, H, W)", 130, 172),
    ("M270 132H498", "(B, C, h, w)", 385, 152),
    ("M386 132V66", "", 0, 0),
    ("M432 42H498", "(B, 1, h, w)", 465, 14),
    ("M546 64V108", "", 0, 0),
    ("M592 132H648", "(B, C)", 620, 152),
    ("M270 42H338", "", 0, 0),
)


def soft_pooling() -> Drawing:
    """The way from a picture to its scores, with the choice of places on it."""
    return Drawing(flow(BOXES, ARROWS), width=752, height=184, title="Soft attention pooling", words=WORDS)
