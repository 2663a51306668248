"""Checks for the exercises on generation.

Chapter: notebooks/applications/generation.ipynb
"""

from visual_attention.chapters.generation import mistakes as wrong
from visual_attention.exercises.properties import examined, special

PICTURES = {"B pictures": 5, "C channels": 2, "H rows": 3, "W columns": 7}


@examined(points=3, right=wrong.line, axes=PICTURES, name="your point", mistakes=wrong.POINT)
def check_noisy_point(draw, B, C, H, W):
    """Noise, pictures (B, C, H, W) and times (B,) become points on the lines between them."""
    return draw(B, C, H, W), draw(B, C, H, W), draw.unit(B)


@examined(points=3, right=wrong.one_step, axes=PICTURES, name="your step", mistakes=wrong.STEP)
def check_one_step(draw, B, C, H, W):
    """A half-made picture, what is foreseen and the number of the step become the next half-made picture."""
    x, foreseen = draw(B, C, H, W), draw(B, C, H, W)
    for step, steps in ((0, 4), (2, 5), (3, 11)):
        yield x, foreseen, step, steps
    yield special(1, "after the last step", x, foreseen, 6, 7)


@examined(
    points=3,
    right=wrong.counterpart,
    axes={"B pictures": 2, "h heads": 3, "r rows": 5, "c columns": 4},
    name="your mean weight",
    mistakes=wrong.COUNTERPART,
)
def check_counterpart_weight(draw, B, h, r, c):
    """Weights (B, h, N, N) become the mean weight of a patch on its mirror image in its row, (B, h)."""
    return draw.shares(B, h, r * c, r * c), r, c


@examined(
    points=4,
    right=wrong.guess,
    axes={"B pictures": 4, "M pictures of the set": 5, "C channels": 2, "H rows": 3, "W columns": 7},
    name="your guess",
    mistakes=wrong.GUESS,
)
def check_best_guess(draw, B, M, C, H, W):
    """Half-made pictures, times and all pictures there are become the pictures that one should expect."""
    pictures, chosen = 0.7 * draw.fixed(M, C, H, W), draw.whole(M, B)
    times = 0.2 + 0.4 * draw.unit(B)
    yield wrong.line(draw(B, C, H, W), pictures[chosen], times), times, pictures
    late = 0.98 + 0.01 * draw.unit(B)
    yield special(
        1, "late in time", wrong.line(30 * draw.fixed(B, C, H, W), pictures[chosen], late), late, pictures
    )
