"""The contract's entries for the ways of asking and for the networks in which they are compared."""

from functools import partial

import torch

from tests.contract.case import Case
from tests.contract.inputs import maps, tokens
from visual_attention.chapters.cost.by_place import Checkerboard, Neighbours
from visual_attention.chapters.cost.compressed import Dropped, Linear, Merged
from visual_attention.chapters.cost.exact import Blocks, Explicit, Fused
from visual_attention.chapters.cost.local import Columns, CrissCross, Local, Rows, Windows
from visual_attention.chapters.cost.longer import Exponentials
from visual_attention.chapters.cost.network import WIDTH, Layer, TwinFinder, Uniform
from visual_attention.chapters.cost.pairs import PairFinder

ABSTRACT = {Local: "tokens that `allowed` names; those that are one say which"}
GRID = ((16,),)  # tokens on a grid of 4 x 4
ANY = ((5,), (1,), (8,))


def asked(draw, batch, size):
    """Queries, keys and values."""
    return tuple(draw.normal(batch, *size, 6) for _ in range(3))


def way(kind, *arguments, sizes=GRID, **other):
    names = {name: other.pop(name) for name in ("window", "shift") if name in other}
    return Case(
        kind,
        partial(kind, *arguments, **names),
        asked,
        sizes=sizes,
        verbs={"weights": lambda inputs: inputs[:2]},
        **other,
    )


def mix(queries, keys, values, allowed):
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(~allowed, -torch.inf)
    return scores.softmax(dim=-1) @ values


CASES = [
    way(Explicit, sizes=ANY),
    way(Fused, sizes=ANY, fused=True),
    way(Blocks, 3, sizes=ANY),
    way(Linear, sizes=ANY),
    way(Uniform, sizes=ANY),
    way(Exponentials, sizes=ANY),
    way(Merged, 8, jumps=True),
    way(Dropped, 5, jumps=True),
    way(Checkerboard, 4),
    way(Neighbours, 8),
    way(Windows, 4, window=2),
    way(Windows, 4, window=2, shift=1, variant="shifted"),
    way(Rows, 4),
    way(Columns, 4),
    way(CrissCross, 4),
    Case(Layer, lambda: Layer(Explicit()), tokens(WIDTH), sizes=GRID),
    Case(TwinFinder, lambda: TwinFinder([Windows(4, window=2)]), maps(3), sizes=((56, 56),)),
    Case(
        PairFinder,
        lambda: PairFinder(mix, torch.ones(16, 16, dtype=torch.bool).tril()),
        lambda draw, batch, size: (draw.unit(batch, *size, 12),),
        sizes=GRID,
    ),
]
