"""Where does the U-Net with dual attention look, once it is trained for longer than a lesson allows?

The weights beside this file were made by the command below, in a minute of one processor core; nothing is
downloaded and nothing is unpickled.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.trained
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention import stored
from visual_attention.chapters.segmentation import lookalikes
from visual_attention.chapters.segmentation.scores import dice
from visual_attention.chapters.segmentation.unet import DualAttention, UNet
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained.safetensors")
STEPS, BATCH, LEARNING_RATE = 500, 16, 5e-3
WIDTHS = (6, 12, 32)


class Seen(NamedTuple):
    """What the network makes of a picture: the picture (3, 48, 48); what each of the 144 places at the bottom
    takes from each (144, 144); what it marks (48, 48), bool; and where the digit, the coins that are meant
    and the other coins are (3, 48, 48), bool."""

    image: Tensor
    weights: Tensor
    marked: Tensor
    regions: Tensor


def build() -> UNet:
    """The network without its trained weights."""
    return UNet(widths=WIDTHS, bottom=DualAttention)


def load() -> UNet:
    """The trained network, in evaluation mode."""
    return stored.restore(build(), FILE)


def loss(model: nn.Module, drawn: lookalikes.Lookalikes) -> Tensor:
    """Cross-entropy of each pixel, plus one minus a soft Dice.

    Raises:
        ValueError: if there is no picture.
    """
    if not len(drawn.images):
        raise ValueError("wanted at least one picture to take the mean loss of, got none")
    scores, true = model(drawn.images), drawn.masks.float()
    inside = scores.sigmoid()
    common = (inside * true).sum(dim=(1, 2, 3))
    areas = inside.sum(dim=(1, 2, 3)) + true.sum(dim=(1, 2, 3))
    missed = 1 - (2 * common + 1) / (areas + 1)
    return F.binary_cross_entropy_with_logits(scores, true) + missed.mean()


@torch.no_grad()
def look(model: UNet, drawn: lookalikes.Lookalikes, index: int) -> Seen:
    """What a trained network with dual attention makes of one picture of a batch."""
    image = drawn.images[index : index + 1]
    others = (drawn.things[index] & ~drawn.meant[index][:, None, None]).any(dim=0)
    regions = torch.stack([drawn.digits[index, 0], drawn.masks[index, 0], others])
    weights = model.bottom.weights(model.deepest(image)).position[0]
    return Seen(image[0], weights, model(image)[0, 0] > 0, regions)


def train(
    *, steps: int = STEPS, seed: int = 0, canvas: int = lookalikes.CANVAS, progress: bool = True
) -> UNet:
    """Train the network from nothing on pictures in which a digit says which coins are meant."""
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        model = build()
    fit(
        model,
        lambda step: lookalikes.batch(BATCH, split="train", canvas=canvas, generator=generator),
        loss,
        steps=steps,
        lr=LEARNING_RATE,
        progress=progress,
    )
    return model


@torch.no_grad()
def score(model: UNet, *, count: int = 400) -> float:
    """The mean Dice on pictures of the test."""
    drawn = lookalikes.batch(count, split="test", generator=torch.Generator().manual_seed(7))
    return dice(model(drawn.images) > 0, drawn.masks).mean().item()


def main() -> None:
    """Train, save, and say how good it is."""
    stored.save(train(), FILE)
    print(f"Dice {score(load()):.1%}, {FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
