"""What does the generator look like as a drawing, with the words that steer it? Attention is in colour.

Chapter: notebooks/applications/generation.ipynb
"""

from visual_attention.view.drawing import Drawing, flow

# x, y, width, words, whether it is attention
BOXES = (
    (10, 30, 110, ("half-made", "picture, time"), False),
    (190, 30, 120, ("patches ask", "patches"), True),
    (350, 30, 120, ("patches ask", "words"), True),
    (510, 30, 110, ("each patch", "thinks"), False),
    (680, 30, 100, ("foreseen", "picture"), False),
    (150, 150, 110, ("five words", "or none"), False),
    (350, 150, 120, ("keys and", "values"), True),
    (510, 150, 270, ("one step that way,", "and again from the left"), False),
)
# the path, what runs along it, where that is written
ARROWS = (
    ("M120 52H188", "(B, 16, D)", 154, 44),
    ("M310 52H348", "", 0, 0),
    ("M470 52H508", "", 0, 0),
    ("M620 52H678", "", 0, 0),
    ("M565 74V104H250V76", "three layers", 330, 98),
    ("M260 172H348", "(B, 5, D)", 304, 164),
    ("M410 150V76", "", 0, 0),
    ("M730 74V148", "", 0, 0),
    ("M645 194V222H65V76", "", 0, 0),
)
WORDS = (
    "A half-made picture becomes sixteen patches. In each of three layers the patches ask each other, then "
    "they ask the words of a sentence, which are five keys and values, or none; then each patch thinks. "
    "At the end the finished picture is foreseen, the sampler takes one step that way, and all begins anew "
    "with the next half-made picture. Both kinds of attention are in colour."
)


def worded() -> Drawing:
    """The way from a half-made picture and a sentence to the next half-made picture."""
    shapes, title = flow(BOXES, ARROWS), "A generator that is steered by words"
    return Drawing(shapes, width=790, height=236, title=title, words=WORDS)
