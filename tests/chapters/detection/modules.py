"""The contract's entries for the detectors."""

from tests.contract.case import Case
from tests.contract.inputs import TOKENS, maps
from visual_attention.chapters.detection.grid import GridAttention, GridDetector
from visual_attention.chapters.detection.transformer import (
    CrossAttention,
    DecoderLayer,
    DetectionTransformer,
    EncoderLayer,
)

D = 12
EIGHTHS = ((8, 16), (8, 8), (24, 8))  # the image is halved three times


def detector(**parts):
    """A grid detector on a stem of few channels."""
    return GridDetector(3, channels=(4, 4, 8), depth=2, **parts)


def decoded(draw, batch, size):
    """Queries, where each stands, a memory, where each of its places lies."""
    return draw.normal(batch, 4, D), draw.normal(4, D), draw.normal(batch, *size, D), draw.normal(*size, D)


CASES = [
    Case(
        CrossAttention,
        lambda: CrossAttention(D, heads=3),
        lambda draw, b, size: (draw.normal(b, 4, D), draw.normal(b, *size, D), draw.normal(b, *size, D)),
        TOKENS,
        verbs={"weights": lambda inputs: inputs[:2]},
        fused=True,
    ),
    Case(
        EncoderLayer,
        lambda: EncoderLayer(D, heads=3),
        lambda draw, b, size: (draw.normal(b, *size, D), draw.normal(*size, D)),
        TOKENS,
        shared=(1,),
        fused=True,
    ),
    Case(
        DecoderLayer,
        lambda: DecoderLayer(D, heads=3),
        decoded,
        TOKENS,
        shared=(1, 3),
        fused=True,
    ),
    Case(
        DetectionTransformer,
        lambda: DetectionTransformer(3, queries=4, channels=(4, 4, 8), heads=2, decoders=1),
        maps(3),
        EIGHTHS,
        again=("about",),
        fused=True,
    ),
    Case(
        GridAttention,
        lambda: GridAttention(D, heads=3, grid=(2, 3)),
        maps(D),
        sizes=((2, 3),),
        fused=True,
    ),
    Case(GridDetector, detector, maps(3), EIGHTHS, verbs={}),
    Case(
        GridDetector,
        lambda: detector(middle=GridAttention(8, heads=2, grid=(1, 2))),
        maps(3),
        EIGHTHS[:1],
        variant="with attention",
        fused=True,
    ),
]
