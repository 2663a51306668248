"""Which round things look alike, and are still not the same?

Discs cut from one photograph, ancient coins, and digits on counters of one colour: things of one family are
easily taken for each other. Families of the test do not occur in training.

Run: python -m visual_attention.chapters.tracking.sprites
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import cutouts, digits, photographs

SIDE = 20  # pixels of a sprite's square
PICTURE = 240  # pixels to which a photograph is brought before discs are cut out
PLAIN = 0.09  # a disc whose brightness spreads less than this shows nothing to hold on to
PHOTOGRAPHS = {"train": ("astronaut", "cat", "coffee", "pagoda"), "test": ("flower", "camera", "rocket")}
DIGITS_A_CLASS = 6
EVERY = 5  # of the sprites of training, every fifth is kept for validation where rates are chosen
SPLITS = ("train", "learning", "validation", "test")


@functools.cache
def families(split: str) -> dict[str, Tensor]:
    """All sprites of a split by family. No two sprites of a family overlap in their photograph.

    The tensors are shared between callers: copy before you write into them.

    Args:
        split: "train" or "test", which share no sprite and no photograph, except for that of the coins; or
            "learning" or "validation", which divide the sprites of "train" between them.

    Shape:
        family -> (N, 4, 20, 20), float32 in [0, 1]: red, green, blue, and how much the sprite covers.

    Raises:
        ValueError: if there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split: wanted one of {', '.join(SPLITS)}; got {split!r}")
    if split in ("learning", "validation"):
        return _divided(split)
    found = {name: discs(photographs.load(name, PICTURE)) for name in PHOTOGRAPHS[split]}
    coins = cutouts.load(split)["coin"]
    found["coin"] = F.interpolate(coins, (SIDE, SIDE), mode="bilinear", antialias=True).clamp(0, 1)
    found["counter"] = counters(split)
    return found


def _divided(split: str) -> dict[str, Tensor]:
    """The sprites of training without every fifth, or these; coins are too few, and learning has them all."""
    found = {}
    for name, sprites in families("train").items():
        kept = torch.arange(len(sprites)) % EVERY == 0
        if name == "coin":
            kept[:] = False
        if split == "learning" or kept.any():
            found[name] = sprites[kept if split == "validation" else ~kept]
    return found


def alike(count: int, many: int, *, split: str, generator: torch.Generator | None = None) -> Tensor:
    """Different sprites of one family for each film, all as bright, premultiplied by their cover.

    Args:
        count: B, films.
        many: O, sprites of each.
        split: "train" or "test".
        generator: seeds the choice of families and sprites, and the brightness of each film's.

    Shape:
        (B, O, 4, 20, 20)
    """
    groups = list(families(split).values())
    family = torch.randint(len(groups), (count,), generator=generator).tolist()
    picked = []
    for number in family:
        bank = groups[number]
        chosen = torch.randperm(len(bank), generator=generator)[:many]
        picked.append(bank[chosen])
    made = torch.stack(picked)
    light = 0.7 + 0.3 * torch.rand(count, 1, 1, 1, 1, generator=generator)
    return torch.cat([made[:, :, :3] * light * made[:, :, 3:], made[:, :, 3:]], dim=2)


def disc(side: int = SIDE) -> Tensor:
    """How much a disc covers each pixel of its square, (side, side)."""
    fine = (torch.arange(4 * side) + 0.5) / (2 * side) - 1
    inside = (fine[:, None].square() + fine.square() <= 1).float()
    return F.avg_pool2d(inside[None], 4)[0]


def discs(photograph: Tensor) -> Tensor:
    """Discs of a photograph (3, H, W) on a grid of their own size, without the plain ones: (N, 4, 20, 20)."""
    squares = photograph.unfold(1, SIDE, SIDE).unfold(2, SIDE, SIDE)  # (3, rows, columns, 20, 20)
    squares = squares.permute(1, 2, 0, 3, 4).flatten(0, 1)  # (N, 3, 20, 20)
    contrast = squares.mean(dim=1).flatten(1).std(dim=1)
    squares = squares[contrast > PLAIN]
    return torch.cat([squares, disc().expand(len(squares), 1, SIDE, SIDE)], dim=1)


def counters(split: str) -> Tensor:
    """White digits on red discs, a few of each class: (N, 4, 20, 20)."""
    ink, labels = digits.tight(split, 12)  # (M, 1, 12, 12)
    chosen = torch.cat([torch.nonzero(labels == digit)[:DIGITS_A_CLASS, 0] for digit in range(10)])
    ink = F.pad(ink[chosen], (4, 4, 4, 4))  # (N, 1, 20, 20)
    red = torch.tensor([0.7, 0.15, 0.1]).view(1, 3, 1, 1)
    return torch.cat([red + (1 - red) * ink, disc().expand(len(ink), 1, SIDE, SIDE)], dim=1)


def main() -> None:
    for split in digits.SPLITS:
        print(split, {name: len(sprites) for name, sprites in families(split).items()})


if __name__ == "__main__":
    main()
