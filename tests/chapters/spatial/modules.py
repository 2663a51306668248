"""The contract's entry for a rival of the chapter's contest."""

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.spatial.only_shut import OnlyShut
from visual_attention.mechanisms.spatial import SpatialAttention


def gate():
    return SpatialAttention(3)


CASES = [Case(OnlyShut, lambda: OnlyShut(gate()), maps(4), silent={"gate": "whose weights"})]
