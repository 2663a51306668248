"""What the tests of explanation share: pictures, untrained networks, and a network known by heart."""

import torch
from torch import nn

from visual_attention.chapters.explanation import marked, networks
from visual_attention.training import seeded


def pictures(count=3, seed=0):
    """Pictures and answers."""
    drawn = marked.batch(count, split="test", generator=torch.Generator().manual_seed(seed))
    return drawn.images, torch.arange(count) % marked.CLASSES


def untrained(kind, seed=0):
    """A network with random weights, in evaluation mode, its batch norms told what pictures look like."""
    with seeded(seed):
        model = networks.BUILD[kind]()
        with torch.no_grad():
            model.train()(marked.batch(32, split="train").images)
    return model.eval()


class Straight(nn.Module):
    """Each score is a weighted sum of the pixels: what each pixel gives is known."""

    def __init__(self, seed=0):
        super().__init__()
        self.gains = torch.randn(
            marked.CLASSES, marked.SIDE, marked.SIDE, generator=torch.Generator().manual_seed(seed)
        )

    def forward(self, images):
        return torch.einsum("bchw,khw->bk", images, self.gains)
