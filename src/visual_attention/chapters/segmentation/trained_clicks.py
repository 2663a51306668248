"""The network that answers clicks in the chapter's page, trained for longer than a lesson allows.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.trained_clicks
"""

from pathlib import Path

import torch

from visual_attention import stored
from visual_attention.chapters.segmentation import asking, clicks
from visual_attention.chapters.segmentation.prompt import Prompted
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained_clicks.safetensors")
STEPS, BATCH, RATE = 400, 8, 1e-2


def load() -> Prompted:
    """The trained network, in evaluation mode."""
    return stored.restore(Prompted(), FILE)


def train(*, steps: int = STEPS, progress: bool = True) -> Prompted:
    """Train a decoder on the frozen encoder's features, with one click and with two."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = asking.with_encoder(Prompted())
        fit(
            model,
            lambda step: asking.asked(clicks.batch(BATCH, split="learning", generator=generator)),
            asking.loss,
            steps=steps,
            lr=RATE,
            progress=progress,
        )
    return model


@torch.no_grad()
def score(model: Prompted, *, count: int = 300) -> tuple[float, float]:
    """The mean IoU in percent on test pictures, after one click and after two."""
    drawn = clicks.batch(count, split="test", generator=torch.Generator().manual_seed(7))
    return asking.two_clicks(model, asking.asked(drawn))


def main() -> None:
    """Train, save, and say how good it is."""
    stored.save(train(), FILE)
    one, two = score(load())
    real = asking.score(load(), asking.real_coins())
    print(f"IoU {one:.1f} % after one click, {two:.1f} % after two; {FILE.stat().st_size / 1000:.0f} KB")
    print(f"real coins {real[asking.METRIC]:.1f} %")


if __name__ == "__main__":
    main()
