"""Is it the gate, or that a gate makes the branch of a residual block smaller?

A gate that has learned nothing lets half of its branch through. So here is the residual network with each
branch divided by two, always, and nothing else: no gate, no parameter, nothing that looks at the picture. Its
rate is the best of three validation seeds. Thought of by an outsider, after the record had been seen.

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.chapters.channel.halved
"""

from dataclasses import replace

from torch import Tensor, nn

from visual_attention.chapters.channel import gentler, residual_claims
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.question import ENDLESS, Contender

RATE = 0.01


class Half(nn.Module):
    """Half of a map.

    Args:
        channels: of the map, which nothing here needs.

    Shape:
        As what comes in.
    """

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x / 2


HALVED = Contender(
    "halved branch",
    "rival",
    residual_claims.network(lambda setting: Half),
    "Each block adds half of its branch, always.",
    "nothing",
)
CONTEST = residual_claims.QUESTION
QUESTION = replace(CONTEST, contenders=(*CONTEST.contenders, HALVED))
HALF = Again("channel-residual-halved", QUESTION, CONTEST.middle, HALVED.name, RATE, CONTEST.seeds)
ENDLESSLY = Again("channel-residual-halved", QUESTION, ENDLESS, HALVED.name, 0.003, 5)


def main() -> None:
    """Make what the record lacks, and compare."""
    HALF.make()
    for other in ("ECA", "fixed gates", "squeeze and excitation", "no gate"):
        print(f"halved branch minus {other}: {told(HALF.minus(other))}")
    print(f"minus no gate at the same rate: {told(HALF.minus(gentler.PLAIN))}")


if __name__ == "__main__":
    main()
