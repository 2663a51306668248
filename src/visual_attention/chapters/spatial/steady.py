"""Does the contest's verdict hang on the one seed that chose the gate's rate?

The rule takes the best rate of one validation seed. Here the gate has a third of that rate, on the ten seeds
of the contest, with 500 pictures. Thought of after the contest's record had been seen.

Chapter: notebooks/mechanisms/spatial.ipynb
Run: python -m visual_attention.chapters.spatial.steady
"""

from visual_attention.chapters.spatial.claims import QUESTIONS
from visual_attention.experiments.again import Again, told

RATE = 0.03
(CONTEST,) = QUESTIONS
STEADY = Again("spatial-steady", CONTEST, CONTEST.middle, CONTEST.attention.name, RATE, CONTEST.seeds)


def main() -> None:
    """Make what the record lacks, and compare."""
    STEADY.make()
    for opponent in ("second convolution", "CBAM", "no gate"):
        print(f"minus {opponent}: {told(STEADY.minus(opponent))}")


if __name__ == "__main__":
    main()
