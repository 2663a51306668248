"""The contract's entries for the networks of the claim, and for the pool that is asked."""

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.soft import asked, pools

OTHERS = "another picture"  # what the weights come from


def pictures_and_queries(draw, batch, size):
    """Pictures of nine cells and the colour that is asked for."""
    return draw.unit(batch, 3, *size), draw.whole(0, 3, batch)


CASES = [
    Case(
        asked.AskedReader,
        lambda: asked.AskedReader(asked.query_pool, channels=5, width=4),
        pictures_and_queries,
        sizes=((24, 24),),
    ),
    Case(
        pools.DigitReader,
        lambda: pools.DigitReader(pools.AttentionPool(8, 3), width=8),
        maps(1),
        sizes=((8, 12), (4, 4), (5, 7)),
    ),
    Case(pools.AttentionPool, lambda: pools.AttentionPool(9, 3), maps(9)),
    Case(pools.AnothersPool, lambda: pools.AnothersPool(9, 3), maps(9), mixes=OTHERS),
    Case(
        pools.GatePool,
        lambda: pools.GatePool(9, 3),
        maps(9),
        silent={"gate": "asked for its weights and not called"},
    ),
    Case(pools.AveragePool, pools.AveragePool, maps(9)),
    Case(pools.MaxPool, pools.MaxPool, maps(9)),
    Case(pools.GeMPool, pools.GeMPool, maps(9)),
    Case(pools.Deeper, lambda: pools.Deeper(9, 3, pools.AveragePool()), maps(9)),
]
