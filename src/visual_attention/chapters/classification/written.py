"""What if the pool is the reader's own? It learns, on frozen features, to find a garment in a scene.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.written
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.classification.garments import KEPT, KINDS, stored
from visual_attention.training import fit, seeded

DIM = KEPT["scene"]
LEARN = 300  # of the 400 pictures; the others judge
STEPS, RATE = 150, 3e-2

Pool = Callable[[Tensor, Tensor], Tensor]


class Written(nn.Module):
    """A head on frozen patches whose pool is a given function with a learned query.

    Args:
        function: (patches (B, N, D), query (D,)) -> (B, D).

    Shape:
        (B, N, 96) -> (B, 10).
    """

    def __init__(self, function: Pool):
        super().__init__()
        self.function = function
        self.query = nn.Parameter(0.1 * torch.randn(DIM))
        self.norm, self.linear = nn.BatchNorm1d(DIM, affine=False), nn.Linear(DIM, len(KINDS))

    def forward(self, patches: Tensor) -> Tensor:
        return self.linear(self.norm(self.function(patches, self.query)))


def learn(function: Pool, *, steps: int = STEPS, seed: int = 0) -> Written:
    """Train a head around a function on three hundred scenes, all at once, for a second or two."""
    with seeded(seed):
        model = Written(function)
    shown = stored("scene")
    patches, labels = shown.tokens[:LEARN, 1:], shown.labels[:LEARN]
    fit(
        model,
        lambda step: (patches, labels),
        lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]),
        steps=steps,
        lr=RATE,
        weight_decay=0.1,
        progress=False,
    )
    return model


@torch.no_grad()
def accuracy(model: Written) -> float:
    """The share of unseen scenes whose garment is named."""
    shown = stored("scene")
    named = model(shown.tokens[LEARN:, 1:]).argmax(1)
    return (named == shown.labels[LEARN:]).float().mean().item()


@torch.no_grad()
def on_garment(model: Written) -> float:
    """How much of the function's weight lies on the garment, told by what it does with marked patches.

    Each patch is given one number more, how much of it the garment covers, of which the query asks nothing;
    what is pooled of it is the weight on the garment.
    """
    shown = stored("scene")
    marks = shown.covered[LEARN:, :, None]
    patches = torch.cat([shown.tokens[LEARN:, 1:], marks], dim=-1)
    scale = ((DIM + 1) / DIM) ** 0.5  # the function divides by the root of one number more
    query = torch.cat([scale * model.query, torch.zeros(1)])
    return model.function(patches, query)[:, -1].mean().item()


def main() -> None:
    """With attention, and with the mean of the patches."""

    def attention(patches: Tensor, query: Tensor) -> Tensor:
        weights = (patches @ query / patches.shape[-1] ** 0.5).softmax(dim=1)
        return (weights[:, None] @ patches)[:, 0]

    for name, function in (("attention", attention), ("mean", lambda patches, query: patches.mean(1))):
        model = learn(function)
        print(f"{name:10} names {accuracy(model):.0%}, weight on the garment {on_garment(model):.0%}")


if __name__ == "__main__":
    main()
