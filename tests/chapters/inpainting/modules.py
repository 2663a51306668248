"""The contract's entries for what fills holes."""

import torch

from tests.contract.case import BY_ITS_NUMBERS, Cannot, Case
from visual_attention.chapters.inpainting.contest import Entry
from visual_attention.chapters.inpainting.contextual import ContextualAttention, ContextualInpainter
from visual_attention.chapters.inpainting.peeling import PeelingAttention
from visual_attention.chapters.inpainting.placed import PlacedCopies
from visual_attention.chapters.inpainting.scores import BiharmonicFill, MeanFill

OUT_OF_TORCH = {
    "jacrev": Cannot("Looks at numbers", RuntimeError, "storage"),
    "second": Cannot("Looks at numbers", ValueError, "shorter"),  # no result has a gradient
}


def holes(channels: int):
    return lambda draw, b, size: (draw.unit(b, channels, *size), draw.hole(b, *size))


def seen(draw, b, size):
    """A picture with its hole as a fourth channel."""
    picture, hole = holes(3)(draw, b, size)
    return (torch.cat([picture, hole.to(picture.dtype)], dim=1),)


CASES = [
    Case(Entry, lambda: Entry(ContextualInpainter(None, channels=4)), seen, sizes=((8, 6), (2, 2)), verbs={}),
    Case(MeanFill, MeanFill, holes(2)),
    Case(
        BiharmonicFill,
        BiharmonicFill,
        holes(2),
        sizes=((7, 5), (5, 5)),
        cannot=BY_ITS_NUMBERS | OUT_OF_TORCH,
    ),
    Case(
        ContextualAttention,
        lambda: ContextualAttention(patch=3),
        holes(2),
        sizes=((7, 8), (7, 7)),
        cannot=BY_ITS_NUMBERS,
    ),
    Case(
        ContextualInpainter,
        lambda: ContextualInpainter(None, channels=4),
        holes(3),
        sizes=((8, 6), (2, 2)),
        variant="without attention",
        verbs={},
    ),
    Case(
        ContextualInpainter,
        lambda: ContextualInpainter(ContextualAttention(patch=3), channels=4),
        holes(3),
        sizes=((14, 16),),
        cannot=BY_ITS_NUMBERS,
    ),
    Case(
        PlacedCopies,
        lambda: PlacedCopies((4, 5)),
        holes(2),
        sizes=((4, 5),),
        cannot=BY_ITS_NUMBERS,
    ),
    Case(
        PeelingAttention,
        lambda: PeelingAttention(patch=3),
        holes(2),
        sizes=((7, 8),),
        jumps=True,
        cannot=BY_ITS_NUMBERS,
    ),
]
