"""Checks for the exercises on spatial attention.

Chapter: notebooks/mechanisms/spatial.ipynb
"""

from collections.abc import Callable

from visual_attention import cue_task
from visual_attention.chapters.spatial import mistakes as wrong
from visual_attention.exercises.properties import examined
from visual_attention.exercises.report import About, Check
from visual_attention.training import seeded

MAP = {"B images": 2, "C channels": 5, "H rows": 3, "W columns": 7}


@examined(
    points=3,
    right=wrong.pooled,
    axes=MAP,
    name="your maps",
    mistakes=wrong.POOL,
    gradients=("x",),
    about=About("Can you pool the channels away?", "pooling over channels", 5, "warm-up"),
)
def check_pool_channels(draw, B, C, H, W):
    """(B, C, H, W) becomes (B, 2, H, W): the average and the maximum over the channels."""
    return draw(B, C, H, W)


def learns(student: Callable, check: Check) -> None:
    """Whether the chapter's reader learns the place's cue around the answer."""
    with seeded(0):
        gate = cue_task.Written(check.part_of_network(student), (1, 2, 7, 7))
    share = cue_task.learn(gate, "place", width=16, steps=200, rate=1e-2)
    told = f"it reads {share:.0f} % of unseen digits after 200 steps; without a gate it reads about 55 %."
    check.that(
        share > 75,
        points=2,
        good=f"The chapter's network around your gate learns to find the place: {told}",
        bad=f"The chapter's network around your gate does not learn to find the place: {told}",
    )


@examined(
    points=6,
    right=wrong.gated,
    axes={"B images": 2, "C channels": 5, "H rows": 7, "W columns": 9},
    mistakes=wrong.GATE,
    gradients=("x", "kernel"),
    after=(2, learns),
    about=About("Make it learn: can you gate the places?", "CBAM's spatial attention, trained", 15),
)
def check_spatial_gate(draw, B, C, H, W):
    """The input gated by sigmoid(convolution) of its channels' average and maximum."""
    size = draw.one_of(5, 3, 1)
    return draw(B, C, H, W), draw.fixed(1, 2, size, size) / size


@examined(
    points=3,
    right=wrong.which_where,
    axes=MAP,
    mistakes=wrong.ORDER,
    gradients=("x",),
    about=About("Which first, where second?", "CBAM's order", 8),
)
def check_which_then_where(draw, B, C, H, W):
    """CBAM: gate by which(x), then gate the result by where of the result."""
    return draw(B, C, H, W), wrong.which_channels, wrong.which_places


@examined(
    points=3,
    right=wrong.sides,
    axes=MAP,
    name="your averages",
    mistakes=wrong.SIDES,
    gradients=("x",),
    about=About("What does coordinate attention see?", "coordinate attention", 10, "takes thought"),
)
def check_rows_and_columns(draw, B, C, H, W):
    """(B, C, H, W) becomes (B, C, H + W): the average of each row, then of each column."""
    return draw(B, C, H, W)
