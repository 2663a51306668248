"""Does what gates gain hang on the one seed that chose a rate, and on hearing of the picture alone?

The rule takes the best rate of one validation seed: in the residual network 0.03 without a gate, 0.01 for
most with gates, 0.001 with another picture's. Here the first and the last have 0.01, too, on three hundred
pictures. Two more validation seeds say what three would have chosen. And in the contest on the colour the
scores of squeeze and excitation are added without the ReLU that the registered rival has behind them. All
thought of after the records had been seen.

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.chapters.channel.gentler
"""

from dataclasses import replace

import torch
from torch import Tensor

from visual_attention import cues
from visual_attention.chapters.channel import colour_claims, residual_claims
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.more_seeds import MoreSeeds
from visual_attention.experiments.question import ENDLESS, Contender

RATE = 0.01


class HeardOnly(cues.Added):
    """A gate's scores, added to the map, with no ReLU behind them.

    Every place is told as much of the whole picture as by the gate, and nothing follows that could act on it
    in one channel more than in another.

    Args:
        gate: the gate whose scores, the logarithm of w / (1 - w), are added.

    Shape:
        As the gate's.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.logit(self.gate.weights(x), eps=1e-6)


HEARD = Contender(
    "scores added, no ReLU",
    "rival",
    cues.reader(1, lambda channels: HeardOnly(cues.excitation(channels))),
    "The scores of squeeze and excitation, added to the channels, with nothing behind them.",
    "two matrices",
)
COLOUR = replace(colour_claims.QUESTION, contenders=(*colour_claims.QUESTION.contenders, HEARD))
RESIDUAL = residual_claims.QUESTION
PLAIN = Again("channel-residual-gentler", RESIDUAL, "300 pictures", "no gate", RATE, RESIDUAL.seeds)
ANOTHERS = Again("channel-again", RESIDUAL, "300 pictures", "another picture's gates", RATE, 5)
TOLD = Again("channel-again", COLOUR, ENDLESS, HEARD.name, RATE, 5)
ECA = Again("channel-residual-rates", RESIDUAL, "300 pictures", "ECA", 0.003, RESIDUAL.seeds)
CHOSEN = (
    MoreSeeds("channel-residual-rates", RESIDUAL, "squeeze and excitation", (0.003, 0.01)),
    MoreSeeds("channel-residual-rates", RESIDUAL, "ECA", (0.001, 0.003, 0.01, 0.03)),
    MoreSeeds("channel-residual-rates", RESIDUAL, "no gate", (0.01, 0.03)),
    MoreSeeds("channel-rates", colour_claims.QUESTION, "CBAM", (0.01, 0.03)),
)


def main() -> None:
    """Make what the records lack, and compare."""
    for one in (PLAIN, ANOTHERS, TOLD, ECA, *CHOSEN):
        one.make()
    for one in CHOSEN:
        print(f"{one.question.name}, {one.arm}: {one.scores()}, so {one.best()}")
    residual = ("squeeze and excitation", "ECA", "fixed gates", "no gate")
    pairs = (
        (PLAIN, residual[:3]),
        (ANOTHERS, residual),
        (TOLD, ("no gate", "scores added")),
        (ECA, residual),
    )
    for one, others in pairs:
        for name in others:
            print(f"{one.arm} at {one.rate} minus {name}: {told(one.minus(name))}")


if __name__ == "__main__":
    main()
