"""What does it change how much "no object" weighs in the set loss?

The set transformer of the chapter's question, trained with each weight from the same two seeds, on scenes
without end. The curve beside this file was made by the command below.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.nothing
"""

import json
from pathlib import Path

import torch

from visual_attention.chapters.detection.claims import QUESTIONS
from visual_attention.experiments import trial

FILE = Path(__file__).with_name("nothing.json")
WEIGHTS = (0.1, 0.3, 0.6, 1.0, 2.0)
STEPS, RATE, SEEDS = 1024, 3e-3, (501, 502)


def measured(weight: float, seed: int, *, steps: int = STEPS) -> dict[str, float]:
    """The scores of a set transformer in whose loss "no object" has this weight, in percent."""
    _, scores = trial.live(
        QUESTIONS[0], "set transformer", steps=steps, rate=RATE, seed=seed, points=1, empty=weight
    )
    return {name: round(value, 2) for name, value in scores[steps].items()}


def stored() -> dict[str, list[list[float]]]:
    """The curve: metric -> for each weight the scores of the seeds, and "weight" -> the weights."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    found = {name: [[one[name] for one in seeds] for _, seeds in rows] for name in rows[0][1][0]}
    return {"weight": [weight for weight, _ in rows]} | found


def main() -> None:
    """Train all, and store the curve."""
    torch.set_num_threads(1)
    rows = []
    for weight in WEIGHTS:
        rows.append((weight, [measured(weight, seed) for seed in SEEDS]))
        print(weight, rows[-1][1], flush=True)
        FILE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
