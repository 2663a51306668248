"""The contract's entries for the trackers, for the contest's contenders, and for what these are made of."""

from functools import partial

import torch

from tests.contract.case import Case
from tests.contract.inputs import maps, once, tokens
from visual_attention.chapters.tracking.ask_mistakes import asked
from visual_attention.chapters.tracking.asked import Written
from visual_attention.chapters.tracking.controls import UniformTracker
from visual_attention.chapters.tracking.encoder import Encoder
from visual_attention.chapters.tracking.finders import (
    Convolutions,
    Correlation,
    FineCorrelation,
    LastPlace,
    Mixer,
    OneVector,
    Pixels,
)
from visual_attention.chapters.tracking.fusion import Finder, Head, JointBlock, OneStream
from visual_attention.chapters.tracking.leak import Blind
from visual_attention.chapters.tracking.trackers import AttentionTracker, CorrelationTracker, Tracker

SMALL = dict(width=4, dim=3)
ABSTRACT = {
    Tracker: "what all trackers share; those that are one say how they weigh",
    Finder: "what all contenders share; those that are one say how they answer",
}


def tracked(draw, batch, size):
    """Templates and search regions."""
    return draw.unit(batch, 3, 24, 24), draw.unit(batch, 3, *size)


def paired(draw, batch, size):
    """Packed pairs, and their tokens."""
    return draw.whole(0, 256, batch, 3, 48, 72).to(torch.uint8), draw.normal(batch, 80, 32)


def only_pairs(draw, batch, size):
    """Packed pairs."""
    return paired(draw, batch, size)[:1]


def found(kind, **options):
    """The entry of a contender."""
    return Case(kind, partial(kind, dim=6, **options), paired, sizes=((),))


CASES = [
    *(
        Case(
            kind,
            partial(kind, **SMALL),
            tracked,
            sizes=((8, 12), (2, 2)),
            verbs={"response": once, "scores": once},
            again=("features",),
            jumps=True,
        )
        for kind in (AttentionTracker, CorrelationTracker, UniformTracker)
    ),
    Case(Encoder, partial(Encoder, width=4, dim=5), maps(3), sizes=((12, 18), (6, 6))),
    Case(Head, partial(Head, 5, 7), lambda draw, b, size: (draw.normal(b, 64, 5),), sizes=((),)),
    Case(JointBlock, partial(JointBlock, 6), tokens(6), sizes=((5,), (1,), (8,))),
    Case(
        OneStream,
        partial(OneStream, dim=6),
        paired,
        sizes=((),),
        verbs={"weights": lambda inputs: inputs[1:]},
    ),
    found(Correlation),
    Case(
        FineCorrelation,
        partial(FineCorrelation, dim=8, frozen=False),
        only_pairs,
        sizes=((),),
        again=("own",),
    ),
    found(OneVector),
    found(Convolutions),
    found(Mixer),
    found(Blind, depth=1),
    Case(Pixels, Pixels, only_pairs, sizes=((),), jumps=True),
    Case(LastPlace, LastPlace, only_pairs, sizes=((),)),
    Case(Written, partial(Written, asked), paired, sizes=((),)),
]
