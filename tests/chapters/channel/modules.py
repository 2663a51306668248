"""The contract's entries for the residual network of the chapter and the rivals of its contests."""

from tests.contract.case import Case
from tests.contract.inputs import maps
from visual_attention.chapters.channel.gentler import HeardOnly
from visual_attention.chapters.channel.halved import Half
from visual_attention.chapters.channel.residual import Colours, ResidualBlock, ResidualNet
from visual_attention.mechanisms.channel import SqueezeExcitation


def excitation(channels):
    return SqueezeExcitation(channels, reduction=2)


CASES = [
    Case(HeardOnly, lambda: HeardOnly(excitation(4)), maps(4), verbs={}, silent={"gate": "whose scores"}),
    Case(Half, lambda: Half(4), maps(4)),
    Case(ResidualBlock, lambda: ResidualBlock(4, 6, stride=2, slot=excitation), maps(4)),
    Case(ResidualNet, lambda: ResidualNet(4, slot=excitation), maps(3), ((16, 12), (9, 9)), verbs={}),
    Case(Colours, Colours, maps(3), ((3, 5), (7, 7))),
]
