"""Checks for the exercises on segmentation.

Chapter: notebooks/applications/segmentation.ipynb
"""

import torch

from visual_attention.chapters.segmentation import mistakes as wrong
from visual_attention.exercises.properties import examined, special

MASKS = {"B images": 3, "H rows": 5, "W columns": 7}


@examined(points=3, right=wrong.dice, axes=MASKS, name="your scores", mistakes=wrong.DICE)
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
)
def check_channel_attention(draw, B, C, H, W):
    """Features plus, times a gain, each channel's weighted mean of all channels, (B, C, H, W)."""
    return draw(B, C, H, W), draw.one_of(0.7, -0.4)


@examined(
    points=4,
    right=wrong.outline_score,
    axes={"B images": 3, "H rows": 11, "W columns": 7},
    name="your F-scores",
    mistakes=wrong.OUTLINE,
    draws=3,
)
def check_outline_score(draw, B, H, W):
    """Two batches of outlines (B, 1, H, W) and a tolerance in pixels become F-scores, (B,)."""
    found, wanted = draw.mask(B, 1, H, W, share=0.08), draw.mask(B, 1, H, W, share=0.08)
    tolerance = draw.one_of(1.0, 2.0, 1.5, 0, 3.2)
    yield found, wanted, tolerance
    yield special(1, "where outlines are empty", *emptied(found, wanted), tolerance)
