"""Do added scores stay behind the gate because they are added, or because they may also open?

A gate w lies between 0 and 1: it only takes away. The registered rival adds the scores themselves, the
logarithm of w / (1 - w), which above 0 add as much to an empty place as to a stroke. Here the logarithm of w
is added, which is never above 0, with the same window, norm and ReLU, at the rate that three validation seeds
choose, and at the gate's gentler one. Thought of by an outsider, after the record had been seen.

Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.chapters.spatial.only_shut
"""

from dataclasses import replace

import torch
from torch import Tensor

from visual_attention import cues
from visual_attention.chapters.spatial.steady import CONTEST, STEADY
from visual_attention.experiments.again import Again, compare
from visual_attention.experiments.more_seeds import MoreSeeds
from visual_attention.experiments.question import ENDLESS, Contender
from visual_attention.experiments.tuning import FIRST_SEED

RATE = 0.09
LEAST = 1e-6  # a gate that is shut more tightly counts as this


class OnlyShut(cues.Added):
    """The logarithm of a gate, added to the map, then a ReLU: what is added is never above 0.

    Args:
        gate: the gate, whose weights are asked for.

    Shape:
        As the gate's.
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.gate.weights(x).clamp_min(LEAST).log())


SHUT = Contender(
    "scores that only shut",
    "rival",
    cues.reader(1, lambda channels: OnlyShut(cues.normed_spatial(channels))),
    "The logarithm of spatial attention's gates, added to the places, then a ReLU.",
    "a window of 7 x 7, a norm, one more ReLU",
)
QUESTION = replace(CONTEST, contenders=(*CONTEST.contenders, SHUT))
RECORD = "spatial-shut"
CHOSEN = MoreSeeds(RECORD, QUESTION, SHUT.name, (0.03, 0.09), tuple(range(FIRST_SEED, FIRST_SEED + 3)))
FEWER = Again(RECORD, QUESTION, CONTEST.middle, SHUT.name, RATE, CONTEST.seeds)
GENTLER = replace(FEWER, rate=STEADY.rate)
HIGHER = Again(RECORD, QUESTION, ENDLESS, SHUT.name, 0.01, 5)


def main() -> None:
    """Make what the record lacks, and compare."""
    CHOSEN.make()
    print(f"validation: {CHOSEN.scores()}, so {CHOSEN.best()}")
    others = "scores added", "spatial attention", "second convolution", "no gate"
    compare(FEWER, GENTLER, others=(*others, STEADY))
    compare(HIGHER, others=others)


if __name__ == "__main__":
    main()
