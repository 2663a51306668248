"""Which features do all detectors of the chapter look at?

One convolutional network, trained once for a task of its own and then frozen: at each of 32 x 32 places of a
picture it says which kinds of box lie there. It never answers with a box, so that it favours neither cells
that answer nor queries that do.

Chapter: notebooks/applications/detection.ipynb
Run: python -m visual_attention.chapters.detection.backbone
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention import stored
from visual_attention.boxes import to_corners
from visual_attention.chapters.detection.scenes import KINDS, Objects
from visual_attention.chapters.detection.training import drawn, show
from visual_attention.convolutions import layer
from visual_attention.mechanisms.inputs import require_feature_map
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained_backbone.safetensors")
STRIDE = 8
CHANNELS = 64
FINE = 4  # painted places along each side of a place of the map
POOL, STEPS, RATE = 4096, 1600, 3e-3


class Backbone(nn.Module):
    """Seven convolutions: (B, 3, H, W) -> (B, C, H / 8, W / 8).

    Args:
        channels: C, of the map.

    Raises:
        ValueError: at call, if H or W is not a multiple of 8.
    """

    def __init__(self, channels: int = CHANNELS):
        super().__init__()
        widths = (3, channels // 2, 3 * channels // 4, channels)
        down = [layer(i, o, stride=2) for i, o in zip(widths, widths[1:], strict=False)]
        self.layers = nn.Sequential(*down, *(layer(channels, channels) for _ in range(4)))

    def forward(self, images: Tensor) -> Tensor:
        require_feature_map(images, channels=3)
        if images.shape[2] % STRIDE or images.shape[3] % STRIDE:
            raise ValueError(
                f"wanted height and width as multiples of {STRIDE}, got {tuple(images.shape[2:])}"
            )
        return self.layers(images)


class Painter(nn.Module):
    """What the backbone was trained in: a score for each kind at each fine place.

    Shape:
        (B, 3, H, W) -> (B, K, H / 2, W / 2).
    """

    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        self.paint = nn.Conv2d(CHANNELS, len(KINDS) * FINE**2, kernel_size=1)

    def forward(self, images: Tensor) -> Tensor:
        return F.pixel_shuffle(self.paint(self.backbone(images)), FINE)


def painted(objects: Objects, side: int) -> Tensor:
    """Which kinds of box cover the middle of each fine place: objects of (B, O) -> (B, K, side, side)."""
    middle = (torch.arange(side) + 0.5) / side
    low, high = to_corners(objects.boxes)[..., None].split(2, dim=2)  # (B, O, 2, 1) each
    inside = (low <= middle) & (middle < high)  # (B, O, 2, side)
    cover = inside[:, :, 1, :, None] & inside[:, :, 0, None, :] & objects.present[..., None, None]
    kinds = objects.labels[..., None] == torch.arange(len(KINDS))  # (B, O, K)
    return (cover[:, :, None] & kinds[..., None, None]).any(dim=1).float()


def loss(model: Painter, batch: tuple[Tensor, Objects]) -> Tensor:
    """Binary cross-entropy of the painting, ()."""
    scores = model(batch[0])
    return F.binary_cross_entropy_with_logits(scores, painted(batch[1], scores.shape[-1]))


def train(*, steps: int = STEPS, pool: int = POOL, progress: bool = True) -> Painter:
    """Train the painter from nothing, on scenes of the split "learning"."""
    scenes = drawn(pool, split="learning", seed=0)
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = Painter()
    fit(model, lambda step: show(scenes, 32, generator), loss, steps=steps, lr=RATE, progress=progress)
    return model


def load() -> Backbone:
    """The trained backbone, in evaluation mode, without gradients."""
    with seeded(0):
        model = Backbone()
    return stored.restore(model, FILE).requires_grad_(False)


def main() -> None:
    """Train it and store it."""
    stored.save(train().backbone, FILE)
    print(f"{FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
