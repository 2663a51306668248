"""Which digit is it, in a picture that nobody has drawn?

A small convolutional network, trained on cells of real pictures, names the digit in each cell of a made one.
It is a judge with errors of its own, which are told beside whatever it says.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.judge
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention import stored
from visual_attention.chapters.generation import sentences, worded
from visual_attention.data import digits
from visual_attention.training import fit, parameters, seeded

FILE = Path(__file__).with_name("trained_judge.safetensors")
STEPS = 600


class Judge(nn.Module):
    """Name the digit in a grey cell.

    Shape:
        (B, 1, 8, 8) in [0, 1] -> (B, 10), scores.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 4 * 4, len(sentences.DIGITS)),
        )

    def features(self, cells: Tensor) -> Tensor:
        """How much of each of 32 kinds of strokes a cell has, (B, 32): where a score of realism compares."""
        return self.layers[:-2](cells).mean(dim=(2, 3))

    def forward(self, cells: Tensor) -> Tensor:
        return self.layers(cells)


@torch.no_grad()
def seen(judge: Judge, images: Tensor) -> Tensor:
    """The features of the two brightest cells of each picture: (B, 3, 16, 16) -> (2 B, 32)."""
    grey = worded.split_cells(images).clamp(0, 1).amax(dim=2, keepdim=True)  # (B, 4, 1, 8, 8)
    brightest = grey.mean(dim=(2, 3, 4)).topk(2, dim=1).indices
    return judge.features(grey[torch.arange(len(grey))[:, None], brightest].flatten(0, 1))


def load() -> Judge:
    """The trained judge, in evaluation mode."""
    return stored.restore(Judge(), FILE)


def train(*, steps: int = STEPS, progress: bool = True) -> Judge:
    """Train a judge from nothing, on real digits with a little grain."""
    images, labels = digits.small("train")
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        model = Judge()

    def batch(step: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(images), (64,), generator=generator)
        grain = 0.05 * torch.randn(64, 1, 8, 8, generator=generator)
        return (images[chosen] + grain).clamp(0, 1), labels[chosen]

    fit(
        model,
        batch,
        lambda model, drawn: F.cross_entropy(model(drawn[0]), drawn[1]),
        steps=steps,
        lr=3e-3,
        progress=progress,
    )
    return model


@torch.no_grad()
def accuracy(judge: Judge) -> float:
    """The share of real test digits that it names right."""
    images, labels = digits.small("test")
    return (judge(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    """Train it, save it, and say how often it is right, on digits and on whole real pictures."""
    stored.save(train(), FILE)
    judge = load()
    drawn = worded.batch(1000, split="test", generator=torch.Generator().manual_seed(0))
    right = worded.obeyed(worded.read(judge, drawn.images), drawn.words)
    print(f"{parameters(judge):,} parameters, {accuracy(judge):.1%} of the test digits")
    print({name: f"{each.mean():.1%}" for name, each in zip(right._fields, right, strict=True)})


if __name__ == "__main__":
    main()
