"""Checks for the exercises on channel attention.

Chapter: notebooks/mechanisms/channel.ipynb
"""

from collections.abc import Callable

from visual_attention import cue_task
from visual_attention.chapters.channel import mistakes as wrong
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check
from visual_attention.training import seeded

GATED = {"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7, "hidden units": 11}


def network(draw, B, C, H, W, hidden):
    """A feature map and two matrices, so drawn that some hidden units are shut and some open."""
    x = 2 * draw(B, C, H, W) + draw.fixed(B, C, 1, 1)
    return x, draw.fixed(hidden, C), draw.fixed(C, hidden)


@examined(
    points=4,
    right=wrong.excite,
    axes=GATED,
    mistakes=wrong.EXCITE,
    gradients=("x", "first", "second"),
    about=About("Can you squeeze and excite?", "squeeze and excitation", 12),
)
def check_squeeze_excite(draw, B, C, H, W, hidden):
    """Gate the channels of (B, C, H, W) by sigmoid(second relu(first average))."""
    return network(draw, B, C, H, W, hidden)


@examined(
    points=3,
    right=wrong.shuffled,
    axes={"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7},
    mistakes=wrong.SHUFFLE,
    about=About("Can you make confetti?", "a permutation of places as a control", 8),
)
def check_shuffle_places(draw, B, C, H, W):
    """The places of (B, C, H, W) in a new order, the same for each channel and image."""
    return draw(B, C, H, W), draw.order(H * W)


@examined(
    points=3,
    right=wrong.window,
    axes={},
    name="your window",
    mistakes=wrong.WINDOW,
    draws=1,
    about=About("How long is ECA's window?", "ECA's window", 10),
)
def check_eca_kernel_size(draw):
    """The odd number nearest to (log2(C) + offset) / gamma, upwards from the middle."""
    yield from (1, 2, 8, 16, 32, 64, 100, 128, 256, 512, 2048)
    yield 1 + int(draw.whole(4000))
    for given in ((64, 1.0, 1.0), (64, 2.0, 3.0), (1000, 3.0, 0.0), (2048, 1.5, 2.0), (2, 2, 3)):
        yield special(1, "for another gamma and offset", *given)


def learns(student: Callable, check: Check) -> None:
    """Whether the chapter's reader learns the colour's cue around the answer."""
    with seeded(0):
        gate = cue_task.Written(check.part_of_network(student), (3,))
    share = cue_task.learn(gate, "colour", width=24, steps=384, rate=3e-2)
    told = f"it reads {share:.0f} % of unseen digits after 384 steps; without a gate it reads about 61 %."
    check.that(
        share > 75,
        points=2,
        good=f"The chapter's network around your gate learns to find the colour: {told}",
        bad=f"The chapter's network around your gate does not learn to find the colour: {told}",
    )


@examined(
    points=6,
    right=wrong.efficient,
    axes={"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7},
    mistakes=wrong.EFFICIENT,
    gradients=("x", "window"),
    after=(2, learns),
    about=About(
        "Make it learn: can you write ECA?",
        "efficient channel attention, trained in a network",
        20,
        "takes thought",
    ),
)
def check_efficient_gates(draw, B, C, H, W):
    """The map gated by sigmoid(a window that slides along the channels' averages): (B, C, H, W)."""
    return 2 * draw(B, C, H, W) + draw.fixed(B, C, 1, 1), draw.fixed(draw.one_of(3, 5))
