"""The contract's entries for the networks of the contest and of the exercise."""

from tests.contract.case import Case
from visual_attention.chapters.self_attention.mutual import Mutual, SameStart, TwoNamesSameStart
from visual_attention.chapters.self_attention.networks import (
    Alone,
    Bins,
    GridMixer,
    Layer,
    PlaceAttention,
    PlaceMixer,
    TwinFinder,
)
from visual_attention.chapters.self_attention.one_vector import OneVector, TwoNames
from visual_attention.chapters.self_attention.written import Written
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention

WIDTH = 12


def tokens(draw, b, size):
    return (draw.normal(b, 16, WIDTH),)


def plain(x, in_weight, in_bias, out_weight, out_bias, heads):
    values = (x @ in_weight.mT + in_bias)[..., 2 * x.shape[-1] :]
    return values @ out_weight.mT + out_bias


CASES = [
    Case(GridMixer, lambda: GridMixer(WIDTH, 3, 4), tokens, ((),)),
    Case(PlaceMixer, lambda: PlaceMixer(8), tokens, ((),)),
    Case(PlaceAttention, lambda: PlaceAttention(WIDTH, heads=3), tokens, ((),)),
    Case(Bins, lambda: Bins(WIDTH, 5), tokens, ((),)),
    Case(OneVector, lambda: OneVector(WIDTH, heads=3), tokens, ((),), again=("qkv",)),
    Case(TwoNames, lambda: TwoNames(WIDTH, 5), tokens, ((),)),
    Case(Mutual, lambda: Mutual(WIDTH, heads=3), tokens, ((),), again=("qkv",)),
    Case(SameStart, lambda: SameStart(WIDTH, heads=3), tokens, ((),), fused=True),
    Case(TwoNamesSameStart, lambda: TwoNamesSameStart(WIDTH, 5), tokens, ((),)),
    Case(Alone, lambda: Alone(WIDTH, 8), tokens, ((),)),
    Case(Layer, lambda: Layer(GridMixer(WIDTH, 3, 4), WIDTH), tokens, ((),)),
    Case(
        TwinFinder,
        lambda: TwinFinder(lambda: MultiHeadSelfAttention(WIDTH, heads=3), 3, width=WIDTH),
        lambda draw, b, size: (draw.unit(b, 3, *size),),
        sizes=((56, 56),),
        fused=True,
    ),
    Case(
        Written,
        lambda: Written(plain),
        lambda draw, b, size: (draw.whole(0, 10, b, 16), draw.whole(0, 6, b, 16)),
        ((),),
    ),
]
