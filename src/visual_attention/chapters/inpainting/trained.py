"""What does a network with contextual attention fill in, once it is trained for longer than a lesson allows?

And a deeper, wider one without attention, trained alike, on pictures of all kinds of `holes.py`. The weights
beside this file were made by the command
below, in a few minutes of one processor core; nothing is downloaded and nothing is unpickled.

Chapter: notebooks/applications/inpainting.ipynb
Run: python -m visual_attention.chapters.inpainting.trained
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from visual_attention import stored
from visual_attention.chapters.inpainting import holes
from visual_attention.chapters.inpainting.contextual import ContextualAttention, ContextualInpainter
from visual_attention.chapters.inpainting.scores import psnr
from visual_attention.experiments import curves
from visual_attention.training import seeded

FILE = Path(__file__).with_name("trained.safetensors")
NAMES = ("attention", "convolution")
STEPS, BATCH, WARMUP = 800, 8, 32
SHARPNESS = 30.0  # multiplies the cosines
RATE = 1e-2
WIDTHS = {"attention": 16, "convolution": 24}
DEEPER = (1, 2, 4, 8, 2, 1)  # reaches of the convolutions of the network without attention


def network(name: str) -> ContextualInpainter:
    """A fresh network, with attention or of convolutions alone."""
    if name not in NAMES:
        raise ValueError(f"name: wanted one of {', '.join(NAMES)}; got {name!r}")
    if name == "attention":
        return ContextualInpainter(ContextualAttention(scale=SHARPNESS), channels=WIDTHS[name])
    return ContextualInpainter(None, channels=WIDTHS[name], reaches=DEEPER)


def load(name: str) -> ContextualInpainter:
    """The trained network of that name, in evaluation mode."""
    return stored.restore(network(name), FILE, name)


def train(
    model: nn.Module, *, steps: int = STEPS, batch: int = BATCH, seed: int = 0
) -> tuple[nn.Module, list[float]]:
    """The network trained on fresh pictures of all kinds, its weights averaged, and the loss of each step.

    The seed fixes the pictures, the same for every network.
    """
    generator = torch.Generator().manual_seed(seed)
    averaged, _, losses = curves.train(
        model,
        lambda step: holes.batch(batch, split="train", generator=generator),
        absolute_error,
        lambda model: {},
        steps=steps,
        rate=RATE,
        warmup=WARMUP,
        scored=(),
    )
    return averaged, losses


def absolute_error(model: nn.Module, batch: holes.Holed) -> Tensor:
    """The mean absolute error of the missing pixels.

    Raises:
        ValueError: if none is missing.
    """
    if not batch.masks.any():
        raise ValueError(f"wanted at least one missing pixel, got none in {len(batch.masks)} pictures")
    error = (model(batch.images, batch.masks) - batch.images).abs()
    return error[batch.masks.expand_as(error)].mean()


def ratio(model: nn.Module, kind: str, *, count: int = 60) -> float:
    """PSNR (dB) in the hole, the mean over test pictures of a kind."""
    drawn = holes.batch(count, split="test", kind=kind, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        filled = model(drawn.images, drawn.masks).clamp(0, 1)
    return psnr(filled, drawn.images, drawn.masks).mean().item()


def main() -> None:
    """Train both, save them, and say how good they are."""
    models = {}
    for name in NAMES:
        with seeded(0):
            models[name], _ = train(network(name))
    stored.save(models, FILE)
    for name in NAMES:
        ratios = ", ".join(f"{kind} {ratio(load(name), kind):.1f} dB" for kind in holes.KINDS)
        print(f"{name:12}{ratios}")
    print(f"{FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
