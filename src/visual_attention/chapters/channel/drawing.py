"""What does squeeze and excitation look like as a drawing, where it is used, in a residual block?

Chapter: notebooks/mechanisms/channel.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

WORDS = (
    "A feature map goes two ways. One way goes straight to a sum: the shortcut. On the other way come a "
    "convolution with its norm and a ReLU, and a convolution with its norm. What comes out is averaged over "
    "all places, which leaves a number for each channel; two layers with a ReLU between them and a sigmoid "
    "make a gate of each; and each channel is multiplied by its gate. Then the shortcut is added, and a last "
    "ReLU follows."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 112, 60, ("map",), False),
    (110, 112, 108, ("3 x 3, norm,", "ReLU"), False),
    (258, 112, 88, ("3 x 3,", "norm"), False),
    (510, 112, 44, ("x",), True),
    (624, 112, 44, ("+",), False),
    (708, 112, 64, ("ReLU",), False),
    (258, 26, 88, ("average:", "squeeze"), True),
    (404, 26, 170, ("two layers, sigmoid:", "excite"), True),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M70 134H108", "", 0, 0),
    ("M218 134H256", "", 0, 0),
    ("M346 134H508", "(B, C, H, W)", 428, 152),
    ("M302 112V72", "", 0, 0),
    ("M346 48H402", "(B, C)", 374, 40),
    ("M532 70V110", "(B, C, 1, 1)", 582, 94),
    ("M554 134H622", "", 0, 0),
    ("M668 134H706", "", 0, 0),
    ("M40 156V196H646V158", "the shortcut", 343, 214),
)


def gated_block() -> Drawing:
    """A residual block with squeeze and excitation, its gate in colour."""
    return Drawing(
        flow(BOXES, ARROWS),
        width=784,
        height=226,
        title="Squeeze and excitation in a residual block",
        words=WORDS,
    )
