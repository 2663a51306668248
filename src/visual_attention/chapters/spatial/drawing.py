"""What does CBAM look like as a drawing? Which channel first, which place second.

Chapter: notebooks/mechanisms/spatial.ipynb
"""

from visual_attention.view.drawing import Drawing, flow, text

WORDS = (
    "A feature map is averaged over all places, and its maxima over all places are taken; one network of "
    "two layers answers to both, the answers are added, and a sigmoid makes a gate for each channel. Each "
    "channel is multiplied by its gate. Of what is left, each place is averaged over its channels, and the "
    "maximum over its channels is taken; a window of 7 by 7 and a sigmoid make a gate for each place. Each "
    "place is multiplied by its gate."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 116, 60, ("map",), False),
    (90, 26, 140, ("mean, maximum", "over places"), True),
    (256, 26, 92, ("two layers,", "sigmoid"), True),
    (280, 116, 44, ("x",), True),
    (420, 26, 140, ("mean, maximum", "over channels"), True),
    (592, 26, 92, ("7 x 7,", "sigmoid"), True),
    (616, 116, 44, ("x",), True),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M70 138H278", "(B, C, H, W)", 174, 158),
    ("M40 116V48H88", "", 0, 0),
    ("M230 48H254", "", 0, 0),
    ("M302 70V114", "(B, C, 1, 1)", 352, 96),
    ("M324 138H614", "(B, C, H, W)", 469, 158),
    ("M396 138V48H418", "", 0, 0),
    ("M560 48H590", "", 0, 0),
    ("M638 70V114", "(B, 1, H, W)", 688, 96),
    ("M660 138H736", "", 0, 0),
)


def cbam() -> Drawing:
    """The two gates one after the other; the second alone is spatial attention."""
    named = [text(222, 192, "which channel?", size=14), text(554, 192, "which place?", size=14)]
    return Drawing(
        [*flow(BOXES, ARROWS), *named],
        width=748,
        height=206,
        title="Spatial attention as the second half of CBAM",
        words=WORDS,
    )
