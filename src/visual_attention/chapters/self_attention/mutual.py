"""Does one vector help because it makes scores mutual, or because it begins with likeness?

With one vector for asking and offering two things are given at once: cells score each other alike, in all of
the training; and cells that are like each other begin with a high score. Here each has one without the other.
*Mutual*: queries and keys are two layers, and a score is summed over both ways, so that it is the same from
either side; at the start it says nothing of likeness. *Same start*: two layers, free to part, whose first
weights are equal; and bins whose two layers of names begin equal. Thought of by an outsider, after the
records of the contest and of the one vector had been seen. All at the rate that the rule chose for one
vector, which on validation pictures was better than the next for each; the seeds are the contest's.

Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.chapters.self_attention.mutual
"""

from dataclasses import replace

import torch
from torch import Tensor

from visual_attention.chapters.self_attention import claims, networks
from visual_attention.chapters.self_attention.one_vector import JOINED, TwoNames, rival
from visual_attention.experiments.again import Again, told
from visual_attention.experiments.verdict import Interval, paired
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention

CONTEST = claims.QUESTIONS[0]
RECORD = "self_attention-mutual"
RATE, SEEDS = 3e-3, 5


class Mutual(MultiHeadSelfAttention):
    """Attention of two layers, whose scores are summed over both ways: query with key, and key with query.

    Shape:
        (B, N, D) -> (B, N, D).
    """

    def weights(self, x: Tensor) -> Tensor:
        """What each token takes from each token in each head, (B, h, N, N)."""
        queries, keys, _ = self._split(x)
        scores = self.scale * queries @ keys.mT
        return ((scores + scores.mT) / 2**0.5).softmax(dim=-1)  # of a score's variance

    def forward(self, x: Tensor) -> Tensor:
        return networks.take(self, x, self.weights(x))


class SameStart(MultiHeadSelfAttention):
    """Attention whose layer of queries begins with the weights of the keys, and is free from then on.

    Shape:
        (B, N, D) -> (B, N, D).

    Derivatives: as :class:`MultiHeadSelfAttention`.
    """

    def __init__(self, dim: int, *, heads: int = 1):
        super().__init__(dim, heads=heads)
        with torch.no_grad():
            for part in (self.qkv.weight, self.qkv.bias):
                part[:dim] = part[dim : 2 * dim]


class TwoNamesSameStart(TwoNames):
    """Bins with two layers of names that begin equal.

    Args:
        width: D, numbers of a token.
        bins: K.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, width: int, bins: int):
        super().__init__(width, bins)
        self.second.load_state_dict(self.name.state_dict())


CONTENDERS = (
    rival(
        "mutual",
        lambda width, heads: Mutual(width, heads=1),
        "One head with two layers; a score is summed over both ways.",
        "one head",
    ),
    rival(
        "same start",
        lambda width, heads: SameStart(width),
        "One head with two layers, which begin with the same weights.",
        "one head",
    ),
    rival(
        "two names, same start",
        lambda width, heads: TwoNamesSameStart(width, 16),
        "Bins with two layers of names, which begin with the same weights.",
        "16 bins, one layer more",
    ),
)
ONE_HEAD = next(each for each in JOINED.contenders if each.name == "one head")
QUESTION = replace(CONTEST, contenders=(*CONTEST.contenders, ONE_HEAD, *CONTENDERS))
TRAINED = {each.name: Again(RECORD, QUESTION, CONTEST.middle, each.name, RATE, SEEDS) for each in CONTENDERS}
PAIRS = (
    ("mutual", "one head"),
    ("mutual", "one vector"),
    ("same start", "one head"),
    ("same start", "one vector"),
    ("two names, same start", "two names"),
    ("two names, same start", "bins"),
)


def lead(one: str, other: str) -> Interval:
    """One of these minus one of the records before, each at its own rate, seed by seed."""
    mine, theirs = TRAINED[one].scores, JOINED.scores(other)
    count = min(len(mine), len(theirs))
    return paired(mine[:count], theirs[:count])


def main() -> None:
    """Make what the record lacks, and compare."""
    for name, one in TRAINED.items():
        one.make()
        print(f"{name}: {one.scores.mean():.1f}")
    for pair in PAIRS:
        print(f"{pair[0]} minus {pair[1]}: {told(lead(*pair))}")


if __name__ == "__main__":
    main()
