"""What if the look is the reader's own? A small decoder learns with it to answer clicks, in seconds.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.written
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.segmentation import clicks, trained_encoder
from visual_attention.chapters.segmentation.prompt import CODE, WIDTHS, code, grid_code
from visual_attention.training import fit, seeded

LEARN, JUDGE = 120, 120  # pictures
STEPS, RATE, DIM = 150, 3e-2, 16
WANTED, LOST = 0.4, 0.15  # IoU that must be reached, and that must be lost without a look; see `main`

Look = Callable[[Tensor, Tensor, Tensor], Tensor]


class Places(NamedTuple):
    """Pictures as places: features with codes (B, 256, 32), the clicks' codes (B, 16), and how much of each
    place belongs to the thing that is meant (B, 256)."""

    places: Tensor
    clicks: Tensor
    cover: Tensor


class Written(nn.Module):
    """A decoder whose look is a given function.

    Args:
        function: (query (B, D), keys (B, N, D), values (B, N, E)) -> (B, E).

    Shape:
        places (B, N, 32), the clicks' codes (B, 16) -> scores of the places (B, N).
    """

    def __init__(self, function: Look):
        super().__init__()
        self.function = function
        self.where = nn.Linear(CODE, DIM, bias=False)  # of the click and of each place
        self.think = nn.Sequential(nn.Linear(WIDTHS[1] + CODE, 32), nn.ReLU())
        self.answer = nn.Linear(32, WIDTHS[1] + CODE + 1)

    def forward(self, places: Tensor, clicked: Tensor, even: bool = False) -> Tensor:
        keys = self.where(places[..., -CODE:])
        keys = torch.zeros_like(keys) if even else keys
        found = self.function(self.where(clicked), keys, places)
        answer = self.answer(self.think(found))  # (B, 33)
        return (places @ answer[:, :-1, None])[..., 0] + answer[:, -1:]


@functools.cache
@torch.no_grad()
def pictures(split: str, count: int) -> Places:
    """Scenes of a split, encoded once."""
    drawn = clicks.batch(count, split=split, generator=torch.Generator().manual_seed(3))
    features = trained_encoder.encoder()(drawn.images).places
    codes = grid_code(features, 2).expand(count, -1, -1)
    cover = F.avg_pool2d(drawn.masks.float(), 2).flatten(1)
    row, column = drawn.clicks[:, 0, 0], drawn.clicks[:, 0, 1]
    return Places(torch.cat([features.flatten(2).mT, codes], dim=-1), code(row, column), cover)


def learn(function: Look, *, steps: int = STEPS, seed: int = 0) -> Written:
    """Train a decoder around a function on a hundred and twenty clicks, all at once."""
    with seeded(seed):
        model = Written(function)
    shown = pictures("learning", LEARN)

    def loss(model: nn.Module, shown: Places) -> Tensor:
        scores = model(shown.places, shown.clicks)
        inside = scores.sigmoid()
        missed = 1 - 2 * (inside * shown.cover).sum(1) / (inside.sum(1) + shown.cover.sum(1))
        return F.binary_cross_entropy_with_logits(scores, shown.cover) + missed.mean()

    fit(model, lambda step: shown, loss, steps=steps, lr=RATE, progress=False)
    return model


@torch.no_grad()
def score(model: Written, *, even: bool = False) -> float:
    """The mean IoU on unseen pictures, place by place; with all keys equal, if `even`."""
    shown = pictures("test", JUDGE)
    found, true = model(shown.places, shown.clicks, even) > 0, shown.cover > 0.5
    return ((found & true).sum(1) / (found | true).sum(1).clamp(min=1)).mean().item()


def main() -> None:
    """With attention, and with the mean of all places."""

    def attention(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        weights = (keys @ query[:, :, None] / query.shape[-1] ** 0.5).softmax(dim=1)
        return (weights * values).sum(1)

    def mean(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return values.mean(1) + 0 * query.sum() + 0 * keys.sum()

    for name, function in (("attention", attention), ("mean", mean)):
        model = learn(function)
        print(f"{name:10} IoU {score(model):.2f}, with all keys equal {score(model, even=True):.2f}")


if __name__ == "__main__":
    main()
