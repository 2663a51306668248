"""The contract's entries for the networks that are explained, and for the reader of their weights."""

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.explanation.networks import (
    ConvolutionalStem,
    SmallConvolutional,
    SmallTransformer,
)
from visual_attention.chapters.explanation.other_weights import Guided

IMAGE = ((24, 24),)

CASES = [
    Case(ConvolutionalStem, lambda: ConvolutionalStem(8), maps(1), sizes=((8, 12), (4, 4))),
    Case(
        SmallTransformer,
        SmallTransformer,
        maps(1),
        sizes=IMAGE,
        silent={"transformer": "The transformer is called in parts"},
        fused=True,
    ),
    Case(SmallConvolutional, SmallConvolutional, maps(1), sizes=IMAGE),
    Case(
        Guided,
        Guided,
        lambda draw, batch, size: (draw.unit(batch, 1, *size), draw.unit(batch, 36)),
        sizes=IMAGE,
    ),
]
