"""The contract's entries for the networks of the contest, of the probes and of the exercise."""

from tests.contract.case import Case
from visual_attention.chapters.vision_transformer.block_mistakes import block
from visual_attention.chapters.vision_transformer.controls import (
    CoarseConvolution,
    OverlappingPatches,
    Shuffled,
)
from visual_attention.chapters.vision_transformer.networks import (
    Convolution,
    ConvolutionalStem,
    Mixer,
    MixerBlock,
    Pixels,
    Reader,
)
from visual_attention.chapters.vision_transformer.probes import AttentiveProbe, LinearProbe
from visual_attention.chapters.vision_transformer.written import Written

WIDTH = 12


def pictures(side):
    return lambda draw, b, size: (draw.unit(b, 1, side, side),)


def tokens(count, width):
    return lambda draw, b, size: (draw.normal(b, count, width),)


CASES = [
    Case(
        Reader,
        lambda: Reader(WIDTH, 2, 3),
        pictures(16),
        ((),),
        fused=True,
    ),
    Case(ConvolutionalStem, lambda: ConvolutionalStem(WIDTH), pictures(16), ((),)),
    Case(Convolution, lambda: Convolution(8), pictures(16), ((),)),
    Case(MixerBlock, lambda: MixerBlock(WIDTH, 8), tokens(16, WIDTH), ((),)),
    Case(Mixer, lambda: Mixer(WIDTH, 2), pictures(16), ((),)),
    Case(Pixels, Pixels, pictures(16), ((),)),
    Case(LinearProbe, lambda: LinearProbe("class token"), tokens(9, 32), ((),)),
    Case(LinearProbe, lambda: LinearProbe("mean of patches"), tokens(9, 32), ((),), variant="mean"),
    Case(AttentiveProbe, AttentiveProbe, tokens(9, 32), ((),)),
    Case(CoarseConvolution, lambda: CoarseConvolution(8), pictures(16), ((),)),
    Case(OverlappingPatches, lambda: OverlappingPatches(WIDTH), pictures(16), ((),)),
    Case(Shuffled, lambda: Shuffled(Convolution(8)), pictures(16), ((),)),
    Case(Written, lambda: Written(block), pictures(8), ((),)),
]
