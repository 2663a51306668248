"""What does a tracker of one stream look like as a drawing? What is attention is in colour.

Chapter: notebooks/applications/tracking.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

# x, y, width, words, whether it is attention
BOXES = (
    (10, 20, 90, ("window",), False),
    (10, 120, 90, ("template",), False),
    (138, 70, 90, ("encoder", "(frozen)"), False),
    (300, 70, 122, ("one sequence,", "+ positions"), False),
    (488, 70, 146, ("every token asks", "every other"), True),
    (488, 160, 146, ("each thinks", "for itself"), False),
    (698, 70, 142, ("head reads the", "window's tokens"), False),
)
# the path, what runs along it, where that is written
ARROWS = (
    ("M100 42H119V84H136", "(B, 3, 48, 48)", 160, 34),
    ("M100 142H119V100H136", "(B, 3, 24, 24)", 160, 160),
    ("M228 92H298", "64 + 16", 262, 84),
    ("M422 92H486", "(B, 80, D)", 454, 62),
    ("M561 114V158", "", 0, 0),
    ("M488 182H460V104H486", "twice", 436, 182),
    ("M634 92H696", "(B, 64, D)", 666, 62),
    ("M840 92H876", "", 0, 0),
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
        flow(BOXES, ARROWS), width=884, height=224, title="Template and window in one stream", words=WORDS
    )
