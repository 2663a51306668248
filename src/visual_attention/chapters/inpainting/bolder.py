"""Does it hang on one validation seed what attention reaches on photographs without end?

There the rule took a rate of 0.001, by a tenth of a decibel on that seed, and on 512 photographs attention
scored higher with 0.01. Here it has 0.01 without end. Asked by an outsider, after the record had been seen.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.bolder
"""

from visual_attention.chapters.inpainting.claims import ATTENTION, QUESTIONS
from visual_attention.experiments.again import Again
from visual_attention.experiments.question import ENDLESS

PHOTOGRAPHS = QUESTIONS[1]
AGAIN = Again("inpainting-again", PHOTOGRAPHS, ENDLESS, ATTENTION.name, 0.01, PHOTOGRAPHS.seeds)


def main() -> None:
    """Make what the record lacks, and compare."""
    AGAIN.make()
    print(f"attention at {AGAIN.rate}: {AGAIN.scores.mean():.1f} dB")
    for name in (ATTENTION.name, "peeling", "biharmonic", "more convolution"):
        found = AGAIN.minus(name)
        print(f"minus {name}: {found.effect:+.1f} dB ({found.low:+.1f} to {found.high:+.1f})")


if __name__ == "__main__":
    main()
