"""What can be read from features that stay as they are? A linear probe and an attentive probe.

Chapter: notebooks/mechanisms/vision_transformer.ipynb
Run: python -m visual_attention.chapters.vision_transformer.probes
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.vision_transformer.features import KEPT, Features, stored
from visual_attention.training import fit, seeded

CLASS, MEAN, ATTENTION = "class token", "mean of patches", "attentive"
CLASSES = 10


class LinearProbe(nn.Module):
    """One layer on what is made of the tokens without learning: the class token, or the mean of the patches.

    Args:
        read: "class token" or "mean of patches".

    Shape:
        (B, 1 + N, 64), the class token first -> (B, 10).
    """

    def __init__(self, read: str):
        super().__init__()
        if read not in (CLASS, MEAN):
            raise ValueError(f"read: wanted {CLASS!r} or {MEAN!r}, got {read!r}")
        self.read = read
        self.linear = nn.Linear(KEPT, CLASSES)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.linear(tokens[:, 0] if self.read == CLASS else tokens[:, 1:].mean(1))


class AttentiveProbe(nn.Module):
    """A learned query asks all patches, and one layer reads their weighted mean.

    Shape:
        (B, 1 + N, 64), the class token first -> (B, 10). ``weights``: (B, N), non-negative, rows sum to 1.
    """

    def __init__(self):
        super().__init__()
        self.query = nn.Parameter(torch.zeros(KEPT))  # at first the mean of the patches
        self.linear = nn.Linear(KEPT, CLASSES)

    def weights(self, tokens: Tensor) -> Tensor:
        """What each patch counts, (B, N)."""
        return (tokens[:, 1:] @ self.query / KEPT**0.5).softmax(dim=1)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.linear((self.weights(tokens)[:, None] @ tokens[:, 1:])[:, 0])


def probe(name: str) -> nn.Module:
    """A fresh probe by its name."""
    return AttentiveProbe() if name == ATTENTION else LinearProbe(name)


def learn(name: str, count: int, *, seed: int = 0, steps: int = 300) -> nn.Module:
    """Train a probe on some of the stored features of training pictures, in a second or two.

    Args:
        name: "class token", "mean of patches" or "attentive".
        count: pictures that it learns from.
        seed: draws them, and the first weights.
        steps: updates, each on all of them.
    """
    shown = stored("train")
    chosen = torch.randperm(len(shown.labels), generator=torch.Generator().manual_seed(seed))[:count]
    with seeded(seed):
        model = Standard(probe(name), shown.tokens[chosen])
    batch = (shown.tokens[chosen], shown.labels[chosen])
    fit(
        model,
        lambda step: batch,
        lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]),
        steps=steps,
        lr=RATES[name],
        weight_decay=0.01,
        progress=False,
    )
    return model


@torch.no_grad()
def accuracy(model: nn.Module, shown: Features) -> float:
    """How many digits are named, in percent."""
    return 100 * (model(shown.tokens).argmax(1) == shown.labels).float().mean().item()
