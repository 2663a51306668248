"""How does the eye move? Two glimpses and what decides between them, as an inline SVG for light and dark.

Chapter: notebooks/mechanisms/hard.ipynb
"""

from visual_attention.view.drawing import ACCENT, Drawing, arrow, box, text

WORDS = (
    "A picture stands on the left. A first glimpse is cut at its centre and goes into the first state. From "
    "that state a location network, which is the attention, gives the mean of the next place. In training "
    "the place is drawn around the mean, and an arrow leads from there to the second glimpse, which is cut "
    "from the same picture. First state and second glimpse make the second state, from which the answer is "
    "read. A dashed arrow from the answer back to the location network is the reward: no gradient passes "
    "through the draw, so the reward has to tell how good the place was."
)


def two_glimpses() -> Drawing:
    """The way from a picture through two glimpses to an answer, and the way back of the reward."""
    shapes = [
        box(10, 126, 84, 52, "picture"),
        text(52, 196, "(B, 1, H, W)", size=13),
        box(150, 30, 104, 44, "glimpse 1", "at the centre"),
        box(150, 222, 104, 44, "glimpse 2"),
        box(318, 30, 84, 44, "state 1"),
        box(318, 222, 84, 44, "state 2"),
        box(318, 122, 150, 52, "where to look next", "(mean, spread)", attention=True),
        box(476, 222, 84, 44, "answer"),
        arrow("M94 140 L146 60"),
        arrow("M94 164 L146 236"),
        arrow("M254 52 H314"),
        text(284, 44, "(B, 192)", size=13),
        arrow("M254 244 H314"),
        arrow("M360 74 V118"),
        text(366, 100, "(B, D)", anchor="start", size=13),
        arrow("M402 52 H486 V198 H384 V218"),
        arrow("M402 244 H472"),
        text(437, 236, "(B, D)", size=13),
        text(518, 286, "(B, 10)", size=13),
        arrow("M318 148 H202 V218"),
        text(210, 140, "drawn (B, 2)", anchor="start", size=13, ink=ACCENT),
        arrow("M530 222 V148 H472", dash="5 4"),
        text(536, 190, "reward", anchor="start", size=13),
    ]
    return Drawing(shapes, width=590, height=300, title="Two glimpses of one picture", words=WORDS)
