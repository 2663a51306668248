"""The contract's entries for the network that classifies."""

from functools import partial

from tests.contract.case import Case
from tests.contract.inputs import maps, once
from visual_attention.chapters.classification.classifier import Classifier, GeMPool, MapOfAnother, MaxPool
from visual_attention.chapters.classification.written import Written
from visual_attention.mechanisms.cbam import CBAM
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock
from visual_attention.mechanisms.soft import SoftAttentionPool

CASES = [
    Case(
        Classifier,
        lambda: Classifier(4, slot=partial(CBAM, reduction=4), width=8),
        maps(1),
        sizes=((8, 12), (4, 4), (7, 5)),
        variant="with CBAM",
        again=("reduce",),
        verbs={"place_map": once},
    ),
    Case(
        Classifier,
        lambda: Classifier(
            4, slot=NonLocalBlock, pool=lambda channels: SoftAttentionPool(channels, 4), width=6
        ),
        maps(1),
        sizes=((8, 12),),
        variant="non-local, soft pool",
        verbs={"place_map": once},
        fused=True,
    ),
    Case(Classifier, lambda: Classifier(4, width=6, norm=True), maps(1), sizes=((8, 12),), variant="norm"),
    Case(GeMPool, lambda: GeMPool(5), lambda draw, b, size: (draw.unit(b, 5, *size) + 0.1,)),
    Case(
        Written,
        lambda: Written(lambda patches, query: (patches @ query)[:, None].softmax(2).matmul(patches)[:, 0]),
        lambda draw, b, size: (draw.normal(b, 9, 96),),
        ((),),
    ),
    Case(MaxPool, lambda: MaxPool(5), maps(5)),
    Case(
        MapOfAnother,
        lambda: MapOfAnother(SoftAttentionPool(5, 3)),
        maps(5),
        silent={"pool": "asked for its weights, not for its output"},
        mixes="the image before it in the batch",
    ),
]
