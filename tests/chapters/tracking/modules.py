"""The contract's entries for the trackers."""

from functools import partial

from tests.contract.case import Case
from tests.contract.inputs import once
from visual_attention.chapters.tracking.controls import BlindTracker, ProductTracker, UniformTracker
from visual_attention.chapters.tracking.trackers import AttentionTracker, CorrelationTracker, Tracker

SMALL = dict(width=4, dim=3)
ABSTRACT = {Tracker: "what all trackers share; those that are one say how they weigh"}


def tracked(draw, batch, size):
    """Templates and search regions."""
    return draw.unit(batch, 3, 24, 24), draw.unit(batch, 3, *size)


CASES = [
    Case(
        kind,
        partial(kind, **SMALL),
        tracked,
        sizes=((8, 12), (2, 2)),
        verbs={"response": once, "scores": once},
        again=("features",),
        jumps=True,
    )
    for kind in (AttentionTracker, CorrelationTracker, UniformTracker, ProductTracker, BlindTracker)
]
