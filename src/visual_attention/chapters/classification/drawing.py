"""What does the classifier with its slots look like as a drawing? What may be attention is in colour.

Chapter: notebooks/applications/classification.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

WORDS = (
    "A picture goes through three convolutions. After the second and after the third stands a slot, which is "
    "empty or holds a mechanism. The map of features that leaves the second slot is pooled into one vector: "
    "by an average, a maximum, or a softmax over places and a sum. A norm and a linear layer read the digit. "
    "Beside the pool, the cut: another map is put in its place, and all else stays."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 30, 84, ("picture",), False),
    (164, 30, 110, ("two", "convolutions"), False),
    (318, 30, 60, ("slot",), True),
    (422, 30, 110, ("convolution",), False),
    (576, 30, 60, ("slot",), True),
    (300, 150, 110, ("pool with", "its map"), True),
    (530, 150, 106, ("norm and", "reader"), False),
    (90, 150, 140, ("another map:", "the cut"), True),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M94 52H162", "(B, 1, H, W)", 128, 22),
    ("M274 52H316", "", 0, 0),
    ("M378 52H420", "", 0, 0),
    ("M532 52H574", "", 0, 0),
    ("M606 74V112H355V148", "(B, C, H/4, W/4)", 480, 104),
    ("M410 172H528", "(B, C)", 469, 164),
    ("M230 172H298", "", 0, 0),
    ("M636 172H690", "(B, 10)", 672, 142),
)


def classifier() -> Drawing:
    """The way from a picture to the scores of the digits, and where a cut is made."""
    return Drawing(
        flow(BOXES, ARROWS), width=710, height=214, title="The classifier and its cut", words=WORDS
    )
