"""The contract's entries for what makes pictures out of noise."""

import torch

from tests.contract.case import Case
from tests.contract.inputs import TOKENS, tokens
from visual_attention.chapters.generation.best_velocity import BestVelocity
from visual_attention.chapters.generation.cutting import CutAttention
from visual_attention.chapters.generation.mixing import NeighbourMixer, WideMixer
from visual_attention.chapters.generation.transformer import TimedLayer, VelocityTransformer
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention

D = 12


def timed(channels: int):
    """Half-made pictures and a time for each."""
    return lambda draw, b, size: (draw.normal(b, channels, *size), draw.unit(b))


CASES = [
    Case(
        TimedLayer,
        lambda: TimedLayer(D, mixer=MultiHeadSelfAttention(D, heads=3), told=8),
        lambda draw, b, size: (draw.normal(b, *size, D), draw.normal(b, 8)),
        TOKENS,
        again=("steer",),
        fused=True,
    ),
    Case(
        VelocityTransformer,
        lambda: VelocityTransformer((4, 6), patch=2, dim=D, depth=1, heads=3),
        timed(3),
        sizes=((4, 6),),
        again=("steer",),
        fused=True,
    ),
    Case(
        BestVelocity,
        lambda: BestVelocity(torch.randn(5, 2, 3, 4)),
        timed(2),
        sizes=((3, 4),),
    ),
    Case(
        CutAttention,
        lambda: CutAttention(MultiHeadSelfAttention(D, heads=3), torch.eye(5, dtype=torch.bool).roll(1, 0)),
        tokens(D),
        TOKENS[:1],
        fused=True,
    ),
    Case(NeighbourMixer, lambda: NeighbourMixer((2, 3), D, middle=4), tokens(D), ((6,),)),
    Case(WideMixer, lambda: WideMixer((2, 3), D, middle=8), tokens(D), ((6,),)),
]
