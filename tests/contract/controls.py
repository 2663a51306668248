"""The networks of the claims and their controls."""

from tests.contract.case import Cannot, Case
from tests.contract.chapters import pairs
from tests.contract.mechanisms import TOKENS, C, D, maps, tokens
from visual_attention.experiments import cues
from visual_attention.experiments.claims import hard, hard_choice, segmentation, self_attention, soft
from visual_attention.mechanisms.channel import SqueezeExcitation
from visual_attention.mechanisms.glimpses import GlimpseSensor
from visual_attention.mechanisms.patch_choice import gumbel_choice_loss
from visual_attention.mechanisms.soft import SoftAttentionPool

RANDOM = {"vmap": Cannot("random", RuntimeError, "random")}
WIDTH = self_attention.WIDTH


def chosen(kind, **parts):
    return lambda: kind(gumbel_choice_loss, **parts)


CASES = [
    Case(
        cues.CueReader,
        lambda: cues.CueReader(6, 4, slot=lambda c: SqueezeExcitation(c, reduction=1), second=3),
        maps(3),
        sizes=((4, 6),),
    ),
    Case(
        soft.ClutterReader,
        lambda: soft.ClutterReader(4, pool=SoftAttentionPool(4, 3)),
        maps(1),
        sizes=((8, 12), (4, 4), (5, 7)),
    ),
    Case(soft.AveragePool, soft.AveragePool, maps(C)),
    Case(soft.MaxPool, soft.MaxPool, maps(C)),
    Case(soft.GatePool, lambda: soft.GatePool(C, 3), maps(C)),
    Case(
        soft.ShuffledPool,
        lambda: soft.ShuffledPool(C, 3),
        maps(C),
        mixes="random",
        random=True,
        cannot=RANDOM,
    ),
    Case(
        self_attention.UniformAttention, lambda: self_attention.UniformAttention(D, heads=3), tokens, TOKENS
    ),
    Case(
        self_attention.GridMixer,
        lambda: self_attention.GridMixer(3, 4),
        lambda draw, b, size: (draw.normal(b, 16, WIDTH),),
        ((),),
    ),
    Case(
        self_attention.Layer,
        lambda: self_attention.Layer(self_attention.GridMixer(3, 4)),
        lambda draw, b, size: (draw.normal(b, 16, WIDTH),),
        ((),),
    ),
    Case(
        self_attention.GridNetwork,
        lambda: self_attention.GridNetwork(
            self_attention.patches(), lambda: self_attention.UniformAttention(WIDTH, heads=4), 3
        ),
        lambda draw, b, size: (draw.unit(b, 3, *size),),
        sizes=((56, 56),),
    ),
    Case(
        hard.RandomGlimpses,
        lambda: hard.RandomGlimpses(3, glimpses=2, sensor=GlimpseSensor(2, scales=2), dim=8),
        maps(1),
        again=("glimpse", "recur", "locate", "expect", "classify"),
        verbs={"locations": lambda inputs: inputs},
        mixes="random",
        random=True,
        cannot=RANDOM,
    ),
    Case(
        hard_choice.Reader,
        chosen(hard_choice.Reader),
        maps(1),
        sizes=((32, 32),),
        silent={"expect": "is the baseline, which only the loss asks"},
        jumps=True,
    ),
    Case(
        hard_choice.Reader,
        chosen(hard_choice.Reader, soft=True),
        maps(1),
        sizes=((32, 32),),
        variant="soft",
        silent={"expect": "is the baseline, which only the loss asks"},
    ),
    Case(
        hard_choice.RandomCell,
        chosen(hard_choice.RandomCell),
        maps(1),
        sizes=((32, 32),),
        silent={"expect": "is the baseline, which only the loss asks"},
        mixes="random",
        random=True,
        cannot=RANDOM,
    ),
    Case(
        segmentation.EvenDual,
        lambda: segmentation.EvenDual(9),
        maps(9),
        silent={
            "position": "each place takes alike from all places",
            "position.query_conv": "each place takes alike from all places",
            "position.key_conv": "each place takes alike from all places",
            "channel": "each channel from all channels",
        },
    ),
    Case(segmentation.EvenGate, lambda: segmentation.EvenGate(4, 6, mid_channels=3), pairs),
]
