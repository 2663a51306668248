"""What does self-attention look like as a drawing? Boxes, arrows, shapes on the arrows, attention in colour.

Chapter: notebooks/mechanisms/self_attention.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

WORDS = (
    "Tokens with positions go through one linear layer that makes queries, keys and values, split into "
    "heads. Queries meet keys in a dot product, divided by the square root of d; a softmax over the keys "
    "makes weights, one row for each token. The weights mix the values, the heads are joined, and a second "
    "linear layer follows."
)
# x, y, width, words, whether it is attention
BOXES = (
    (10, 75, 92, ("tokens", "+ positions"), False),
    (150, 10, 92, ("queries",), True),
    (150, 75, 92, ("keys",), True),
    (150, 140, 92, ("values",), True),
    (300, 42, 104, ("dot products", "/ root of d"), True),
    (470, 42, 92, ("softmax", "over keys"), True),
    (470, 140, 92, ("mix",), True),
    (640, 140, 104, ("join heads,", "linear layer"), False),
)
# the path, the shape of what runs along it, where the shape is written
ARROWS = (
    ("M102 88L148 36", "", 0, 0),
    ("M102 97H148", "", 0, 0),
    ("M102 106L148 158", "", 0, 0),
    ("M242 34L298 56", "(B, h, N, d)", 300, 24),
    ("M242 95L298 74", "", 0, 0),
    ("M404 64H468", "(B, h, N, N)", 437, 32),
    ("M516 86V138", "weights", 552, 118),
    ("M242 162H468", "(B, h, N, d)", 355, 182),
    ("M562 162H638", "(B, h, N, d)", 600, 204),
)


def self_attention() -> Drawing:
    """The way of the tokens through one layer of attention with several heads."""
    return Drawing(flow(BOXES, ARROWS), width=754, height=212, title="Self-attention with heads", words=WORDS)
