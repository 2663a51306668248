"""What does a tracker of one stream look like as a drawing? What is attention is in colour.

Chapter: notebooks/applications/tracking.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

# x, y, width, words, whether it is attention
BOXES = (
    (10, 20, 96, ("window",), False),
    (10, 120, 96, ("template",), False),
    (150, 70, 104, ("encoder", "(frozen)"), False),
    (306, 70, 116, ("one sequence,", "+ positions"), False),
    (474, 70, 124, ("every token asks", "every other"), True),
    (474, 160, 124, ("each thinks", "for itself"), False),
    (650, 70, 120, ("head reads the", "window's tokens"), False),
)
# the path, what runs along it, where that is written
ARROWS = (
    ("M106 42H128V84H148", "(B, 3, 48, 48)", 170, 34),
    ("M106 142H128V100H148", "(B, 3, 24, 24)", 170, 160),
    ("M254 92H304", "64 + 16", 279, 84),
    ("M422 92H472", "(B, 80, D)", 448, 62),
    ("M536 114V158", "", 0, 0),
    ("M474 182H448V104H472", "twice", 425, 182),
    ("M598 92H648", "(B, 64, D)", 623, 62),
    ("M770 92H812", "", 0, 0),
)
WORDS = (
    "A window and a template go through the same frozen encoder and become 64 and 16 tokens. They are put "
    "into one sequence, and each gets the code of its position. In each of two blocks every token asks "
    "every other, the template's ask the window's too, and then each thinks for itself. A head reads the "
    "window's 64 tokens: is the centre here, where exactly, and how large is the target?"
)


def one_stream() -> Drawing:
    """The way from a window and a template to an answer of each place."""
    return Drawing(
        flow(BOXES, ARROWS), width=820, height=224, title="Template and window in one stream", words=WORDS
    )
