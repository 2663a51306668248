"""The contract's entries for the U-Net, its gates and its controls, and for the networks that clicks ask."""

import torch

from tests.contract.case import Case
from tests.contract.inputs import maps, once
from visual_attention.chapters.segmentation.click_rivals import ClickChannel, NearColour
from visual_attention.chapters.segmentation.context_claims import Colours, EvenDual
from visual_attention.chapters.segmentation.prompt import (
    ClickDecoder,
    CrossAttention,
    Encoder,
    Prompted,
)
from visual_attention.chapters.segmentation.trained_encoder import Things
from visual_attention.chapters.segmentation.unet import (
    AttentionGate,
    ChannelSelfAttention,
    DualAttention,
    OpenBridge,
    UNet,
    gate,
)
from visual_attention.chapters.segmentation.written import Written


def pairs(draw, batch, size):
    """A fine map and a coarse one."""
    return draw.normal(batch, 4, *(2 * side for side in size)), draw.normal(batch, 6, *size)


def clicks(draw, batch):
    """One click in each picture, in its upper left corner, inside a pixel and not on its edge."""
    place = draw.whole(0, 4, batch, 1, 2).to(draw.dtype) + 0.25
    return torch.cat([place, torch.ones_like(place[..., :1])], dim=-1)


def clicked(draw, batch, size):
    """Pictures and their clicks."""
    return draw.normal(batch, 3, *size), clicks(draw, batch)


def encoded(draw, batch, size):
    """What an encoder gives, and clicks."""
    places = draw.normal(batch, 3, *(side // 2 for side in size))
    return places, draw.normal(batch, 5, *size), clicks(draw, batch)


def look(queries, keys, values):
    """A look as the exercise wants it."""
    return (keys @ queries[:, :, None]).softmax(1).mul(values).sum(1)


CASES = [
    Case(Encoder, lambda: Encoder(2, widths=(3, 4, 5)), maps(2), sizes=((8, 12), (4, 4))),
    Case(Things, Things, maps(3), sizes=((8, 12), (4, 4))),
    Case(
        CrossAttention,
        lambda: CrossAttention(6),
        lambda draw, b, size: (draw.normal(b, 3, 6), draw.normal(b, *size, 6), draw.normal(b, *size, 6)),
        sizes=((5,), (1,), (8,)),
        verbs={"weights": lambda inputs: inputs[:2]},
    ),
    Case(
        Prompted,
        lambda: Prompted(dim=8),
        clicked,
        sizes=((8, 12), (4, 4)),
        again=("where", "kind"),
    ),
    Case(
        ClickDecoder,
        lambda: ClickDecoder((5, 3), dim=8),
        encoded,
        sizes=((8, 12), (4, 4)),
        again=("where", "kind"),
    ),
    Case(NearColour, NearColour, clicked, sizes=((8, 12), (4, 4))),
    Case(ClickChannel, lambda: ClickChannel(widths=(6, 8, 8)), clicked, sizes=((8, 12), (4, 4))),
    Case(
        Written,
        lambda: Written(look),
        lambda draw, b, size: (draw.normal(b, 9, 32), draw.normal(b, 16)),
        ((),),
        again=("where",),
    ),
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
    Case(Colours, Colours, maps(3)),
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
]
