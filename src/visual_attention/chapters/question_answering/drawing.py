"""How do a question and a picture meet? Two drawings: hops that read for themselves, and one stream.

Chapter: notebooks/applications/question_answering.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

HOP_BOXES = (
    (16, 20, 120, ("words",), False),
    (16, 172, 120, ("cells, places",), False),
    (200, 20, 130, ("reading 1",), True),
    (200, 96, 130, ("query 1",), False),
    (200, 172, 130, ("look 1",), True),
    (430, 20, 130, ("reading 2",), True),
    (430, 96, 130, ("query 2",), False),
    (430, 172, 130, ("look 2",), True),
    (640, 96, 110, ("answer",), False),
)
HOP_ARROWS = (
    ("M136 42H198", "(B, 3, D)", 168, 34),
    ("M136 194H198", "(B, 9, D)", 168, 216),
    ("M265 64V94", "", 0, 0),
    ("M265 140V170", "", 0, 0),
    ("M330 194H380V118H428", "found", 382, 210),
    ("M330 30H428", "the same words", 380, 22),
    ("M495 64V94", "", 0, 0),
    ("M495 140V170", "", 0, 0),
    ("M330 204H428", "the same cells", 380, 226),
    ("M560 194H600V128H638", "found", 604, 210),
    ("M560 42H600V108H638", "", 0, 0),
)
HOP_WORDS = (
    "Two hops, left and right. In each, a reading shares out weights over the words, a query is made, and a "
    "look shares out weights over the cells. What the first look finds goes into the second query, beside a "
    "reading of its own. The answer is read from the last reading and what both looks found."
)
STREAM_BOXES = (
    (16, 20, 110, ("9 cells",), False),
    (16, 120, 110, ("question",), False),
    (170, 20, 130, ("frozen eyes",), False),
    (340, 20, 130, ("linear layer",), False),
    (170, 120, 130, ("embedding",), False),
    (520, 70, 150, ("causal blocks, 3",), True),
    (720, 70, 110, ("next word",), False),
)
STREAM_ARROWS = (
    ("M126 42H168", "", 0, 0),
    ("M126 142H168", "", 0, 0),
    ("M300 42H338", "", 0, 0),
    ("M470 42H500V82H518", "(B, 9, D)", 484, 32),
    ("M300 142H500V102H518", "(B, 4, D)", 400, 134),
    ("M670 92H718", "", 0, 0),
    ("M775 114V190H235V166", "the word that was said goes in again", 500, 208),
)
STREAM_WORDS = (
    "The picture's nine cells go through frozen eyes and a linear layer and become nine tokens. The words of "
    "the question become tokens by an embedding and stand behind them in one stream. Three causal blocks, in "
    "which each token looks at those before it, give the next word, which is put at the end of the stream, "
    "until the full stop."
)


def hops() -> Drawing:
    """Two hops with readings of their own."""
    shapes, title = flow(HOP_BOXES, HOP_ARROWS), "Each hop reads and looks for itself"
    return Drawing(shapes, width=766, height=240, title=title, words=HOP_WORDS)


def stream() -> Drawing:
    """A picture and words in one stream."""
    shapes, title = flow(STREAM_BOXES, STREAM_ARROWS), "A picture as the first words of a sentence"
    return Drawing(shapes, width=846, height=220, title=title, words=STREAM_WORDS)
