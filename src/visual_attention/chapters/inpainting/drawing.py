"""What does a network that fills holes look like as a drawing? Its layer that copies is in colour.

Chapter: notebooks/applications/inpainting.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

WORDS = (
    "A picture and its mask go into the first stage, five convolutions, which gives features for all places, "
    "those of the hole too. The attention compares the features of missing places with those of known ones "
    "and copies known pixels into the hole. The second stage, three convolutions, gets features and copies "
    "and paints what has to be added. Copies and paint are summed, and what was known is put back. On the "
    "side, the cut: other weights are put into the attention, and all else stays."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 96, 92, ("picture,", "mask"), False),
    (170, 96, 104, ("first stage:", "5 conv."), False),
    (342, 96, 118, ("who resembles", "whom?"), True),
    (342, 10, 118, ("other weights:", "the cut"), True),
    (342, 186, 118, ("copy known", "pixels"), True),
    (538, 96, 112, ("second stage:", "3 conv."), False),
    (572, 186, 44, ("+",), False),
    (684, 186, 84, ("filled", "picture"), False),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M102 118H168", "(B, 4, H, W)", 136, 88),
    ("M274 118H340", "features", 307, 108),
    ("M401 140V184", "weights (B, N, N)", 466, 168),
    ("M401 54V94", "", 0, 0),
    ("M56 140V208H340", "known pixels", 200, 200),
    ("M460 208H570", "copies", 510, 226),
    ("M222 96V78H594V94", "", 0, 0),
    ("M500 208V118H536", "", 0, 0),
    ("M594 140V184", "", 0, 0),
    ("M616 208H682", "", 0, 0),
)


def inpainter() -> Drawing:
    """The way from a picture with a hole to the picture filled, and where a cut is made."""
    return Drawing(
        flow(BOXES, ARROWS), width=784, height=240, title="A network that copies into a hole", words=WORDS
    )
