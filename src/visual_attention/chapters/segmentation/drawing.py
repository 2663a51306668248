"""What do the chapter's two networks look like as drawings? What may be attention is in colour.

Chapter: notebooks/applications/segmentation.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

# x, y, width, words, whether it is attention
UNET_BOXES = (
    (10, 20, 130, ("picture", "one convolution"), False),
    (130, 110, 130, ("halved", "one convolution"), False),
    (250, 200, 130, ("halved", "two convolutions"), False),
    (410, 200, 110, ("dual attention", "or nothing"), True),
    (430, 110, 130, ("doubled", "one convolution"), False),
    (550, 20, 130, ("doubled", "one convolution"), False),
    (285, 110, 110, ("gate or open",), True),
    (285, 20, 110, ("gate or open",), True),
)
# the path, what runs along it, where that is written
UNET_ARROWS = (
    ("M75 64V132H128", "", 0, 0),
    ("M195 154V222H248", "", 0, 0),
    ("M380 222H408", "", 0, 0),
    ("M495 200V156", "", 0, 0),
    ("M560 132H615V66", "", 0, 0),
    ("M140 42H283", "(B, 6, H, W)", 212, 34),
    ("M395 42H548", "bridge", 470, 34),
    ("M260 132H283", "", 0, 0),
    ("M395 132H428", "", 0, 0),
    ("M680 42H740", "(B, 1, H, W)", 700, 84),
)
UNET_WORDS = (
    "A picture goes down through convolutions, halved twice, and up again, doubled twice. On each of the two "
    "levels a bridge leads from the way down to the way up; on it stands a gate, or nothing. At the bottom, "
    "where a quarter of the rows and columns is left, stands dual attention, or nothing. At the end each "
    "pixel has one score."
)
CLICK_BOXES = (
    (10, 30, 80, ("picture",), False),
    (130, 30, 110, ("encoder,", "runs once"), False),
    (300, 30, 120, ("places: keys", "and values"), False),
    (300, 200, 120, ("vectors of", "the pixels"), False),
    (10, 120, 80, ("click",), False),
    (130, 120, 110, ("query: where,", "which kind"), True),
    (300, 115, 120, ("the query", "looks"), True),
    (480, 115, 110, ("answer:", "one vector"), False),
    (480, 200, 110, ("product with", "each pixel"), False),
)
CLICK_ARROWS = (
    ("M90 52H128", "", 0, 0),
    ("M240 52H298", "(B, N, D)", 269, 44),
    ("M150 74V97H110V222H298", "", 0, 0),
    ("M90 142H128", "", 0, 0),
    ("M240 142H298", "(B, K, D)", 269, 134),
    ("M360 74V113", "", 0, 0),
    ("M420 137H478", "", 0, 0),
    ("M535 159V198", "", 0, 0),
    ("M420 222H478", "", 0, 0),
    ("M590 222H650", "(B, 1, H, W)", 640, 256),
)
CLICK_WORDS = (
    "Above, what runs once for a picture: an encoder makes features of its places, which are keys and "
    "values, and vectors of its pixels. Below, what runs with each click: a query that knows where was "
    "clicked and of which kind the click is looks at the places; what it finds becomes one vector; its "
    "product with each pixel's vector is the mask."
)


def unet() -> Drawing:
    """The U-Net with its three places for attention."""
    shapes, title = flow(UNET_BOXES, UNET_ARROWS), "A U-Net with places for attention"
    return Drawing(shapes, width=760, height=254, title=title, words=UNET_WORDS)


def clicked() -> Drawing:
    """The way from a picture and a click to a mask."""
    shapes, title = flow(CLICK_BOXES, CLICK_ARROWS), "A click asks, a mask answers"
    return Drawing(shapes, width=690, height=274, title=title, words=CLICK_WORDS)
