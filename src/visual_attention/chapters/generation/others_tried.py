"""Does attention gain by not looking at itself, and do bins find a twin?

Trained as in the contest, on its thousand pictures and first seeds. The rate of attention to others is
attention's; that of the bins is the better of two on a validation seed. Thought of by an outsider, after the
contest's first record had been seen.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.others_tried
"""

from dataclasses import replace

from visual_attention.chapters.generation import moving_claims, others
from visual_attention.experiments.again import Again, compare
from visual_attention.experiments.question import Contender

OTHERS = Contender(
    "attention to others",
    "rival",
    moving_claims.network(lambda side, dim: others.OthersAttention(dim, heads=moving_claims.HEADS)),
    "Attention in which no patch may take from itself.",
    "queries and keys",
)
BINS = Contender(
    "bins",
    "rival",
    moving_claims.network(lambda side, dim: others.Bins(dim, bins=16)),
    "Each patch puts its value into the bins that its content names, and takes back what lies in them.",
    "16 bins",
)
RIVALS = "attention", "largest of the others"
MADE = ((OTHERS, 3e-3, 5), (BINS, 1e-2, 3))  # rates and seeds
CONTEST = moving_claims.QUESTION
QUESTION = replace(
    CONTEST, contenders=(CONTEST.attention, *(one for one, *_ in MADE)), task=replace(CONTEST.task, cuts={})
)  # the contest's cuts know its own attention only
RUNS = {
    one.name: Again("generation-others", QUESTION, CONTEST.middle, one.name, rate, seeds)
    for one, rate, seeds in MADE
}


def main() -> None:
    """Make what the record lacks, and compare."""
    compare(*RUNS.values(), others=RIVALS)


if __name__ == "__main__":
    main()
