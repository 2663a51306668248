"""Is it the gate, or that a gate makes the branch of a residual block smaller?

A gate that has learned nothing lets half of its branch through. So here is the residual network with each
branch divided by two, always, and nothing else: no gate, no parameter, nothing that looks at the picture. Its
rate is the best of three validation seeds. And on pieces of 24 pixels, where squeeze and excitation was ahead
of a plain network with a rate of 0.03, three others have its rate of 0.01. Thought of by an outsider, after
the record had been seen.

Chapter: notebooks/mechanisms/channel.ipynb
Run: python -m visual_attention.chapters.channel.halved
"""

from dataclasses import replace

from torch import Tensor, nn

from visual_attention.chapters.channel import gentler, residual_claims
from visual_attention.experiments import ledger, trial
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.more_seeds import MoreSeeds
from visual_attention.experiments.question import Contender
from visual_attention.experiments.tuning import FIRST_SEED
from visual_attention.experiments.verdict import Interval, paired

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
RECORD, LARGER = "channel-residual-halved", "easier: pieces of 24 pixels"
CHOSEN = MoreSeeds(RECORD, QUESTION, HALVED.name, (0.01, 0.03), tuple(range(FIRST_SEED, FIRST_SEED + 3)))
HALF = Again(RECORD, QUESTION, CONTEST.middle, HALVED.name, RATE, CONTEST.seeds)
ARMS, SEEDS = ("no gate", HALVED.name, "fixed gates"), 5  # on larger pieces


def larger(arm: str) -> dict[int, float]:
    """The accuracy on pieces of 24 pixels at a rate of 0.01, by seed; attention's is the contest's own."""
    book = CONTEST.name if arm == CONTEST.attention.name else RECORD
    asked = ("specification", LARGER, arm, RATE)
    rows = (row for row in ledger.read(ledger.path(book)).rows if ledger.key(row)[1:5] == asked)
    return {row["seed"]: row["scores"][CONTEST.metric][-1] for row in rows}


def lead(arm: str) -> Interval:
    """Squeeze and excitation minus another on pieces of 24 pixels, seed by seed."""
    ours, theirs = larger(CONTEST.attention.name), larger(arm)
    seeds = sorted(ours.keys() & theirs.keys())
    return paired([ours[seed] for seed in seeds], [theirs[seed] for seed in seeds])


def make_larger() -> None:
    """Make what the record lacks of the larger pieces."""
    condition = next(each for each in QUESTION.specifications if each.name == LARGER)
    for arm in ARMS:
        for seed in sorted(set(range(SEEDS)) - larger(arm).keys()):
            one = trial.Trial("specification", condition, arm, RATE, seed)
            ledger.append(ledger.path(RECORD), trial.make(QUESTION, one))


def main() -> None:
    """Make what the record lacks, and compare."""
    CHOSEN.make()
    HALF.make()
    make_larger()
    for other in ("ECA", "fixed gates", "squeeze and excitation", "no gate"):
        print(f"halved branch minus {other}: {told(HALF.minus(other))}")
    print(f"minus no gate at the same rate: {told(HALF.minus(gentler.PLAIN))}")
    for arm in ARMS:
        print(f"24 pixels, squeeze and excitation minus {arm}: {told(lead(arm))}")


if __name__ == "__main__":
    main()
