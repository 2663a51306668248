"""Do fixed looks without end fall so far behind because of the one seed that chose their rate?

There the rule took 0.03, where the fixed sets have 0.01, and the ten seeds scored far below the one that
chose. Here the control has 0.01 without end. Asked by an outsider, after the record had been seen.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.steadier
"""

from visual_attention.chapters.detection.claims import QUESTIONS
from visual_attention.experiments.again import Again, compare
from visual_attention.experiments.question import ENDLESS

(CONTEST,) = QUESTIONS
FIXED = Again("detection-again", CONTEST, ENDLESS, "fixed looks", 0.01, 5)


def main() -> None:
    """Make what the record lacks, and compare."""
    compare(FIXED, others=("fixed looks", "set transformer"))


if __name__ == "__main__":
    main()
