"""What does the classifier with soft pooling look at, once it is trained for longer than a lesson allows?

The weights beside this file were made by the command below, in a few minutes of one processor core; nothing
is downloaded and nothing is unpickled.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.trained
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention import stored
from visual_attention.chapters.classification import sizes
from visual_attention.chapters.classification.classifier import Classifier
from visual_attention.chapters.classification.own_photograph import prepare
from visual_attention.convolutions import fold
from visual_attention.mechanisms.soft import SoftAttentionPool
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained.safetensors")
STEPS = 4_000
WIDTH, MID_CHANNELS = 32, 8


class Seen(NamedTuple):
    """What the network makes of a picture: the picture as it gets it (1, H, W), its map (h, w), and a share
    for each digit (10,). Map and shares each sum to 1."""

    picture: Tensor
    map: Tensor
    shares: Tensor


def build() -> Classifier:
    """The network without its trained weights."""
    return Classifier(width=WIDTH, pool=lambda channels: SoftAttentionPool(channels, MID_CHANNELS))


def load() -> Classifier:
    """The trained network, in evaluation mode."""
    return stored.restore(build(), FILE)


def look(model: Classifier, photograph: Any, *, ink: str = "none") -> Seen:
    """What a trained network with a soft pool makes of a photograph in any form.

    Args:
        model: the network.
        photograph: whatever `own_photograph.prepare` takes.
        ink: as there.
    """
    picture = prepare(photograph, ink=ink)
    with torch.no_grad():
        return Seen(picture[0], model.place_map(picture)[0, 0], model(picture)[0].softmax(dim=0))


def train(*, steps: int = STEPS, progress: bool = True) -> Classifier:
    """Train the network from nothing on digits of all sizes."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = build()
    fit(
        model,
        lambda step: sizes.mixed(64, split="train", generator=generator),
        lambda model, batch: F.cross_entropy(model(batch.images), batch.labels),
        steps=steps,
        lr=3e-3,
        progress=progress,
    )
    return model


def accuracy(model: Classifier, *, count: int = 300) -> float:
    """The share of right answers over all sizes and amounts of clutter, `count` pictures of each kind."""
    generator = torch.Generator().manual_seed(7)
    right = []
    with torch.no_grad():
        for side in sizes.SIDES:
            for pieces in sizes.PIECES:
                cell = sizes.cell(count, split="test", side=side, pieces=pieces, generator=generator)
                right.append((model(cell.images).argmax(dim=1) == cell.labels).float().mean().item())
    return sum(right) / len(right)


def folded(model: Classifier) -> list[tuple[Tensor, Tensor, int]]:
    """A trained network with a soft pool as plain layers: (weight, bias, stride) of each.

    Evaluation only needs running statistics, so that each normalisation is folded into the convolution before
    it. In order: the three convolutions, the pool's two, and the linear layer.
    """
    layers = [fold(*block[:2]) for block in (model.stem, *model.convs)]
    plain = (model.pool.conv1, model.pool.conv2, model.head)
    return layers + [(part.weight.detach(), part.bias.detach(), 1) for part in plain]


def told(shares: Sequence[float]) -> str:
    """The two likeliest digits in words: "7: 83 %, 1: 9 %"."""
    best = torch.as_tensor(shares).argsort(descending=True)[:2].tolist()
    return ", ".join(f"{digit}: {100 * float(shares[digit]):.0f} %" for digit in best)


def main() -> None:
    """Train, save, and say how good it is."""
    stored.save(train(), FILE)
    print(f"accuracy {accuracy(load()):.1%}, {FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
