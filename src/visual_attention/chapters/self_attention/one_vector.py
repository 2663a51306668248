"""Why do bins need fewer pictures? A cell asks there with the same vector with which it offers.

Bins are attention, too: two cells weigh for each other as much as their names agree. So what tells them from
the contest's attention is the number of heads, that keys are queries, and that there are sixteen kinds. Each
is cut by itself here: attention with one head; with one head and one vector for asking and offering; the same
without its own place; and bins whose readers name with a layer of their own. Thought of by an outsider, after
the record of the contest had been seen. Written down before the run: rates as the contest tunes them, ten
seeds on a thousand pictures and five on three hundred, all pairs with the contest's seeds.

Chapter: notebooks/mechanisms/self_attention.ipynb
Run: python -m visual_attention.chapters.self_attention.one_vector
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from visual_attention.chapters.self_attention import claims, networks
from visual_attention.experiments.again import told
from visual_attention.experiments.joined import Joined
from visual_attention.experiments.question import Contender
from visual_attention.mechanisms.self_attention import MultiHeadSelfAttention, attention_weights

CONTEST = claims.QUESTIONS[0]
SIZES = ("300 pictures", CONTEST.middle)


class OneVector(MultiHeadSelfAttention):
    """Attention whose keys are its queries, so that two tokens score each other alike.

    Args:
        dim: D, width of a token.
        heads: h, must divide D.
        itself: whether a token may take from itself.

    Shape:
        (B, N, D) -> (B, N, D).
    """

    def __init__(self, dim: int, *, heads: int = 1, itself: bool = True):
        super().__init__(dim, heads=heads)
        self.itself = itself

    def weights(self, x: Tensor) -> Tensor:
        """What each token takes from each token in each head, (B, h, N, N)."""
        _, keys, _ = self._split(x)
        if self.itself:
            return attention_weights(keys, keys, scale=self.scale)
        own = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
        return (self.scale * keys @ keys.mT).masked_fill(own, -torch.inf).softmax(dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        return networks.take(self, x, self.weights(x))


class TwoNames(networks.Bins):
    """Bins in which a place takes from those that a second layer names, not from where it put its value.

    Args:
        width: D, numbers of a token.
        bins: K.

    Shape:
        (B, 16, D) -> (B, 16, D).
    """

    def __init__(self, width: int, bins: int):
        super().__init__(width, bins)
        self.second = nn.Linear(width, bins)

    def read(self, x: Tensor, names: Tensor) -> Tensor:
        """How much each place takes from each bin, (B, 16, K): shares of 1."""
        return self.second(x).softmax(dim=-1)


def rival(name: str, mixer: Callable[[int, int], nn.Module], description: str, size: str) -> Contender:
    """A network of the contest with another mixer, which is built from a width and a number of heads."""
    return Contender(name, "rival", claims.finder(mixer), description, size)


CONTENDERS = (
    rival(
        "one head",
        lambda width, heads: MultiHeadSelfAttention(width, heads=1),
        "Attention with one head; queries and keys are two layers.",
        "one head",
    ),
    rival(
        "one vector",
        lambda width, heads: OneVector(width),
        "The same, and the key is the query.",
        "one head, one layer less in use",
    ),
    rival(
        "one vector, others only",
        lambda width, heads: OneVector(width, itself=False),
        "The same, and no cell takes from itself.",
        "one head, one layer less in use",
    ),
    rival(
        "two names",
        lambda width, heads: TwoNames(width, 16),
        "Bins; a second layer names those from which a cell takes.",
        "16 bins, one layer more",
    ),
)
JOINED = Joined(
    "self_attention-one-vector",
    CONTEST,
    CONTENDERS,
    {CONTEST.middle: CONTEST.seeds, "300 pictures": CONTEST.side_seeds},
)
PAIRS = (
    ("one head", "attention"),
    ("one vector", "one head"),
    ("one vector, others only", "one vector"),
    ("one vector, others only", "bins"),
    ("bins", "two names"),
)


def main() -> None:
    """Make what the record lacks, and compare."""
    JOINED.make()
    for size in SIZES:
        print(size)
        for name in ("attention", "bins", *(each.name for each in CONTENDERS)):
            print(f"  {name}: {JOINED.scores(name, size).mean():.1f}")
        for one, other in PAIRS:
            print(f"  {one} minus {other}: {told(JOINED.lead(one, other, size))}")


if __name__ == "__main__":
    main()
