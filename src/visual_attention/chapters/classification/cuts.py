"""Does the answer hang on the map? Interventions on a trained network: it stays, its map is changed.

A network answers once more with its weights made uniform, with those of another picture, held on the digit or
kept off it; or the picture itself is torn into confetti, or loses its digit. What is lost says what the
answer hung on; a look at the map alone cannot.

Chapter: notebooks/applications/classification.ipynb
Run: python -m visual_attention.chapters.classification.cuts
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visual_attention.chapters.classification.classifier import Classifier, MaxPool
from visual_attention.mechanisms.nonlocal_block import NonLocalBlock

TILES = 4  # a side of the confetti's grid

# (pool, features (B, C, h, w), how much of each place the digit covers (B, 1, h, w)) -> weights
Weighing = Callable[[nn.Module, Tensor, Tensor], Tensor]


def own(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """The weights as they are: a cut that changes nothing."""
    return pool.weights(features)


def uniform(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """All places weigh alike."""
    weights = pool.weights(features)
    return weights.mean(dim=(2, 3), keepdim=True).expand_as(weights)


def anothers(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """The weights of the picture before it in the batch."""
    return pool.weights(features).roll(1, dims=0)


def held(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """Its own weights on the digit, nothing elsewhere; together as much as before."""
    return within(pool, features, cover)


def forbidden(pool: nn.Module, features: Tensor, cover: Tensor) -> Tensor:
    """Nothing wherever a place touches the digit, its own weights elsewhere; together as much as before."""
    return within(pool, features, (cover == 0).to(cover.dtype))


def within(pool: nn.Module, features: Tensor, allowed: Tensor) -> Tensor:
    """The weights of a pool that may look at some places only; in sum as much as before.

    Args:
        pool: with weights of places, or a `MaxPool`, which then takes the largest of those places.
        features: (B, C, h, w).
        allowed: (B, 1, h, w), from 0 to 1.
    """
    if isinstance(pool, MaxPool):
        return pool.weights(features.masked_fill(allowed == 0, -torch.inf))
    weights = pool.weights(features)
    left, before = weights * allowed, weights.sum(dim=(2, 3), keepdim=True)
    return left * before / left.sum(dim=(2, 3), keepdim=True).clamp_min(1e-12)


def scores_with(model: Classifier, images: Tensor, masks: Tensor, weigh: Weighing) -> Tensor | None:
    """The scores of a trained network with other weights, (B, K); None if there are none that multiply.

    Those of the pool, if it has any, else the gates in both slots. A non-local block does more than multiply.

    Args:
        model: the network, which stays as it is.
        images: (B, 1, H, W).
        masks: where the digit is, (B, 1, H, W).
        weigh: makes the weights.
    """

    def weighed(part: nn.Module, features: Tensor) -> Tensor:
        cover = F.adaptive_avg_pool2d(masks.to(features.dtype), features.shape[2:])
        return features * weigh(part, features, cover)

    if hasattr(model.pool, "weights"):
        return model.read(weighed(model.pool, model.features(images)).sum(dim=(2, 3)))
    if not all(hasattr(slot, "weights") and not isinstance(slot, NonLocalBlock) for slot in model.slots):
        return None
    features = model.stem(images)
    for convolution, slot in zip(model.convs, model.slots, strict=True):
        features = weighed(slot, convolution(features))
    return model.read(model.pool(features))


def confetti(images: Tensor, tiles: int = TILES) -> Tensor:
    """Pictures cut into pieces that change places, all in the same way: (B, C, H, W) -> alike.

    Args:
        images: the pictures.
        tiles: pieces in a row, and in a column.
    """
    side, across = images.shape[2] // tiles, images.shape[3] // tiles
    pieces = images.unfold(2, side, side).unfold(3, across, across).flatten(2, 3)  # (B, C, tiles ** 2, s, s)
    order = torch.randperm(tiles * tiles, generator=torch.Generator().manual_seed(0))
    mixed = pieces[:, :, order].unflatten(2, (tiles, tiles)).transpose(3, 4)  # (B, C, tiles, s, tiles, s)
    return mixed.reshape(images.shape)


def without_digit(images: Tensor, masks: Tensor) -> Tensor:
    """Pictures whose digit is painted over with the mean of all that lies around it."""
    around = ~masks
    mean = (images * around).sum(dim=(2, 3), keepdim=True) / around.sum(dim=(2, 3), keepdim=True)
    return torch.where(masks, mean, images)


def without_peak(images: Tensor, maps: Tensor, side: int) -> Tensor:
    """Pictures with a square painted over around the largest value of a map, whatever map it is.

    Args:
        images: (B, 1, H, W).
        maps: (B, 1, h, w), where h and w divide H and W.
        side: pixels of the square's side, odd; at the border of the picture less of it remains.
    """
    height, width = images.shape[2:]
    best = maps.flatten(1).argmax(1)
    cell = height // maps.shape[2], width // maps.shape[3]
    row = best // maps.shape[3] * cell[0] + cell[0] // 2  # the middle of the cell, in pixels
    column = best % maps.shape[3] * cell[1] + cell[1] // 2
    near_row = (torch.arange(height) - row[:, None]).abs() <= side // 2  # (B, H)
    near_column = (torch.arange(width) - column[:, None]).abs() <= side // 2
    return without_digit(images, (near_row[:, :, None] & near_column[:, None])[:, None])


def main() -> None:
    """Cut the trained network in each of the ways."""
    from visual_attention.chapters.classification import sizes, trained

    model = trained.load()
    shown = sizes.cell(600, split="test", side=10, pieces=12, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        for weigh in (own, uniform, anothers, held, forbidden):
            right = scores_with(model, shown.images, shown.masks, weigh).argmax(1) == shown.labels
            print(f"{weigh.__name__:10} {right.float().mean():.0%} right")
        for images in (confetti(shown.images), without_digit(shown.images, shown.masks)):
            print(f"{(model(images).argmax(1) == shown.labels).float().mean():.0%} right")


if __name__ == "__main__":
    main()
