"""What do the detectors do after longer training than a lesson allows?

The weights beside this file were made by the command below, some minutes of one processor core for each;
nothing is downloaded and nothing is unpickled.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.trained
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from visual_attention import stored
from visual_attention.chapters.detection.claims import QUESTIONS, TASK
from visual_attention.experiments import curves, trial
from visual_attention.experiments.question import ENDLESS, Condition
from visual_attention.training import seeded

FILE = Path(__file__).with_name("trained.safetensors")
CURVES = Path(__file__).with_name("trained.json")
RATE, SEED, JUDGED = 3e-3, 77, 500
STEPS = {
    "set transformer": 8192,
    "queries from the grid": 8192,
    "grid": 4096,
    "grid with attention": 4096,
}


def build(name: str) -> nn.Module:
    """A detector without its trained weights, by its name in the chapter's question."""
    if name not in STEPS:
        raise ValueError(f"name: wanted one of {', '.join(STEPS)}; got {name!r}")
    with seeded(SEED):
        return QUESTIONS[0].contender(name).build(QUESTIONS[0].setting)


def load(name: str) -> nn.Module:
    """A trained detector, in evaluation mode."""
    return stored.restore(build(name), FILE, name)


def curve(name: str) -> dict[str, list[float]]:
    """How a trained detector came to be: "steps", and its scores at each, in percent."""
    build(name)
    return json.loads(CURVES.read_text(encoding="utf-8"))[name]


def condition(steps: int) -> Condition:
    """Scenes without end, scored after 16, 32, 64 ... steps."""
    question = QUESTIONS[0]
    points = max(1, steps.bit_length() - 4)
    recipe = replace(question.recipe, steps=steps, points=points, examples=JUDGED)
    return Condition(ENDLESS, None, question.setting, recipe)


def make(name: str, *, steps: int | None = None) -> tuple[nn.Module, dict[str, list[float]]]:
    """Train one from nothing by its recipe, or for another number of steps; gives its curve, too."""
    asked = condition(steps or STEPS[name])
    judged = trial.examples(TASK, "test", SEED, asked)
    generator = torch.Generator().manual_seed(SEED)
    model, scores, _ = curves.train(
        build(name),
        lambda step: TASK.draw(asked.recipe.batch, "train", generator, asked.setting),
        TASK.loss,
        lambda averaged: TASK.score(averaged, judged),
        steps=asked.recipe.steps,
        rate=RATE,
        warmup=asked.recipe.warmup,
        scored=asked.recipe.scored,
    )
    at = list(asked.recipe.scored)
    found = {metric: [round(scores[step][metric], 2) for step in at] for metric in scores[at[-1]]}
    return model, {"steps": at} | found


def main(names: list[str]) -> None:
    """Train those of the given names, or all, and store weights and curves."""
    torch.set_num_threads(1)
    for name in names or list(STEPS):
        model, found = make(name)
        stored.save({name: model}, FILE, keep=True)
        known = json.loads(CURVES.read_text(encoding="utf-8")) if CURVES.exists() else {}
        CURVES.write_text(json.dumps(known | {name: found}, indent=1) + "\n", encoding="utf-8")
        print(f"{name:22} AP50 {found['AP50'][-1]:.1f}, {FILE.stat().st_size / 1000:.0f} KB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
