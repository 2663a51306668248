"""The chapters' networks and what they are made of, each as small as it can be."""

from functools import partial

import torch

from tests.contract.case import Cannot, Case
from tests.contract.mechanisms import TOKENS, maps, tokens
from visual_attention.applications import classification, cross_attention, detection, question_answering
from visual_attention.applications.best_velocity import BestVelocity
from visual_attention.applications.cell_reader import CellReader
from visual_attention.applications.cutting import CutAttention
from visual_attention.applications.generation import TimedLayer, VelocityTransformer
from visual_attention.applications.grid_detector import GridAttention, GridDetector
from visual_attention.applications.hole_scores import BiharmonicFill, MeanFill
from visual_attention.applications.inpainting import ContextualAttention, ContextualInpainter
from visual_attention.applications.mixing import NeighbourMixer, WideMixer
from visual_attention.applications.peeling import PeelingAttention
from visual_attention.applications.question_reading import QuestionEncoder, Regions
from visual_attention.applications.segmentation import (
    AttentionGate,
    ChannelSelfAttention,
    DualAttention,
    OpenBridge,
    UNet,
    gate,
)
from visual_attention.applications.tracking import AttentionTracker, CorrelationTracker
from visual_attention.applications.tracking_controls import BlindTracker, ProductTracker, UniformTracker
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention
from visual_attention.mechanisms.soft import SoftAttentionPool

D, CELLS, WORDS, VOCABULARY = 12, 16, 4, 7
BEFORE = "the image before it in the batch"
NUMBERS = "Looks at numbers"
EIGHTHS = ((8, 16), (8, 8), (24, 8))  # of detectors: the image is halved three times


def holes(channels: int):
    return lambda draw, b, size: (draw.unit(b, channels, *size), draw.hole(b, *size))


def cannot(*points: str, why: str = NUMBERS) -> dict[str, Cannot]:
    return {point: Cannot(why) for point in points}


BY_THE_MASK = cannot("meta", "compile", "export", "vmap")


def detector(**parts):
    """A grid detector on a stem of few channels."""
    return GridDetector(3, channels=(4, 4, 8), depth=2, **parts)


def pairs(draw, batch, size):
    """A fine map and a coarse one."""
    return draw.normal(batch, 4, *(2 * side for side in size)), draw.normal(batch, 6, *size)


def answering(draw, batch, size):
    """Cells and the words of a question, the last of them padding."""
    words = draw.whole(1, VOCABULARY, batch, WORDS)
    words[:, -1] = 0
    return draw.normal(batch, CELLS, 5), words


def asked(draw, batch, size):
    """A question and regions."""
    return draw.normal(batch, D), draw.normal(batch, *size, D)


def present(draw, batch, length):
    """The last is padding."""
    there = torch.ones(batch, length, dtype=torch.bool, device=draw.device)
    there[:, 1:] = torch.arange(1, length, device=draw.device) < max(2, length - 1)
    return there


def timed(channels: int):
    return lambda draw, b, size: (draw.normal(b, channels, *size), draw.unit(b))


def tracked(draw, batch, size):
    return draw.unit(batch, 3, 24, 24), draw.unit(batch, 3, *size)


def decoded(draw, batch, size):
    """Queries, where each stands, a memory, where each of its places lies."""
    return draw.normal(batch, 4, D), draw.normal(4, D), draw.normal(batch, *size, D), draw.normal(*size, D)


CLASSIFICATION = [
    Case(
        classification.Classifier,
        lambda: classification.Classifier(4, slot=partial(CBAM, reduction=4), width=8),
        maps(1),
        sizes=((8, 12), (4, 4), (7, 5)),
        variant="with CBAM",
        again=("reduce",),
        verbs={"place_map": lambda inputs: inputs},
    ),
    Case(
        classification.Classifier,
        lambda: classification.Classifier(
            4, slot=NonLocalBlock, pool=lambda channels: SoftAttentionPool(channels, 4), width=6
        ),
        maps(1),
        sizes=((8, 12),),
        variant="non-local, soft pool",
        verbs={"place_map": lambda inputs: inputs},
        fused=True,
    ),
    Case(classification.MaxPool, lambda: classification.MaxPool(5), maps(5)),
    Case(
        classification.MapOfAnother,
        lambda: classification.MapOfAnother(SoftAttentionPool(5, 3)),
        maps(5),
        silent={"pool": "asked for its weights, not for its output"},
        mixes=BEFORE,
    ),
]
DETECTION = [
    Case(
        detection.CrossAttention,
        lambda: detection.CrossAttention(D, heads=3),
        lambda draw, b, size: (draw.normal(b, 4, D), draw.normal(b, *size, D), draw.normal(b, *size, D)),
        TOKENS,
        verbs={"weights": lambda inputs: inputs[:2]},
        fused=True,
    ),
    Case(
        detection.EncoderLayer,
        lambda: detection.EncoderLayer(D, heads=3),
        lambda draw, b, size: (draw.normal(b, *size, D), draw.normal(*size, D)),
        TOKENS,
        shared=(1,),
        fused=True,
    ),
    Case(
        detection.DecoderLayer,
        lambda: detection.DecoderLayer(D, heads=3),
        decoded,
        TOKENS,
        shared=(1, 3),
        fused=True,
    ),
    Case(
        detection.DetectionTransformer,
        lambda: detection.DetectionTransformer(3, queries=4, channels=(4, 4, 8), heads=2, decoders=1),
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
INPAINTING = [
    Case(MeanFill, MeanFill, holes(2)),
    Case(
        BiharmonicFill,
        BiharmonicFill,
        holes(2),
        sizes=((7, 5), (5, 5)),
        cannot=BY_THE_MASK | cannot("jacrev", "second"),
    ),
    Case(
        ContextualAttention,
        lambda: ContextualAttention(patch=3),
        holes(2),
        sizes=((7, 8), (7, 7)),
        cannot=BY_THE_MASK,
    ),
    Case(
        ContextualInpainter,
        lambda: ContextualInpainter(None, channels=4),
        holes(3),
        sizes=((8, 6), (2, 2)),
        variant="without attention",
        verbs={},
    ),
    Case(
        ContextualInpainter,
        lambda: ContextualInpainter(ContextualAttention(patch=3), channels=4),
        holes(3),
        sizes=((14, 16),),
        cannot=BY_THE_MASK,
    ),
    Case(
        PeelingAttention,
        lambda: PeelingAttention(patch=3),
        holes(2),
        sizes=((7, 8),),
        jumps=True,
        cannot=BY_THE_MASK,
    ),
]
GENERATION = [
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
        tokens,
        TOKENS[:1],
        fused=True,
    ),
    Case(NeighbourMixer, lambda: NeighbourMixer((2, 3), D, middle=4), tokens, ((6,),)),
    Case(WideMixer, lambda: WideMixer((2, 3), D, middle=8), tokens, ((6,),)),
]
SEGMENTATION = [
    Case(AttentionGate, lambda: AttentionGate(4, 6, mid_channels=3), pairs),
    Case(ChannelSelfAttention, ChannelSelfAttention, maps(5)),
    Case(DualAttention, lambda: DualAttention(9), maps(9), fused=True),
    Case(OpenBridge, lambda: OpenBridge(4, 6), pairs),
    Case(
        UNet,
        lambda: UNet(2, widths=(3, 4, 8), gate=gate, bottom=DualAttention),
        maps(2),
        sizes=((8, 12), (4, 4)),
        verbs={"gate_maps": lambda inputs: inputs},
        fused=True,
    ),
]
SMALL_TRACKER = dict(width=4, dim=3)
TRACKING = [
    Case(
        kind,
        partial(kind, **SMALL_TRACKER),
        tracked,
        sizes=((8, 12), (2, 2)),
        verbs={"response": lambda inputs: inputs, "scores": lambda inputs: inputs},
        again=("features",),
        jumps=True,
    )
    for kind in (AttentionTracker, CorrelationTracker, UniformTracker, ProductTracker, BlindTracker)
]
QUESTION_ANSWERING = [
    Case(Regions, lambda: Regions(5, D, grid=4), lambda draw, b, s: (draw.normal(b, CELLS, 5),), ((),)),
    Case(
        QuestionEncoder,
        lambda: QuestionEncoder(VOCABULARY, D),
        lambda draw, b, size: answering(draw, b, size)[1:],
        ((),),
    ),
    Case(
        CellReader,
        lambda: CellReader(6),
        lambda draw, b, size: (draw.unit(b, 3, *size),),
        sizes=((48, 48),),
        silent={"name": "what `told` asks", "colour": "what `told` asks"},
    ),
    Case(question_answering.StackedAttention, lambda: question_answering.StackedAttention(D), asked, TOKENS),
    Case(
        question_answering.UniformAttention,
        lambda: question_answering.UniformAttention(D),
        asked,
        TOKENS,
        silent=dict.fromkeys(
            [f"{part}.{hop}" for part in ("of_regions", "of_question", "score") for hop in (0, 1)],
            "without its choice",
        ),
    ),
    Case(
        question_answering.StackedAnswerer,
        lambda: question_answering.StackedAnswerer(VOCABULARY, 3, features=5, dim=D, hidden=6),
        answering,
        ((),),
    ),
    Case(
        question_answering.ConcatenatingAnswerer,
        lambda: question_answering.ConcatenatingAnswerer(
            VOCABULARY, 3, features=5, dim=D, narrow=2, hidden=6
        ),
        answering,
        ((),),
    ),
    Case(
        question_answering.Deprived,
        lambda: question_answering.Deprived(
            question_answering.StackedAnswerer(VOCABULARY, 3, features=5, dim=D, hidden=6), of="question"
        ),
        answering,
        ((),),
    ),
    Case(
        cross_attention.CrossAttention,
        lambda: cross_attention.CrossAttention(D, heads=3),
        lambda draw, b, size: (draw.normal(b, 4, D), draw.normal(b, *size, D), present(draw, b, *size)),
        TOKENS,
    ),
    Case(
        cross_attention.CrossBlock,
        lambda: cross_attention.CrossBlock(D, heads=3, hidden=8),
        lambda draw, b, size: (draw.normal(b, *size, D), draw.normal(b, 4, D), present(draw, b, *size)),
        TOKENS,
    ),
    Case(
        cross_attention.CrossAnswerer,
        lambda: cross_attention.CrossAnswerer(VOCABULARY, 3, features=5, dim=D, depth=1, heads=3),
        answering,
        ((),),
        verbs={"weights": lambda inputs: inputs, "place_maps": lambda inputs: inputs},
    ),
]
CASES = [
    *CLASSIFICATION,
    *DETECTION,
    *INPAINTING,
    *GENERATION,
    *SEGMENTATION,
    *TRACKING,
    *QUESTION_ANSWERING,
]
