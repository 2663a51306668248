"""Does the contest's verdict hang on the one seed that chose the gate's rate?

The rule takes the best rate of one validation seed. Here the gate has a third of that rate, on the ten seeds
of the contest, with 500 pictures; and two more validation seeds say what three would have chosen for CBAM.
Thought of after the contest's record had been seen.

Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.chapters.spatial.steady
"""

from visual_attention.chapters.spatial.claims import QUESTIONS
from visual_attention.experiments.again import Again, compare
from visual_attention.experiments.more_seeds import MoreSeeds

RATE = 0.03
(CONTEST,) = QUESTIONS
STEADY = Again("spatial-steady", CONTEST, CONTEST.middle, CONTEST.attention.name, RATE, CONTEST.seeds)
CHOSEN = MoreSeeds("spatial-rates", CONTEST, "CBAM", (0.01, 0.03))


def main() -> None:
    """Make what the record lacks, and compare."""
    compare(STEADY, others=("second convolution", "CBAM", "no gate"))
    CHOSEN.make()
    print(f"CBAM: {CHOSEN.scores()}, so {CHOSEN.best()}")


if __name__ == "__main__":
    main()
