"""What does a vision transformer look like as a drawing? Boxes, arrows, their shapes, attention in colour.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
"""

from visual_attention.view.drawing import Drawing, box, flow, text

WORDS = (
    "An image is cut into patches; one linear layer makes a token of each. A class token goes in front, and "
    "a position is added to each token. Then come L blocks alike. In a block, tokens are normalised, look at "
    "each other by self-attention, are multiplied by a gain and added to what was there; then they are "
    "normalised, go through two linear layers one by one, are multiplied by a gain and added again. After "
    "the last block a norm follows, and the class token is read."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 30, 78, ("image",), False),
    (188, 30, 100, ("cut, one", "linear layer"), False),
    (380, 30, 110, ("class token", "in front"), False),
    (600, 30, 110, ("+ positions",), False),
    (40, 140, 70, ("norm",), False),
    (142, 140, 96, ("self-", "attention"), True),
    (270, 140, 64, ("gain",), False),
    (366, 140, 40, ("+",), False),
    (438, 140, 70, ("norm",), False),
    (540, 140, 96, ("two layers", "a token"), False),
    (668, 140, 64, ("gain",), False),
    (764, 140, 40, ("+",), False),
    (380, 274, 110, ("norm",), False),
    (600, 274, 204, ("read the class token",), False),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M88 52H186", "(B, C, H, W)", 137, 22),
    ("M288 52H378", "(B, N, D)", 333, 22),
    ("M490 52H598", "(B, 1 + N, D)", 544, 22),
    ("M655 74V98H22V162H38", "", 0, 0),
    ("M110 162H140", "", 0, 0),
    ("M238 162H268", "", 0, 0),
    ("M334 162H364", "", 0, 0),
    ("M406 162H436", "", 0, 0),
    ("M508 162H538", "", 0, 0),
    ("M636 162H666", "", 0, 0),
    ("M732 162H762", "", 0, 0),
    ("M22 162V206H386V186", "what was there", 204, 224),
    ("M420 162V206H784V186", "what was there", 602, 224),
    ("M804 162H820V254H360V296H378", "", 0, 0),
    ("M490 296H598", "(B, 1 + N, D)", 544, 318),
)
FRAME = 'fill="none" stroke="currentColor" stroke-width="1.2" stroke-dasharray="7 5"'


def vision_transformer() -> Drawing:
    """The way of an image through the network; what stands in the dashed frame comes L times."""
    frame = box(12, 114, 802, 122, looks=FRAME)
    times = text(204, 132, "a block, L times: (B, 1 + N, D) in and out", size=13)
    return Drawing(
        [frame, *flow(BOXES, ARROWS), times],
        width=832,
        height=330,
        title="A vision transformer",
        words=WORDS,
    )
