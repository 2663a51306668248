"""The contract's entries for the networks of the claim, and for the pool that is asked."""

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.soft import pools

OTHERS = "another picture"  # what the weights come from
CASES = [
    Case(
        pools.DigitReader,
        lambda: pools.DigitReader(pools.AttentionPool(8, 3), width=8),
        maps(1),
        sizes=((8, 12), (4, 4), (5, 7)),
    ),
    Case(pools.AttentionPool, lambda: pools.AttentionPool(9, 3), maps(9)),
    Case(pools.AnothersPool, lambda: pools.AnothersPool(9, 3), maps(9), mixes=OTHERS),
    Case(pools.GatePool, lambda: pools.GatePool(9, 3), maps(9)),
    Case(pools.AveragePool, pools.AveragePool, maps(9)),
    Case(pools.MaxPool, pools.MaxPool, maps(9)),
    Case(pools.GeMPool, pools.GeMPool, maps(9)),
    Case(pools.Deeper, lambda: pools.Deeper(9, 3, pools.AveragePool()), maps(9)),
]
