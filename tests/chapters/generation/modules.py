"""The contract's entries for what makes pictures out of noise, and words."""

import torch

from tests.contract.case import Case
from tests.contract.inputs import TOKENS, tokens
from visual_attention.chapters.generation import mixing, others
from visual_attention.chapters.generation.best_velocity import BestVelocity
from visual_attention.chapters.generation.cutting import CutAttention
from visual_attention.chapters.generation.judge import Judge
from visual_attention.chapters.generation.moving_claims import Contestant
from visual_attention.chapters.generation.moving_cuts import ChangedAttention
from visual_attention.chapters.generation.transformer import TimedLayer, VelocityTransformer
from visual_attention.chapters.generation.word_mistakes import asked
from visual_attention.chapters.generation.word_transformer import AskWords, WordedLayer, WordTransformer
from visual_attention.chapters.generation.written import WrittenAsk
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention

D = 12
SMALL = {"patch": 2, "dim": D, "depth": 1, "heads": 3}


def timed(channels: int):
    """Half-made pictures and a time for each."""
    return lambda draw, b, size: (draw.normal(b, channels, *size), draw.unit(b))


def told(draw, b, size):
    """Half-made pictures, a time and a sentence for each."""
    return draw.normal(b, 3, *size), draw.unit(b), draw.whole(0, 18, b, 5)


def patches_and_words(draw, b, size):
    return draw.normal(b, *size, D), draw.normal(b, 5, D)


def halved(weights):
    """A change of weights that keeps their sum."""
    return 0.5 * weights + 0.5 * weights.roll(1, dims=-1)


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
        lambda: VelocityTransformer((4, 6), **SMALL),
        timed(3),
        sizes=((4, 6),),
        again=("steer",),
        fused=True,
    ),
    Case(
        Contestant,
        lambda: Contestant((4, 6), **SMALL),
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
    Case(
        ChangedAttention,
        lambda: ChangedAttention(MultiHeadSelfAttention(D, heads=3), halved),
        tokens(D),
        TOKENS,
        again=("qkv",),
    ),
    Case(mixing.NeighbourMixer, lambda: mixing.NeighbourMixer((2, 3), D, middle=4), tokens(D), ((6,),)),
    Case(mixing.WideMixer, lambda: mixing.WideMixer((2, 3), D, middle=8), tokens(D), ((6,),)),
    Case(mixing.PlaceMixer, lambda: mixing.PlaceMixer(6, middle=8), tokens(D), ((6,),)),
    Case(mixing.LargestOfAll, lambda: mixing.LargestOfAll(D, middle=8), tokens(D), TOKENS),
    Case(mixing.PlaceAttention, lambda: mixing.PlaceAttention(6, D, heads=3), tokens(D), ((6,),)),
    Case(
        others.OthersAttention,
        lambda: others.OthersAttention(D, heads=3),
        tokens(D),
        ((5,), (8,)),
        again=("qkv",),
    ),
    Case(others.LargestOfOthers, lambda: others.LargestOfOthers(D, middle=8), tokens(D), ((5,), (8,))),
    Case(others.Bins, lambda: others.Bins(D, bins=4), tokens(D), TOKENS),
    Case(AskWords, lambda: AskWords(D, heads=3), patches_and_words, TOKENS),
    Case(WrittenAsk, lambda: WrittenAsk(D, asked), patches_and_words, TOKENS),
    Case(
        WordedLayer,
        lambda: WordedLayer(D, heads=3, told=8),
        lambda draw, b, size: (draw.normal(b, *size, D), draw.normal(b, 8), draw.normal(b, 5, D)),
        TOKENS,
        again=("steer",),
        fused=True,
    ),
    Case(
        WordTransformer,
        lambda: WordTransformer((4, 6), **SMALL),
        told,
        sizes=((4, 6),),
        again=("steer",),
        fused=True,
    ),
    Case(Judge, Judge, lambda draw, b, size: (draw.unit(b, 1, *size),), sizes=((8, 8),)),
]
