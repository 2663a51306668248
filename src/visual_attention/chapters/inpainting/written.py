"""What if the copying layer is the reader's own? A network learns with it to fill wallpaper.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.written
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.inpainting import wallpaper
from visual_attention.chapters.inpainting.contextual import ContextualInpainter
from visual_attention.chapters.inpainting.scores import psnr
from visual_attention.experiments import curves
from visual_attention.training import seeded

STEPS, RATE, SCALE, WIDTH = 80, 1e-2, 30.0, 16

Copy = Callable[[Tensor, Tensor, Tensor, float], Tensor]


class _Written(nn.Module):
    """A copying layer made of a given function of places.

    Args:
        function: (features (B, N, D), values (B, N, V), known (B, N), scale) -> (B, N, V).

    Shape:
        (B, D, H, W), mask (B, 1, H, W), values (B, V, H, W) -> (B, V, H, W); known places stay as they are.
    """

    def __init__(self, function: Copy):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, mask: Tensor, values: Tensor) -> Tensor:
        features, places = x.flatten(2).mT, values.flatten(2).mT  # (B, N, D), (B, N, V)
        copied = self.function(features, places, ~mask.flatten(1), SCALE)
        return torch.where(mask, copied.mT.reshape(values.shape), values)


def learn(function: Copy, *, steps: int = STEPS, seed: int = 0) -> tuple[nn.Module, list[float]]:
    """Train a network around a function on wallpaper for some seconds: the network and its losses."""
    with seeded(seed):
        model = ContextualInpainter(_Written(function), channels=WIDTH)
    generator = torch.Generator().manual_seed(seed)
    averaged, _, losses = curves.train(
        model,
        lambda step: wallpaper.batch(16, split="train", world="wallpaper", generator=generator),
        error,
        lambda model: {},
        steps=steps,
        rate=RATE,
        warmup=16,
        scored=(),
    )
    return averaged, losses


def error(model: nn.Module, batch: wallpaper.Holed) -> Tensor:
    """The mean absolute error of the missing pixels."""
    filled = model(batch.images, batch.masks)
    return F.l1_loss(filled[batch.masks.expand_as(filled)], batch.images[batch.masks.expand_as(filled)])


@torch.no_grad()
def decibels(model: nn.Module, count: int = 60) -> float:
    """PSNR in the holes of unseen wallpaper."""
    generator = torch.Generator().manual_seed(7)
    shown = wallpaper.batch(count, split="test", world="wallpaper", generator=generator)
    return psnr(model(shown.images, shown.masks).clamp(0, 1), shown.images, shown.masks).mean().item()


def main() -> None:
    """With attention, with all known places alike, and one flat colour."""
    from visual_attention.chapters.inpainting.copying_mistakes import copy_step
    from visual_attention.chapters.inpainting.scores import MeanFill

    def alike(features: Tensor, values: Tensor, known: Tensor, scale: float) -> Tensor:
        return copy_step(features, values, known, 0.0)

    for name, function in (("attention", copy_step), ("all alike", alike)):
        print(f"{name:12}{decibels(learn(function)[0]):.1f} dB")
    print(f"{'mean fill':12}{decibels(MeanFill()):.1f} dB")


if __name__ == "__main__":
    main()
