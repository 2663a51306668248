"""The contract's entries for the mechanisms, each small enough to be compiled in a moment."""

from torch.autograd.gradcheck import GradcheckError

from tests.contract.case import Cannot, Case
from tests.contract.inputs import TOKENS, maps, once, tokens
from visual_attention.mechanisms.cbam import CBAM, BottleneckAttention
from visual_attention.mechanisms.channel import ChannelAttention, EfficientChannelAttention, SqueezeExcitation
from visual_attention.mechanisms.glimpses import GlimpseNetwork, GlimpseSensor, LocationNetwork
from visual_attention.mechanisms.hard import RecurrentAttentionModel
from visual_attention.mechanisms.label_propagation import LabelPropagation
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
from visual_attention.mechanisms.patch_choice import PatchChoice
from visual_attention.mechanisms.positions import LearnedPositions
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention, SelfAttention
from visual_attention.mechanisms.slots import AveragePool, ConvNet, Empty, FixedGate, Shuffled
from visual_attention.mechanisms.soft import SoftAttention, SoftAttentionPool
from visual_attention.mechanisms.spatial import CoordinateAttention, SpatialAttention
from visual_attention.mechanisms.uniform_attention import UniformAttention
from visual_attention.mechanisms.vision_transformer import (
    MLP,
    LayerScale,
    PatchEmbedding,
    TransformerBlock,
    VisionTransformer,
    VisionTransformerClassifier,
)

C, D = 9, 12
ANOTHER_IMAGE = "another image of its batch"
NO_GRADIENT = {"second": Cannot("Places carry no gradient", GradcheckError, "Jacobian mismatch")}


def looked_at(channels: int):
    """Images and a place in each."""
    return lambda draw, batch, size: (draw.unit(batch, channels, *size), 2 * draw.unit(batch, 2) - 1)


def known_frames(draw, batch, size):
    """A frame, two known ones with fewer patches, and three labels for each of their patches."""
    return draw.normal(batch, *size, D), draw.normal(batch, 2, 4, D), draw.unit(batch, 2, 4, 3)


def small_glimpses():
    return RecurrentAttentionModel(3, glimpses=2, sensor=GlimpseSensor(2, scales=2), dim=8)


def transformer(**other):
    return VisionTransformer((6, 9), patch_size=3, dim=D, depth=2, heads=3, channels=2, **other)


CASES = [
    Case(SoftAttention, lambda: SoftAttention(C, 4, 1), maps(C)),
    Case(SoftAttention, lambda: SoftAttention(C, 4, C), maps(C), variant="map of each channel"),
    Case(SoftAttentionPool, lambda: SoftAttentionPool(C, 4, temperature=0.7), maps(C)),
    Case(
        GlimpseSensor,
        lambda: GlimpseSensor(3, scales=2),
        looked_at(2),
    ),
    Case(
        GlimpseNetwork,
        lambda: GlimpseNetwork(GlimpseSensor(3, scales=2), channels=2, hidden=5, out=7),
        looked_at(2),
    ),
    Case(
        LocationNetwork, lambda: LocationNetwork(D), lambda draw, b, size: (draw.normal(b, D),), sizes=((),)
    ),
    Case(
        RecurrentAttentionModel,
        small_glimpses,
        maps(1),
        again=("glimpse", "recur", "locate", "expect", "classify"),
        verbs={"locations": once},
        cannot=NO_GRADIENT,
    ),
    Case(
        PatchChoice,
        lambda: PatchChoice(3, patch=2, image_size=4, overview=2, hidden=5),
        maps(1),
        sizes=((4, 4),),
        silent={"expect": "is the baseline, which only the loss asks"},
        jumps=True,
    ),
    Case(SelfAttention, lambda: SelfAttention(C), maps(C), fused=True),
    Case(
        SelfAttention,
        lambda: SelfAttention(17, scaled=False, residual=False),
        maps(17),
        variant="the article's",
        fused=True,
    ),
    Case(MultiHeadSelfAttention, lambda: MultiHeadSelfAttention(D, heads=3), tokens(D), TOKENS, fused=True),
    Case(UniformAttention, lambda: UniformAttention(D, heads=3), tokens(D), TOKENS),
    Case(
        LabelPropagation,
        lambda: LabelPropagation(most=3, temperature=0.5),
        known_frames,
        TOKENS,
        verbs={"weights": lambda inputs: inputs[:2]},
        jumps=True,
    ),
    Case(NonLocalBlock, lambda: NonLocalBlock(C), maps(C), fused=True),
    Case(LearnedPositions, lambda: LearnedPositions(5, D), tokens(D), TOKENS[:1]),
    Case(
        PatchEmbedding,
        lambda: PatchEmbedding(3, dim=D, channels=2),
        maps(2),
        sizes=((6, 9), (3, 3)),
    ),
    Case(LayerScale, lambda: LayerScale(D), tokens(D), TOKENS),
    Case(MLP, lambda: MLP(D), tokens(D), TOKENS),
    Case(TransformerBlock, lambda: TransformerBlock(D, heads=3), tokens(D), TOKENS, fused=True),
    Case(VisionTransformer, transformer, maps(2), sizes=((6, 9), (3, 3), (9, 9)), fused=True),
    Case(
        VisionTransformer,
        lambda: transformer(registers=2, offset=0.0, antialias=True),
        maps(2),
        sizes=((9, 6), (3, 3)),
        variant="with registers, stretched",
        fused=True,
    ),
    Case(
        VisionTransformerClassifier,
        lambda: VisionTransformerClassifier(transformer(), classes=4),
        maps(2),
        sizes=((9, 6),),
        fused=True,
    ),
    Case(SqueezeExcitation, lambda: SqueezeExcitation(C, reduction=3), maps(C)),
    Case(
        SqueezeExcitation, lambda: SqueezeExcitation(C, reduction=3, bias=True), maps(C), variant="with bias"
    ),
    Case(EfficientChannelAttention, lambda: EfficientChannelAttention(C), maps(C)),
    Case(ChannelAttention, lambda: ChannelAttention(C, reduction=3), maps(C), again=("reduce",)),
    Case(SpatialAttention, lambda: SpatialAttention(3), maps(C)),
    Case(SpatialAttention, lambda: SpatialAttention(3, norm=True), maps(C), variant="norm"),
    Case(CoordinateAttention, lambda: CoordinateAttention(C), maps(C)),
    Case(CBAM, lambda: CBAM(C, reduction=3, kernel_size=3), maps(C), again=("reduce",)),
    Case(BottleneckAttention, lambda: BottleneckAttention(C, reduction=3, dilation=2), maps(C)),
    Case(
        ConvNet,
        lambda: ConvNet(4, slot=lambda c: BottleneckAttention(c, reduction=2), widths=(4, 6), in_channels=2),
        maps(2),
        sizes=((4, 6), (2, 2), (5, 5)),
    ),
    Case(Empty, lambda: Empty(C), maps(C)),
    Case(AveragePool, lambda: AveragePool(C), maps(C)),
    Case(FixedGate, lambda: FixedGate(C), maps(C)),
    Case(
        Shuffled,
        lambda: Shuffled(SqueezeExcitation(C, reduction=3)),
        maps(C),
        silent={"gate": "asked for its weights, not for its output"},
        mixes=ANOTHER_IMAGE,
    ),
]
