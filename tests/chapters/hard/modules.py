"""The contract's entries for the networks of the claims."""

from tests.contract.case import DRAWN, Case
from tests.contract.inputs import maps, once
from visual_attention.chapters.hard import choice_claims, glimpse_claims
from visual_attention.mechanisms.glimpses import GlimpseSensor
from visual_attention.mechanisms.patch_choice import gumbel_choice_loss


def chosen(kind, **parts):
    return lambda: kind(gumbel_choice_loss, **parts)


CASES = [
    Case(
        glimpse_claims.RandomGlimpses,
        lambda: glimpse_claims.RandomGlimpses(3, glimpses=2, sensor=GlimpseSensor(2, scales=2), dim=8),
        maps(1),
        again=("glimpse", "recur", "locate", "expect", "classify"),
        verbs={"locations": once},
        mixes="random",
        random=True,
        cannot=DRAWN,
    ),
    Case(
        choice_claims.Reader,
        chosen(choice_claims.Reader),
        maps(1),
        sizes=((32, 32),),
        silent={"expect": "is the baseline, which only the loss asks"},
        jumps=True,
    ),
    Case(
        choice_claims.Reader,
        chosen(choice_claims.Reader, soft=True),
        maps(1),
        sizes=((32, 32),),
        variant="soft",
        silent={"expect": "is the baseline, which only the loss asks"},
    ),
    Case(
        choice_claims.RandomCell,
        chosen(choice_claims.RandomCell),
        maps(1),
        sizes=((32, 32),),
        silent={"expect": "is the baseline, which only the loss asks"},
        mixes="random",
        random=True,
        cannot=DRAWN,
    ),
]
