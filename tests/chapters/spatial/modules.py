"""The contract's entry for a rival of the chapter's contest."""

from torch import nn

from tests.contract.case import Case
from visual_attention.chapters.spatial.only_shut import OnlyShut
from visual_attention.mechanisms.slots import FixedGate


def bright(draw, batch, size):
    """Maps as behind a ReLU, above 0."""
    return (draw.unit(batch, 4, *size),)


def open_gate():
    """Half shut, the sum would leave 0 at most places, where no derivative says anything."""
    gate = FixedGate(4)
    nn.init.constant_(gate.scores, 3.0)
    return gate


CASES = [Case(OnlyShut, lambda: OnlyShut(open_gate()), bright, silent={"gate": "whose weights"})]
