"""What does a recurrent attention model do after longer training than a lesson allows?

The weights beside this file were made by the command below, a few minutes of one processor core; nothing is
downloaded and nothing is unpickled.

Paper: Volodymyr Mnih, Nicolas Heess, Alex Graves and Koray Kavukcuoglu, "Recurrent Models of Visual
    Attention", NeurIPS 2014, section 4.1.
Chapter: notebooks/mechanisms/hard.ipynb
Run: python -m visual_attention.chapters.hard.trained
"""

from pathlib import Path

import torch

from visual_attention import stored
from visual_attention.chapters.hard import translated
from visual_attention.mechanisms.hard import RecurrentAttentionModel, hard_attention_loss
from visual_attention.training import fit, seeded

FILE = Path(__file__).with_name("trained.safetensors")
STEPS = 8_000
SPREADS = (0.25, 0.1)  # of the drawn locations: wide at first, to find the digit; narrow at last, to read it


def load() -> RecurrentAttentionModel:
    """The trained model, in evaluation mode: six glimpses at three scales for 60 x 60 pixels."""
    return stored.restore(RecurrentAttentionModel(10), FILE)


def train(*, steps: int = STEPS, progress: bool = True) -> RecurrentAttentionModel:
    """Train a model from nothing on translated, cluttered digits."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = RecurrentAttentionModel(10)

        def batch(step: int) -> translated.TranslatedDigits:
            first, last = SPREADS
            model.locate.spread = first + (last - first) * step / steps
            return translated.batch(64, split="train", generator=generator)

        def loss(model: RecurrentAttentionModel, batch: translated.TranslatedDigits) -> torch.Tensor:
            return hard_attention_loss(model.sample(batch.images), batch.labels)

        fit(model, batch, loss, steps=steps, lr=2e-3, progress=progress)
    return model


def error(model: RecurrentAttentionModel, *, count: int = 4000) -> float:
    """The share of test digits that the model names wrongly."""
    drawn = translated.batch(count, split="test", generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return (model(drawn.images).argmax(dim=1) != drawn.labels).float().mean().item()


def main() -> None:
    """Train, save, and say how good it is."""
    model = train()
    stored.save(model, FILE)
    print(f"error {error(load()):.2%} with {model.glimpses * model.glimpse.sensor.pixels()} numbers read")


if __name__ == "__main__":
    main()
