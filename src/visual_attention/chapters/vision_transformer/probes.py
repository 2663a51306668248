"""What can be read from features that stay as they are? A linear probe and an attentive probe.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.probes
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.vision_transformer.features import KEPT, Features, stored
from visual_attention.training import fit, seeded

CLASS, MEAN, ATTENTION = "class token", "mean of patches", "attentive"
GRID = (3e-3, 1e-2, 3e-2, 1e-1)
RATES = {CLASS: 3e-2, MEAN: 3e-2, ATTENTION: 1e-2}  # the best on 150 of the training pictures, see `main`
CLASSES = 10


class LinearProbe(nn.Module):
    """One layer on what is made of the tokens without learning: the class token, or the mean of the patches.

    Args:
        read: "class token" or "mean of patches".

    Shape:
        (B, 1 + N, 32), the class token first -> (B, 10).
    """

    def __init__(self, read: str):
        super().__init__()
        if read not in (CLASS, MEAN):
            raise ValueError(f"read: wanted {CLASS!r} or {MEAN!r}, got {read!r}")
        self.read = read
        self.norm, self.linear = nn.BatchNorm1d(KEPT, affine=False), nn.Linear(KEPT, CLASSES)

    def forward(self, tokens: Tensor) -> Tensor:
        read = tokens[:, 0] if self.read == CLASS else tokens[:, 1:].mean(dim=1)
        return self.linear(self.norm(read))


class AttentiveProbe(nn.Module):
    """A learned query asks all patches, and one layer reads their weighted mean.

    Shape:
        (B, 1 + N, 32), the class token first -> (B, 10). ``weights``: (B, N), non-negative, rows sum to 1.
    """

    def __init__(self):
        super().__init__()
        self.query = nn.Parameter(torch.zeros(KEPT))  # at first it reads the mean of the patches
        self.norm, self.linear = nn.BatchNorm1d(KEPT, affine=False), nn.Linear(KEPT, CLASSES)

    def weights(self, tokens: Tensor) -> Tensor:
        """What each patch counts, (B, N)."""
        return (tokens[:, 1:] @ self.query / KEPT**0.5).softmax(dim=1)

    def read_with(self, tokens: Tensor, weights: Tensor) -> Tensor:
        """The scores with given weights (B, N), (B, 10)."""
        return self.linear(self.norm((weights[:, None] @ tokens[:, 1:])[:, 0]))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.read_with(tokens, self.weights(tokens))


def probe(name: str) -> nn.Module:
    """A fresh probe by its name."""
    return AttentiveProbe() if name == ATTENTION else LinearProbe(name)


def learn(
    name: str, shown: Features, *, rate: float | None = None, seed: int = 0
) -> tuple[nn.Module, list[float]]:
    """Train a probe on stored features, all at once, 300 times: the probe, and the loss of each step."""
    with seeded(seed):
        model = probe(name)
    history = fit(
        model,
        lambda step: shown,
        lambda model, batch: F.cross_entropy(model(batch.tokens), batch.labels),
        steps=300,
        lr=rate or RATES[name],
        weight_decay=0.01,
        progress=False,
    )
    return model, history


@torch.no_grad()
def accuracy(read: Callable[[Tensor], Tensor], shown: Features) -> float:
    """How many digits are named, in percent."""
    return 100 * (read(shown.tokens).argmax(1) == shown.labels).float().mean().item()


def some(shown: Features, chosen: Tensor) -> Features:
    """A part of the pictures, by their numbers."""
    return Features(*(part[chosen] for part in shown))


def main() -> None:
    """Which rate is best on 150 of the 600 training pictures, of four?"""
    order = torch.randperm(600, generator=torch.Generator().manual_seed(0))
    learning, validation = some(stored("train"), order[150:]), some(stored("train"), order[:150])
    for name in RATES:
        found = {rate: accuracy(learn(name, learning, rate=rate)[0], validation) for rate in GRID}
        print(f"{name:16}", *(f"{rate:g}: {share:.0f} %" for rate, share in found.items()))


if __name__ == "__main__":
    main()
