"""How good are the one-stream tracker and three others once they have learned by the contest's recipe?

The weights beside this file were made by the command below; they are what the chapter shows, cuts and lets
follow films. Verdicts come from the contest's record and not from these.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.trained_finders
"""

from pathlib import Path

from visual_attention import stored
from visual_attention.chapters.tracking import claims
from visual_attention.chapters.tracking.fusion import Finder
from visual_attention.experiments import trial
from visual_attention.experiments.trial import Trial
from visual_attention.training import seeded

FILE = Path(__file__).with_name("trained_finders.safetensors")
NAMES = ("two ways", "correlation", "one vector", "uniform weights")
PAIRS, RATE, SEED = "4,000 pictures", 3e-3, 100


def build(name: str) -> Finder:
    """A contender without its trained weights.

    Raises:
        ValueError: if there is no such contender.
    """
    return claims.QUESTION.contender(name).build(claims.QUESTION.setting)


def load(name: str, file: Path = FILE) -> Finder:
    """A trained contender, in evaluation mode."""
    return stored.restore(build(name), file, name)


def train(name: str, *, steps: int = claims.QUESTION.recipe.steps) -> Finder:
    """Train a contender on four thousand pairs, by the contest's recipe."""
    condition = next(one for one in claims.QUESTION.conditions if one.name == PAIRS)
    condition = trial.shorter(condition, steps=steps)
    one = Trial("stored", condition, name, RATE, SEED)
    with seeded(SEED):
        return trial.train(claims.QUESTION, one, lambda model: {}, scored=())[0]


def main() -> None:
    """Train, save, and say how many targets of the validation they find."""
    stored.save({name: train(name) for name in NAMES}, FILE)
    judged = trial.examples(claims.TASK, "validation", SEED, claims.QUESTION.conditions[1])
    for name in NAMES:
        print(name, {key: round(value) for key, value in claims.score(load(name), judged).items()})
    print(f"{FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
