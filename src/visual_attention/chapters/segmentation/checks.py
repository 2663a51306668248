"""Checks for the exercises on segmentation.

Chapter: notebooks/applications/segmentation.ipynb
"""

from collections.abc import Callable

import torch

from visual_attention.chapters.segmentation import look_mistakes as wrong_looks
from visual_attention.chapters.segmentation import mistakes as wrong
from visual_attention.chapters.segmentation import written
from visual_attention.exercises.means import ATTENTION
from visual_attention.exercises.properties import examined, special
from visual_attention.exercises.report import About, Check

MASKS = {"B images": 3, "H rows": 5, "W columns": 7}


@examined(
    points=3,
    right=wrong.dice,
    axes=MASKS,
    name="your scores",
    mistakes=wrong.DICE,
    about=About("How much do two masks agree?", "overlap of masks", 8, "warm-up"),
)
def check_dice_score(draw, B, H, W):
    """Two batches of masks (B, 1, H, W) become their Dice scores, (B,)."""
    predicted, true = draw.mask(B, 1, H, W), draw.mask(B, 1, H, W, share=0.3)
    yield predicted, true
    yield special(1, "where masks are empty", *emptied(predicted, true))


def emptied(one, other):
    """Three images more: both masks empty, then one, then the other."""
    nothing, some = torch.zeros_like(one[:1]), one[:1]
    return torch.cat([one, nothing, nothing, some]), torch.cat([other, nothing, some, nothing])


@examined(
    points=4,
    right=wrong.gated,
    axes={
        "B images": 2,
        "C channels": 5,
        "D coarse channels": 3,
        "M numbers": 4,
        "h rows": 7,
        "w columns": 11,
    },
    name="your gated map",
    mistakes=wrong.GATE,
    gradients=("x", "coarse"),
    about=About("What passes the bridge?", "additive attention gates", 15),
)
def check_attention_gate(draw, B, C, D, M, h, w):
    """A fine map gated by what it and a coarser map say together, by Oktay et al.'s formula."""
    matrices = draw.fixed(M, C, 2, 2), draw.fixed(M, D, 1, 1), draw.fixed(1, M, 1, 1)
    return draw(B, C, 2 * h, 2 * w), draw(B, D, h, w), *matrices


@examined(
    points=4,
    right=wrong.channel_attention,
    axes={"B images": 3, "C channels": 5, "H rows": 7, "W columns": 2},
    name="your mixture",
    mistakes=wrong.CHANNELS,
    gradients=("x",),
    about=About("Can channels look at channels?", "self-attention among channels", 12),
)
def check_channel_attention(draw, B, C, H, W):
    """Features plus, times a gain, each channel's weighted mean of all channels, (B, C, H, W)."""
    return draw(B, C, H, W), draw.one_of(0.7, -0.4)


@examined(
    points=4,
    right=wrong_looks.forbidden,
    axes={"B images": 3, "T queries": 5, "N keys": 7},
    name="your weights",
    mistakes=wrong_looks.FORBIDDEN,
    about=About("Can you forbid a look?", "an intervention on attention: keys forbidden", 12),
)
def check_forbidden_keys(draw, B, T, N):
    """Weights (B, T, N) whose rows sum to 1, and forbidden keys (B, N), become weights without them."""
    weights = draw.shares(B, T, N) * 0.9 + 0.1 / N
    yield weights, draw.mask(B, N, share=0.4) & (torch.arange(N) > 0)
    one = torch.zeros(B, T, N)
    one[:, :, 0] = 1  # everything on one key, which is then forbidden
    only = (torch.arange(N) == 0).expand(B, N).clone()
    yield special(1, "where all that a query took was forbidden", one, only)


def learns(student: Callable, check: Check) -> None:
    """Whether a decoder with such a look learns to answer clicks, and whether it hangs on the look."""
    part = check.part_of_network(student)
    model = written.learn(part)
    found, blind = written.score(model), written.score(model, even=True)
    told = f"on unseen pictures its mean IoU is {found:.2f}"
    check.that(
        found > written.WANTED,
        points=1,
        good=f"A decoder with your look learns to answer a click: {told}.",
        bad=f"A decoder with your look hardly learns to answer a click: {told}.",
    )
    told = f"with all keys made equal, so that it cannot tell places apart, {found:.2f} becomes {blind:.2f}"
    check.that(
        found - blind > written.LOST,
        points=1,
        good=f"And its answers hang on where it looks: {told}.",
        bad=f"Its answers hardly hang on where it looks: {told}.",
    )


@examined(
    points=4,
    right=wrong.outline_score,
    axes={"B images": 3, "H rows": 11, "W columns": 7},
    name="your F-scores",
    mistakes=wrong.OUTLINE,
    draws=3,
    about=About("How good is an outline?", "a score of outlines with a tolerance", 25, "takes thought"),
)
def check_outline_score(draw, B, H, W):
    """Two batches of outlines (B, 1, H, W) and a tolerance in pixels become F-scores, (B,)."""
    found, wanted = draw.mask(B, 1, H, W, share=0.08), draw.mask(B, 1, H, W, share=0.08)
    tolerance = draw.one_of(1.0, 2.0, 1.5, 0, 3.2)
    yield found, wanted, tolerance
    yield special(1, "where outlines are empty", *emptied(found, wanted), tolerance)


@examined(
    points=6,
    right=wrong_looks.looks,
    axes={"B images": 3, "N places": 7, "D numbers": 5, "E values": 2},
    name="what your queries get",
    mistakes=wrong_looks.LOOKS,
    gradients=("query", "keys", "values"),
    without=(ATTENTION,),
    after=(2, learns),
    about=About(
        "Make it learn: can a click look?", "cross-attention of a click, trained", 25, "takes thought"
    ),
)
def check_click_looks(draw, B, N, D, E):
    """A query (B, D), keys (B, N, D) and values (B, N, E) become what the query gets, (B, E)."""
    return draw(B, D), draw(B, N, D), draw(B, N, E)
