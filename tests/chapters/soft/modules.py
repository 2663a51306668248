"""The contract's entries for the pools and the readers behind them."""

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.soft.asked import AskedReader, query_pool
from visual_attention.chapters.soft.pools import (
    AnothersPool,
    AttentionPool,
    AveragePool,
    Deeper,
    DigitReader,
    GatePool,
    GeMPool,
    MaxPool,
)

C = 9

CASES = [
    Case(
        DigitReader,
        lambda: DigitReader(AttentionPool(4, 3), width=4),
        maps(1),
        sizes=((8, 12), (4, 4), (5, 7)),
    ),
    Case(AttentionPool, lambda: AttentionPool(C, 3), maps(C)),
    Case(AnothersPool, lambda: AnothersPool(C, 3), maps(C), mixes="of another picture"),
    Case(
        GatePool,
        lambda: GatePool(C, 3),
        maps(C),
        silent={"gate": "asked for its weights, not for its output"},
    ),
    Case(AveragePool, AveragePool, maps(C)),
    Case(MaxPool, MaxPool, maps(C)),
    Case(GeMPool, GeMPool, lambda draw, batch, size: (draw.unit(batch, C, *size),)),
    Case(Deeper, lambda: Deeper(C, 3, MaxPool()), maps(C)),
    Case(
        AskedReader,
        lambda: AskedReader(query_pool, channels=5, width=4),
        lambda draw, batch, size: (draw.unit(batch, 3, *size), draw.whole(0, 3, batch)),
        sizes=((24, 24),),
    ),
]
