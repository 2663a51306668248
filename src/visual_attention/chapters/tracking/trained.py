"""How do the trackers follow once they are trained for longer than a lesson allows?

The weights beside this file were made by the command below, in a few minutes of one processor core; nothing
is downloaded and nothing is unpickled.

Chapter: notebooks/applications/tracking.ipynb
Run: python -m visual_attention.chapters.tracking.trained
"""

from pathlib import Path

import torch
from torch import Tensor

from visual_attention import stored
from visual_attention.chapters.tracking.films import Tracks
from visual_attention.chapters.tracking.follow import follow, train, training_pairs
from visual_attention.chapters.tracking.scores import area, success
from visual_attention.chapters.tracking.trackers import AttentionTracker, CorrelationTracker, Tracker
from visual_attention.convolutions import fold
from visual_attention.training import seeded

FILE = Path(__file__).with_name("trained.safetensors")
KINDS = {"attention": AttentionTracker, "correlation": CorrelationTracker}
WIDTH = 16
PAIRS, STEPS, BATCH, LEARNING_RATE = 320, 280, 8, 5e-3


def build(kind: str) -> Tracker:
    """A tracker without its trained weights.

    Raises:
        ValueError: if there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: wanted one of {', '.join(KINDS)}; got {kind!r}")
    return KINDS[kind](width=WIDTH, dim=WIDTH)


def load(kind: str, file: Path = FILE) -> Tracker:
    """A trained tracker, in evaluation mode."""
    return stored.restore(build(kind), file, kind)


def make(*, pairs: int = PAIRS, steps: int = STEPS, file: Path = FILE, progress: bool = True) -> None:
    """Train both from nothing on the same pairs, and write their weights in half precision."""
    pool = training_pairs(pairs, seed=100)
    models = {}
    for kind in KINDS:
        with seeded(100):
            models[kind] = build(kind)
        train(models[kind], pool, seed=100, steps=steps, batch=BATCH, lr=LEARNING_RATE, progress=progress)
    stored.save(models, file)


def success_area(model: Tracker, films: Tracks) -> float:
    """The area under the success curve over all frames after the first, for the first sprite of each film."""
    boxes = follow(model, films).boxes[:, 1:]
    return area(success(boxes, films.boxes[:, 1:, 0], films.present[:, 1:, 0]))


def plain(model: Tracker) -> Tensor:
    """All numbers of a tracker in one row, for a place without torch.

    Normalisation is folded into the convolution before it. In order: weight and bias of the three
    convolutions, the query's and the key's weights, weight and bias of the two layers that read the box;
    what multiplies the response; how well the target must fit; and the temperature (1 where there is none).
    """
    parts: list[Tensor] = []
    for block in model.features:
        weight, bias, _ = fold(*block[:2])
        parts += [weight, bias]
    parts += [model.query.weight, model.key.weight]
    for layer in (model.extent[0], model.extent[3]):
        parts += [layer.weight, layer.bias]
    temperature = torch.tensor(float(getattr(model, "temperature", 1.0)))
    parts += [model.sharpness.exp(), model.floor, temperature]
    return torch.cat([part.detach().flatten() for part in parts])


def main() -> None:
    """Train, save, and say how good they are."""
    from visual_attention.chapters.tracking.tracks import sequences

    make()
    for kind in KINDS:
        films = sequences(12, split="test", generator=torch.Generator().manual_seed(0))
        print(f"{kind}: area under success {success_area(load(kind), films):.2f}")
    print(f"{FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
