"""What do the detectors do after longer training than a lesson allows?

The weights beside this file were made by the command below, some minutes of one processor core; nothing is
downloaded and nothing is unpickled.

Paper: Nicolas Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020.
Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.trained
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from visual_attention import stored
from visual_attention.chapters.detection.grid import GridAttention, GridDetector
from visual_attention.chapters.detection.scenes import CANVAS, KINDS
from visual_attention.chapters.detection.scores import average_precision
from visual_attention.chapters.detection.training import Watch, detect, drawn, train
from visual_attention.chapters.detection.transformer import DetectionTransformer
from visual_attention.training import seeded

FOLDER = Path(__file__).parent
POOL = 4096  # training scenes
LEARNING_RATE = 2e-3
CURVES = FOLDER / "trained.json"
CHECKS = 8  # times at which a long run is scored
WATCHED = 200  # scenes for these scores


def transformer() -> DetectionTransformer:
    """Eight queries, one encoder layer, two decoder layers."""
    return DetectionTransformer(len(KINDS))


def grid() -> GridDetector:
    """A grid of 8 x 8 cells with four convolutions on it; no attention."""
    return GridDetector(len(KINDS), depth=4)


def grid_with_attention() -> GridDetector:
    """The grid with self-attention in place of one convolution; its stem is wider, so that sizes match."""
    cells = CANVAS // 8
    middle = GridAttention(64, heads=4, grid=(cells, cells))
    return GridDetector(len(KINDS), channels=(24, 64, 64), depth=3, middle=middle)


@dataclass(frozen=True)
class Recipe:
    """How one detector was made: how to build it, and for how many steps it was trained."""

    build: Callable[[], nn.Module]
    steps: int

    @property
    def file(self) -> Path:
        """Where its weights lie."""
        return FOLDER / f"trained_{self.build.__name__}.safetensors"


RECIPES = {
    "transformer": Recipe(transformer, 4500),
    "grid": Recipe(grid, 800),
    "grid with attention": Recipe(grid_with_attention, 800),
}


def load(name: str) -> nn.Module:
    """A trained detector, in evaluation mode: "transformer", "grid" or "grid with attention"."""
    recipe = _recipe(name)
    with seeded(0):
        model = recipe.build()
    return stored.restore(model, recipe.file)


def curve(name: str) -> dict[str, list[float]]:
    """How a trained detector came to be: "steps", "seconds" of one core, and "scores" (AP50 in percent)."""
    _recipe(name)
    return json.loads(CURVES.read_text(encoding="utf-8"))[name]


def make(name: str, *, steps: int | None = None, progress: bool = True) -> tuple[nn.Module, Watch]:
    """Train one from nothing, by its recipe or for another number of steps; gives its curve, too."""
    recipe = _recipe(name)
    short = steps is not None
    pool = drawn(64 if short else POOL, split="train", seed=0)
    with seeded(0):
        model = recipe.build()
    steps = steps if short else recipe.steps
    watch = Watch(lambda: score(model, count=64 if short else WATCHED), steps, checks=CHECKS)
    train(model, pool, seed=0, steps=steps, lr=LEARNING_RATE, progress=progress, watch=watch)
    watch(steps)
    return model, watch


def note(name: str, watch: Watch, file: Path = CURVES) -> None:
    """Write the curve of one run beside those of the others."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    seconds = [round(value, 1) for value in watch.seconds]
    scores = [round(value, 2) for value in watch.scores]
    known[name] = {"steps": watch.steps, "seconds": seconds, "scores": scores}
    file.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def score(model: nn.Module, *, count: int = 500) -> float:
    """AP50 in percent on scenes of the test that no training saw."""
    test = drawn(count, split="test", seed=10_000)
    return average_precision(detect(model, test), test)["AP50"]


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise ValueError(f"name: wanted one of {', '.join(RECIPES)}; got {name!r}")
    return RECIPES[name]


def main(names: list[str]) -> None:
    """Train those that are missing (of the named ones, or of all), save them, and say how good each is."""
    for name in names or RECIPES:
        recipe = _recipe(name)
        if not recipe.file.exists():
            model, watch = make(name)
            stored.save(model, recipe.file)
            note(name, watch)
        print(f"{name}: AP50 {score(load(name)):.1f} after {recipe.steps} steps", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
