"""What does the generator make after longer training than a lesson allows, with attention and without?

The weights beside this file were made by the command below, a few minutes of one processor core; nothing is
downloaded and nothing is unpickled.

Paper: Yaron Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023.
Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.trained
"""

from pathlib import Path

import torch
from torch import Tensor

from visual_attention import stored
from visual_attention.chapters.generation import mirrored
from visual_attention.chapters.generation.flow_matching import foreseen, trajectory
from visual_attention.chapters.generation.mixing import NeighbourMixer, WideMixer
from visual_attention.chapters.generation.transformer import (
    VelocityTransformer,
    as_pictures,
    generate,
    picture_loss,
)
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained.safetensors")
STEPS = 3_000
MIXERS = {
    "attention": None,
    "neighbours": lambda: NeighbourMixer((4, 6), 64, middle=26),
    "wide convolution": lambda: WideMixer((4, 6), 64, middle=88),
}
NAMES = tuple(MIXERS)


def network(name: str) -> VelocityTransformer:
    """A fresh network, with attention or with convolutions over 3 x 3 or 7 x 11 patches in its place."""
    if name not in NAMES:
        raise ValueError(f"name: wanted one of {', '.join(NAMES)}; got {name!r}")
    return VelocityTransformer(mirrored.SIZE, mixer=MIXERS[name])


def load(name: str) -> VelocityTransformer:
    """The trained network of that name, in evaluation mode."""
    return stored.restore(network(name), FILE, name)


def train(name: str, *, steps: int = STEPS, progress: bool = True) -> VelocityTransformer:
    """Train a network from nothing."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = network(name)
    fit(
        model,
        lambda step: mirrored.batch(48, split="train", generator=generator).images,
        lambda model, images: picture_loss(model, images, generator=generator),
        steps=steps,
        lr=4e-3,
        progress=progress,
    )
    return model


def share(model: VelocityTransformer, *, count: int = 1000) -> float:
    """The share of pairs that agree in fresh pictures."""
    made = generate(model, count, generator=torch.Generator().manual_seed(0))
    return mirrored.agreement(made).both.float().mean().item()


@torch.no_grad()
def formation(
    model: VelocityTransformer, noise: Tensor, *, steps: int = 24, every: int = 2
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How pictures form, for a figure or a widget.

    Args:
        model: A network with attention.
        noise: Where to start, (S, 3, H, W).
        steps: Steps of the sampler.
        every: Show one step of so many.

    Shape:
        times (T,), states and foreseen pictures (S, T, 3, H, W) in [0, 1], weights (S, T, L * h, N, N).
    """
    path = trajectory(model, noise, steps=steps)[:-1:every]  # (T, S, 3, H, W)
    times = torch.arange(0, steps, every) / steps
    shown, weights = [], []
    for time, x in zip(times, path, strict=True):
        now = time.expand(len(x))
        shown.append(as_pictures(foreseen(model, x, now)))
        weights.append(torch.cat(model.weights(x, now), dim=1))  # (S, L * h, N, N)
    return times, as_pictures(path).transpose(0, 1), *(torch.stack(each, dim=1) for each in (shown, weights))


def main() -> None:
    """Train all, save them, and say how often pairs agree."""
    stored.save({name: train(name) for name in NAMES}, FILE)
    for name in NAMES:
        print(f"{name:16} {share(load(name)):.1%} of the pairs agree")


if __name__ == "__main__":
    main()
