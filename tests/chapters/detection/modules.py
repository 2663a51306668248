"""The contract's entries for the detectors."""

from tests.contract.case import Cannot, Case
from tests.contract.inputs import TOKENS, maps
from visual_attention.chapters.detection.backbone import Backbone, Painter
from visual_attention.chapters.detection.cross_attention import CrossAttention
from visual_attention.chapters.detection.cuts import Changed
from visual_attention.chapters.detection.exchanged import (
    ConvolvedProposals,
    ConvolvedSet,
    OnlyWhere,
    PointGrid,
    ToldPlaces,
)
from visual_attention.chapters.detection.grid import GridAttention, GridDetector
from visual_attention.chapters.detection.rivals import FixedLook, ProposedQueries, SameAnswers
from visual_attention.chapters.detection.transformer import DecoderLayer, SetTransformer

C, D = 7, 12
EIGHTHS = ((8, 16), (8, 8), (24, 8))  # the image is halved three times
MAPS = ((2, 3), (4, 4), (3, 2))


def looking(draw, batch, size):
    """Queries and places."""
    return draw.normal(batch, 4, D), draw.normal(batch, *size, D)


def answering(kind, **options):
    """A detector of few channels."""
    return lambda: kind(3, **({"channels": C, "dim": D, "queries": 4, "heads": 2, "layers": 1} | options))


CASES = [
    Case(CrossAttention, lambda: CrossAttention(D, heads=3), looking, TOKENS, fused=True),
    Case(DecoderLayer, lambda: DecoderLayer(D, heads=3), looking, TOKENS, fused=True),
    Case(SetTransformer, answering(SetTransformer), maps(C), MAPS, fused=True, again=("where",)),
    Case(ProposedQueries, answering(ProposedQueries), maps(C), MAPS, fused=True, again=("where",)),
    Case(ConvolvedSet, answering(ConvolvedSet, dim=2 * D), maps(C), MAPS, fused=True, again=("where",)),
    Case(
        ConvolvedProposals,
        answering(ConvolvedProposals, dim=2 * D),
        maps(C),
        MAPS,
        fused=True,
        again=("where",),
        jumps=True,  # which places promise most
    ),
    Case(OnlyWhere, answering(OnlyWhere), maps(C), MAPS, fused=True, again=("where",)),
    Case(
        ToldPlaces,
        answering(ToldPlaces),
        maps(C),
        MAPS,
        fused=True,
        again=("where",),
        silent={"promise": "is used by the loss alone"},
    ),
    Case(PointGrid, lambda: PointGrid(3, channels=C, width=8), maps(C), MAPS, verbs={}),
    Case(
        GridAttention,
        lambda: GridAttention(D, heads=3, grid=(2, 3)),
        maps(D),
        sizes=((2, 3),),
        fused=True,
    ),
    Case(GridDetector, lambda: GridDetector(3, channels=C, width=8), maps(C), MAPS, verbs={}),
    Case(
        GridDetector,
        lambda: GridDetector(3, channels=C, width=8, middle=GridAttention(8, heads=2, grid=(2, 3))),
        maps(C),
        MAPS[:1],
        variant="with attention",
        fused=True,
    ),
    Case(Backbone, lambda: Backbone(8), maps(3), EIGHTHS),
    Case(Painter, Painter, maps(3), EIGHTHS),
    Case(
        FixedLook,
        lambda: FixedLook(D, 3, queries=4, places=6),
        lambda draw, b, size: (draw.normal(b, 4, D), draw.normal(b, 6, D)),
        ((),),
    ),
    Case(
        SameAnswers,
        lambda: SameAnswers(3, queries=4),
        maps(C),
        MAPS,
        cannot={"jacrev": Cannot("the same boxes for every picture", AssertionError, "any")},
    ),
    Case(
        Changed,
        lambda: Changed(CrossAttention(D, heads=3), lambda weights: weights.roll(1, dims=-1)),
        looking,
        TOKENS,
        silent={"attention": "whose weights are changed"},
    ),
]
