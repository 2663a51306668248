"""The contract's entries for the U-Net, its gates and its controls."""

from tests.contract.case import Case
from tests.contract.inputs import maps, once
from visual_attention.chapters.segmentation.claims import EvenDual, EvenGate
from visual_attention.chapters.segmentation.unet import (
    AttentionGate,
    ChannelSelfAttention,
    DualAttention,
    OpenBridge,
    UNet,
    gate,
)


def pairs(draw, batch, size):
    """A fine map and a coarse one."""
    return draw.normal(batch, 4, *(2 * side for side in size)), draw.normal(batch, 6, *size)


CASES = [
    Case(AttentionGate, lambda: AttentionGate(4, 6, mid_channels=3), pairs),
    Case(ChannelSelfAttention, ChannelSelfAttention, maps(5)),
    Case(DualAttention, lambda: DualAttention(9), maps(9), fused=True),
    Case(OpenBridge, lambda: OpenBridge(4, 6), pairs),
    Case(
        UNet,
        lambda: UNet(2, widths=(3, 4, 8), gate=gate, bottom=DualAttention),
        maps(2),
        sizes=((8, 12), (4, 4)),
        verbs={"gate_maps": once},
        fused=True,
    ),
    Case(
        EvenDual,
        lambda: EvenDual(9),
        maps(9),
        silent={
            "position": "each place takes alike from all places",
            "position.query_conv": "each place takes alike from all places",
            "position.key_conv": "each place takes alike from all places",
            "channel": "each channel from all channels",
        },
    ),
    Case(EvenGate, lambda: EvenGate(4, 6, mid_channels=3), pairs),
]
