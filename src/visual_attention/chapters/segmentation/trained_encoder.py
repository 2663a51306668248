"""Which features does a click find? Those of an encoder that learned to tell things from the ground.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.trained_encoder
"""

import functools
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention import stored
from visual_attention.chapters.segmentation import clicks
from visual_attention.chapters.segmentation.prompt import WIDTHS, Encoder
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained_encoder.safetensors")
STEPS, BATCH, RATE = 300, 16, 1e-2


class Things(nn.Module):
    """An encoder with a layer that scores each pixel: does it belong to any thing?

    Shape:
        (B, 3, H, W) -> (B, 1, H, W), scores.
    """

    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).pixels)


def learn_things(*, steps: int = STEPS, progress: bool = True) -> Things:
    """Train an encoder to tell things from the ground; nobody clicks."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = Things()
    fit(
        model,
        lambda step: clicks.batch(BATCH, split="learning", generator=generator),
        lambda model, drawn: F.binary_cross_entropy_with_logits(model(drawn.images), drawn.things.float()),
        steps=steps,
        lr=RATE,
        progress=progress,
    )
    return model


@functools.cache
def encoder() -> Encoder:
    """The trained encoder, frozen, in evaluation mode. It is shared between callers."""
    return stored.restore(Encoder().requires_grad_(False), FILE)


def main() -> None:
    """Train the encoder, save it, and say how good it is."""
    model = learn_things()
    stored.save(model.encoder, FILE)
    drawn = clicks.batch(300, split="validation", generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        score = clicks.iou(model(drawn.images) > 0, drawn.things).mean().item()
    print(f"things against ground: IoU {score:.1%} on validation pictures; {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
