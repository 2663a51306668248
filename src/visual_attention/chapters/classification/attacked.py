"""What did an outsider try on the trained network, after the page had been written?

On the page's six hundred pictures the map misses eighteen, too few to say what holding it on the digit
brings back; here are nine thousand. Two cuts more ask what a map has to say: the same weight on all of the
digit, and the network's own weights moved by one place. And confetti is counted by how much of the digit it
leaves whole.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.attacked
"""

from functools import cache

import torch
from torch import Tensor, nn

from visual_attention.chapters.classification import cuts, sizes, trained
from visual_attention.experiments import pointing

DRAWS, AT_ONCE = 15, 600
PIECE = sizes.CANVAS // cuts.TILES  # pixels of a side of a piece of confetti


def level(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """The same weight on all of the digit, nothing elsewhere: it says where, and no more."""
    return cover / cover.sum(dim=(2, 3), keepdim=True)


def moved(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """Its own weights, each one place to the right; what falls off comes in on the left."""
    return pool.weights(features).roll(1, dims=3)


WAYS = {"own": cuts.own, "held": cuts.held, "level": level, "moved": moved}


@cache
@torch.no_grad()
def answers() -> tuple[Tensor, dict[str, Tensor]]:
    """Nine thousand pictures of the page's hardest kind: which the map hits, and which are right by cut."""
    model, generator = trained.load(), torch.Generator().manual_seed(11)
    hits, right = [], {name: [] for name in WAYS}
    for _ in range(DRAWS):
        test = sizes.cell(AT_ONCE, split="test", side=10, pieces=12, generator=generator)
        hits.append(pointing.hits(model.place_map(test.images), test.masks))
        for name, weigh in WAYS.items():
            named = cuts.scores_with(model, test.images, test.masks, weigh).argmax(1)
            right[name].append(named == test.labels)
    return torch.cat(hits), {name: torch.cat(some) for name, some in right.items()}


def left_whole(masks: Tensor, side: int) -> Tensor:
    """The largest share of each digit's square that lies in one piece of confetti: (B, 1, H, W) -> (B,)."""
    share = torch.ones(len(masks))
    for axis in (2, 3):
        start = masks.any(dim=axis).int().argmax(dim=2)[:, 0] % PIECE
        first = (PIECE - start).clamp(max=side)
        share = share * torch.maximum(first, (side - first).clamp(max=PIECE)) / side
    return share


@torch.no_grad()
def torn(side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The page's six hundred pictures: how whole each digit is left, right before, right on confetti."""
    generator = torch.Generator().manual_seed(3)
    test = sizes.cell(600, split="test", side=side, pieces=4, generator=generator)
    model = trained.load()
    named = [model(images).argmax(1) for images in (test.images, cuts.confetti(test.images))]
    return left_whole(test.masks, side), *(some == test.labels for some in named)


def main() -> None:
    """Print the attacks."""
    hit, right = answers()
    print(f"the map misses {int((~hit).sum())} of {len(hit)}")
    for name, some in right.items():
        print(f"{name:6} {some.double().mean():.1%} right, {int(some[~hit].sum())} of the missed")
    for side in (10, 24):
        share, before, after = torn(side)
        for low, high in ((0, 0.5), (0.5, 1), (1, 2)):
            kept = (share >= low) & (share < high)
            told = (
                f"{int(kept.sum())}, {before[kept].double().mean():.0%} to {after[kept].double().mean():.0%}"
            )
            print(f"{side} pixels, from {low} whole: {told}")


if __name__ == "__main__":
    main()
