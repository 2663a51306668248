"""Four times as long: does peeling stay ahead on wallpaper without end, and do convolutions catch up?

After 192 steps of wallpaper without end peeling, which learns nothing, was half a decibel ahead of attention,
and attention was still rising; on photographs more convolution was rising, too. Here each has 768 steps, at
the contest's rate, five seeds on the contest's pictures. Asked by an outsider, after the record had been
seen. Written down before the run: attention has passed peeling where the whole interval of the difference in
PSNR lies above 0, and the other scores stand beside it.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.longer
"""

from dataclasses import replace

import numpy as np

from visual_attention.chapters.inpainting import claims
from visual_attention.experiments import ledger, trial
from visual_attention.experiments.answer import answer
from visual_attention.experiments.question import ENDLESS, Question
from visual_attention.experiments.verdict import Interval, paired

NAME = "inpainting-longer"
SEEDS = 5
WALLPAPER, PHOTOGRAPHS = claims.QUESTIONS
ATTENTION, PEELING, CONVOLUTION = claims.ATTENTION.name, "peeling", claims.CONVOLUTION.name
TRAINED = ((WALLPAPER, ENDLESS, ATTENTION), (PHOTOGRAPHS, PHOTOGRAPHS.middle, CONVOLUTION))


def longer(question: Question) -> Question:
    """The contest with four times the steps."""
    return replace(question, recipe=replace(question.recipe, steps=4 * question.recipe.steps, points=7))


def load() -> list[ledger.Row]:
    """All rows of the record."""
    return ledger.read(ledger.path(NAME)).rows


def lacking(question: Question, condition: str, name: str) -> list[trial.Trial]:
    """The trainings that the record lacks."""
    made = {ledger.key(row) for row in load()}
    rate = next(line.rate for line in answer(question).table(condition) if line.contender.name == name)
    asked = longer(question)
    where = next(each for each in asked.conditions if each.name == condition)
    trials = [trial.Trial("headline", where, name, rate, seed) for seed in range(SEEDS)]
    return [one for one in trials if one.key(asked) not in made]


def scores(name: str, steps: int, metric: str = "PSNR") -> np.ndarray:
    """A contender's scores after so many steps, one number a seed."""
    rows = sorted((row for row in load() if row["arm"] == name), key=lambda row: row["seed"])
    return np.array([row["scores"][metric][row["steps"].index(steps)] for row in rows])


def minus_peeling(steps: int, metric: str = "PSNR") -> Interval:
    """Attention after so many steps of wallpaper without end, minus peeling."""
    theirs = answer(WALLPAPER).curve(ENDLESS, PEELING, metric)[:, -1]
    return paired(scores(ATTENTION, steps, metric), theirs[:SEEDS])


def ahead_of_convolution(steps: int) -> Interval:
    """Attention after the contest's steps on photographs, minus more convolution after so many."""
    ours = answer(PHOTOGRAPHS).curve(PHOTOGRAPHS.middle, ATTENTION)[:, -1]
    return paired(ours[:SEEDS], scores(CONVOLUTION, steps))


def main() -> None:
    """Make what the record lacks, and compare."""
    for question, condition, name in TRAINED:
        for one in lacking(question, condition, name):
            ledger.append(ledger.path(NAME), trial.make(longer(question), one))
    for steps in (192, 384, 768):
        print(f"{steps} steps: attention {scores(ATTENTION, steps).mean():.1f}")
        for metric in ("PSNR", "SSIM", "GMSD", "patch distance"):
            found = minus_peeling(steps, metric)
            print(f"  minus peeling, {metric}: {found.effect:+.4f} ({found.low:+.4f} to {found.high:+.4f})")
        found = ahead_of_convolution(steps)
        told = f"{found.effect:+.1f} ({found.low:+.1f} to {found.high:+.1f})"
        print(f"  photographs, ahead of convolution: {told}")


if __name__ == "__main__":
    main()
