"""What if the question to the words is the reader's own? A small generator learns with it, in seconds.

Pictures of two flat tiles: of "a red 7 left of a blue 3" the left one is red and the right one blue. Each
tile has to find its own word among five.

Chapter: notebooks/applications/generation.ipynb
Run: python -m visual_attention.chapters.generation.written
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.generation import sentences, worded
from visual_attention.chapters.generation.word_transformer import (
    AskWords,
    WordTransformer,
    picture,
    word_loss,
)
from visual_attention.training import fit, seeded

TILE = 2  # pixels of a tile's side
STEPS, RATE, BATCH = 150, 2e-2, 64
JUDGE = 200  # pictures
WANTED, LOST = (
    0.6,
    0.3,
)  # share of pictures that must obey, and that must be lost without a choice; see `main`

Ask = Callable[[Tensor, Tensor, Tensor], Tensor]


class WrittenAsk(AskWords):
    """One head of cross-attention whose core is a given function.

    Args:
        dim: D, of patches and words.
        function: (queries (B, N, D), keys (B, T, D), values (B, T, D)) -> (B, N, D).

    Shape:
        patches (B, N, D), words (B, T, D) -> (B, N, D).
    """

    def __init__(self, dim: int, function: Ask):
        super().__init__(dim, heads=1)
        self.function, self.even = function, False

    def forward(self, x: Tensor, words: Tensor, change: Callable | None = None) -> Tensor:
        keys = self.key(words)
        keys = torch.zeros_like(keys) if self.even else keys
        return self.proj(self.function(self.query(x), keys, self.value(words)))


def network(function: Ask) -> WordTransformer:
    """A generator of tiles whose patches ask by the function."""
    model = WordTransformer((TILE, 2 * TILE), patch=TILE, dim=32, depth=1, heads=1)
    for layer in model.layers:
        layer.ask = WrittenAsk(model.positions.shape[1], function)
    return model


def tiles(words: Tensor) -> Tensor:
    """Pictures of sentences, a tile for each thing: (B, 5) -> (B, 3, 2, 4)."""
    colours = worded.paint()[words[:, [0, 3]]]  # (B, 2, 3)
    return F.interpolate(colours.mT[:, :, None], scale_factor=TILE)


def obeyed(images: Tensor, words: Tensor) -> Tensor:
    """Whether both tiles have the colours that were told, (B,)."""
    found, wanted = (F.avg_pool2d(each, TILE)[:, :, 0].mT for each in (images, tiles(words)))  # (B, 2, 3)
    return (F.cosine_similarity(found, wanted, dim=2) > 0.95).all(1)


def learn(function: Ask, *, steps: int = STEPS, seed: int = 0) -> WordTransformer:
    """Train a generator of tiles around a function."""
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        model = network(function)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        words = sentences.draw(BATCH, generator=generator)
        return tiles(words), words

    fit(
        model,
        batch,
        lambda model, drawn: word_loss(model, *drawn, generator=generator),
        steps=steps,
        lr=RATE,
        progress=False,
    )
    return model


@torch.no_grad()
def score(model: nn.Module, *, even: bool = False) -> float:
    """The share of made pictures that obey their sentence; with all keys made equal, if `even`."""
    asks = [layer.ask for layer in model.layers]
    for ask in asks:
        ask.even = even
    words = sentences.draw(JUDGE, generator=torch.Generator().manual_seed(1))
    made = picture(model, words, steps=12, scale=2.0, generator=torch.Generator().manual_seed(2))
    for ask in asks:
        ask.even = False
    return obeyed(made, words).float().mean().item()


def main() -> None:
    """With attention, and with the mean of all words."""

    def attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return (queries @ keys.mT / queries.shape[-1] ** 0.5).softmax(dim=-1) @ values

    def mean(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return values.mean(1, keepdim=True) + 0 * queries + 0 * keys.sum()

    for name, function in (("attention", attention), ("mean", mean)):
        model = learn(function)
        print(f"{name:10} {score(model):.0%} obey, with all keys equal {score(model, even=True):.0%}")


if __name__ == "__main__":
    main()
