"""The contract's entry for a rival of the chapter's contest."""

from torch import nn

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.spatial.only_shut import OnlyShut
from visual_attention.mechanisms.slots import FixedGate


def open_gate():
    """Half shut, the sum would leave 0 at most places, where no derivative says anything."""
    gate = FixedGate(4)
    nn.init.constant_(gate.scores, 3.0)
    return gate


CASES = [Case(OnlyShut, lambda: OnlyShut(open_gate()), maps(4), silent={"gate": "whose weights"})]
