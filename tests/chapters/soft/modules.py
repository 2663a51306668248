"""The contract's entries for the networks of the claims."""

from tests.contract.case import DRAWN, Case
from tests.contract.inputs import maps
from visual_attention.chapters.soft import claims
from visual_attention.mechanisms.soft import SoftAttentionPool

CASES = [
    Case(
        claims.ClutterReader,
        lambda: claims.ClutterReader(4, pool=SoftAttentionPool(4, 3)),
        maps(1),
        sizes=((8, 12), (4, 4), (5, 7)),
    ),
    Case(claims.AveragePool, claims.AveragePool, maps(9)),
    Case(claims.MaxPool, claims.MaxPool, maps(9)),
    Case(claims.GatePool, lambda: claims.GatePool(9, 3), maps(9)),
    Case(
        claims.ShuffledPool,
        lambda: claims.ShuffledPool(9, 3),
        maps(9),
        mixes="random",
        random=True,
        cannot=DRAWN,
    ),
]
