"""Checks for the exercises on generation.

Chapter: notebooks/applications/generation.ipynb
"""

from collections.abc import Callable

from visual_attention.chapters.generation import mistakes as wrong
from visual_attention.chapters.generation import word_mistakes as wrong_words
from visual_attention.chapters.generation import written
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

PICTURES = {"B pictures": 5, "C channels": 2, "H rows": 3, "W columns": 7}


@examined(
    points=3,
    right=wrong.line,
    axes=PICTURES,
    name="your point",
    mistakes=wrong.POINT,
    about=About("Where on the line?", "flow matching: the line from noise to picture", 6, "warm-up"),
)
def check_noisy_point(draw, B, C, H, W):
    """Noise, pictures (B, C, H, W) and times (B,) become points on the lines between them."""
    return draw(B, C, H, W), draw(B, C, H, W), draw.unit(B)


@examined(
    points=3,
    right=wrong.one_step,
    axes=PICTURES,
    name="your step",
    mistakes=wrong.STEP,
    about=About("Can you take one step?", "flow matching: a step of the sampler", 10),
)
def check_one_step(draw, B, C, H, W):
    """A half-made picture, what is foreseen and the number of the step become the next half-made picture."""
    x, foreseen = draw(B, C, H, W), draw(B, C, H, W)
    for step, steps in ((0, 4), (2, 5), (3, 11)):
        yield x, foreseen, step, steps
    yield special(1, "after the last step", x, foreseen, 6, 7)


@examined(
    points=4,
    right=wrong_words.way,
    axes={"B pictures": 3, "D numbers": 5},
    name="your pictures",
    mistakes=wrong_words.WAY,
    about=About("Can you walk the whole way, guided?", "the sampler's loop with guidance", 15),
)
def check_guided_way(draw, B, D):
    """Noise (B, D), two matrices that foresee, a scale and a number of steps become pictures, (B, D)."""
    told, untold = 0.5 * draw.fixed(D, D), 0.5 * draw.fixed(D, D)
    for scale, steps in ((3.0, 4), (0.5, 3)):
        yield draw(B, D), told, untold, scale, steps
    yield special(1, "in a single step", draw(B, D), told, untold, 2.0, 1)


@examined(
    points=3,
    right=wrong.counterpart,
    axes={"B pictures": 2, "h heads": 3, "r rows": 5, "c columns": 4},
    name="your mean weight",
    mistakes=wrong.COUNTERPART,
    about=About("How much does a patch ask its mirror image?", "reading weights between patches", 12),
)
def check_counterpart_weight(draw, B, h, r, c):
    """Weights (B, h, N, N) become the mean weight of a patch on its mirror image in its row, (B, h)."""
    return draw.shares(B, h, r * c, r * c), r, c


@examined(
    points=4,
    right=wrong_words.allowed,
    axes={"B sentences": 2, "h heads": 3, "N patches": 5, "T words": 7, "d numbers": 4},
    name="what your patches get",
    mistakes=wrong_words.ALLOWED,
    about=About("What is left without a word?", "cutting weights: words forbidden to all patches", 15),
)
def check_allowed_words(draw, B, h, N, T, d):
    """Scores (B, h, N, T), values (B, h, T, d) and forbidden words (B, T) become (B, h, N, d)."""
    scores, values, forbidden = draw(B, h, N, T), draw(B, h, T, d), ~draw.mask(B, T)
    yield scores, values, forbidden
    forbidden = forbidden.clone()
    forbidden[:1] = True
    yield special(1, "where all words are forbidden", scores, values, forbidden)


@examined(
    points=4,
    right=wrong.guess,
    axes={"B pictures": 4, "M pictures of the set": 5, "C channels": 2, "H rows": 3, "W columns": 7},
    name="your guess",
    mistakes=wrong.GUESS,
    about=About("What is behind the noise?", "Bayes' rule as attention over a set", 25, "takes thought"),
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


def learns(student: Callable, check: Check) -> None:
    """Whether a generator of tiles with such a question learns, and whether it hangs on the question."""
    part = check.part_of_network(student)
    model = written.learn(part)
    found, blind = written.score(model), written.score(model, even=True)
    told = f"{found:.0%} of the pictures that it makes obey their sentence"
    check.that(
        found > written.WANTED,
        points=1,
        good=f"A generator whose patches ask with your function learns: {told}.",
        bad=f"A generator whose patches ask with your function hardly learns: {told}.",
    )
    told = (
        f"with all keys made equal, so that no word can be told from another, {found:.0%} become {blind:.0%}"
    )
    check.that(
        found - blind > written.LOST,
        points=1,
        good=f"And it hangs on what they ask: {told}.",
        bad=f"It hardly hangs on what they ask: {told}.",
    )


@examined(
    points=6,
    right=wrong_words.asked,
    axes={"B pictures": 3, "N patches": 7, "T words": 5, "D numbers": 11, "E values": 2},
    name="what your patches get",
    mistakes=wrong_words.ASKED,
    gradients=("queries", "keys", "values"),
    without=(ATTENTION,),
    after=(2, learns),
    about=About(
        "Make it learn: can patches ask words?", "cross-attention to words, trained", 25, "takes thought"
    ),
)
def check_ask_words(draw, B, N, T, D, E):
    """Queries (B, N, D), keys (B, T, D) and values (B, T, E) become what each patch gets, (B, N, E)."""
    return draw(B, N, D), draw(B, T, D), draw(B, T, E)
