"""Which thing does a click mean, and where would a second click help most?

Coins and handwritten digits, each in a tint or in none, lie on a crop of a grey photograph. One of them is
meant, and a click on any of its pixels says which. Where an answer is wrong, a second click corrects it.

Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.clicks
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.chapters.segmentation import coin_masks, lookalikes
from visual_attention.data import cutouts

CELL = 16  # pixels of a cell's side; each thing has one of its own
SIZES = {"coin": (8.0, 14.0), "digit": (13.0, 16.0)}  # longer side in pixels
WINDOW = 32  # pixels of a picture's side
LEAST = 24  # pixels of a thing that may be clicked on
COVER = 0.4  # from here on a pixel belongs to a thing


class Clicked(NamedTuple):
    """A batch of pictures with a click in each.

    `images` (B, 3, H, W) in [0, 1]; `clicks` (B, K, 3): row and column in pixels, then 1 for "this is meant",
    -1 for "this is not"; `masks` (B, 1, H, W), bool, the thing that is meant; `things` (B, 1, H, W), bool,
    all things together; `labels` (B, H, W), which thing lies at each pixel, 0 for none.
    """

    images: Tensor
    clicks: Tensor
    masks: Tensor
    things: Tensor
    labels: Tensor


def batch(
    count: int,
    *,
    split: str,
    grid: int = 3,
    things: int = 6,
    grey: float = 0.5,
    generator: torch.Generator | None = None,
) -> Clicked:
    """Draw pictures with one click each, on any pixel of any thing. The splits share nothing.

    Args:
        count: B, pictures to draw.
        split: one of `lookalikes.batch`'s.
        grid: cells in a row and in a column, of 16 pixels each, of which a window of 32 x 32 pixels is seen.
        things: O, how many lie in the cells, each in one of its own; some lie beside the window.
        grey: the share of things without a tint.
        generator: seeds everything that is random here.

    Raises:
        ValueError: if there is no such split, or there are not that many cells.
    """
    if grid < 2 or not 1 <= things <= grid**2:
        raise ValueError(f"things: wanted 1 to {grid**2}, for {grid} x {grid} cells, got {things}")
    coins, ink = lookalikes.stamps(split)
    is_coin = torch.rand(count, things, generator=generator) < 0.5
    coin = coins[torch.randint(len(coins), (count, things), generator=generator)]
    digit = ink[torch.randint(len(ink), (count, things), generator=generator)]
    stamps = torch.where(is_coin[..., None, None, None], coin, digit)
    which = torch.randint(len(lookalikes.TINTS), (count, things), generator=generator)
    plain = torch.rand(count, things, 1, generator=generator) < grey
    shade = 0.7 + 0.3 * torch.rand(count, things, 1, generator=generator)
    tints = torch.where(plain, 1.0, lookalikes.TINTS[which]) * shade  # (B, O, 3)
    stamps = torch.cat([stamps[:, :, :3] * tints[..., None, None], stamps[:, :, 3:]], dim=2)
    spans = _places(is_coin, grid, generator)
    shift = torch.randint(CELL * grid - WINDOW + 1, (count, 1, 2), generator=generator)
    spans = torch.cat([spans[..., :2] - shift, spans[..., 2:]], dim=-1)  # as seen in the window
    images, layers = lookalikes.laid(stamps, spans, lookalikes.ground(split, count, WINDOW, generator))
    covers = layers[:, :, 3] > COVER  # (B, O, H, W)
    areas = covers.sum((2, 3))
    lots = torch.rand(count, things, generator=generator) * (areas >= LEAST) + areas / 1e6
    masks = covers[torch.arange(count), lots.argmax(1), None]
    return Clicked(images, first_click(masks, generator), masks, *_named(covers))


def _named(covers: Tensor) -> tuple[Tensor, Tensor]:
    """All things together, (B, 1, H, W), bool, and which lies at each pixel, (B, H, W), 0 for none."""
    numbers = torch.arange(1, covers.shape[1] + 1)[None, :, None, None]
    labels = (covers * numbers).amax(1)
    return (labels > 0)[:, None], labels


def _places(is_coin: Tensor, grid: int, generator: torch.Generator | None) -> Tensor:
    """Centre x, centre y, width and height of each thing, in a cell of its own: (B, O, 4)."""
    share = torch.rand(is_coin.shape, generator=generator)
    low, high = (torch.where(is_coin, SIZES["coin"][end], SIZES["digit"][end]) for end in (0, 1))
    side = low + (high - low) * share
    cell = torch.rand(len(is_coin), grid**2, generator=generator).argsort(1)[:, : is_coin.shape[1]]
    corner = CELL * torch.stack([cell % grid, cell // grid], dim=-1)
    free = (CELL - side)[..., None] * torch.rand(*is_coin.shape, 2, generator=generator)
    return torch.cat([corner + free + side[..., None] / 2, side[..., None].expand(-1, -1, 2)], dim=-1)


def first_click(masks: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A click on a pixel of each mask, any as likely as any other: (B, 1, H, W), bool -> (B, 1, 3)."""
    lots = torch.rand(masks.shape, generator=generator)
    return _click(torch.where(masks, lots, -1.0), torch.ones(len(masks)))


def correction(predicted: Tensor, masks: Tensor) -> Tensor:
    """Where a second click helps most: in the middle of the largest mistake.

    The pixel that lies deepest among the wrong ones, by the number of times they can lose their rim. It says
    1 where something is missing, -1 where something is too much. An answer without mistakes gets a click on
    the thing once more.

    Shape:
        (B, 1, H, W) twice, bool -> (B, 1, 3).
    """
    wrong = torch.where(
        (predicted != masks).flatten(1).any(1)[:, None, None, None], predicted != masks, masks
    )
    left, depth = wrong.float(), torch.zeros(masks.shape)
    while left.any():
        depth += left
        left = -F.max_pool2d(-F.pad(left, [1] * 4), 3, stride=1)  # a pixel stays if all its neighbours do
    clicks = _click(depth, torch.ones(len(masks)))
    row, column = clicks[:, 0, :2].long().unbind(1)
    clicks[:, 0, 2] = torch.where(masks[torch.arange(len(masks)), 0, row, column], 1.0, -1.0)
    return clicks


def any_mistake(predicted: Tensor, masks: Tensor) -> Tensor:
    """A click on a wrong pixel, any as likely as any other, by torch's global generator; for training."""
    wrong = predicted != masks
    wrong = torch.where(wrong.flatten(1).any(1)[:, None, None, None], wrong, masks)
    clicks = first_click(wrong)
    row, column = clicks[:, 0, :2].long().unbind(1)
    clicks[:, 0, 2] = torch.where(masks[torch.arange(len(masks)), 0, row, column], 1.0, -1.0)
    return clicks


def iou(predicted: Tensor, true: Tensor) -> Tensor:
    """The common area over that of both together: (B, 1, H, W) twice, bool -> (B,); 1 if both are empty."""
    both = (predicted | true).sum((1, 2, 3)).double()
    return torch.where(both > 0, (predicted & true).sum((1, 2, 3)) / both.clamp(min=1), 1.0)


@functools.cache
def coins(side: int = WINDOW, *, seed: int = 0) -> Clicked:
    """Windows of the photograph of the coins, four around each coin that training never shows, clicked on it.

    Args:
        side: pixels of a window.
        seed: of where in the window the coin lies, and of the clicks.
    """
    from scipy import ndimage

    image, mask, _ = coin_masks.picture()
    labels = torch.from_numpy(ndimage.label(mask[0, 0].numpy())[0])
    generator = torch.Generator().manual_seed(seed)
    high, wide = labels.shape
    images, masks, numbers = [], [], []
    for top, left, bottom, right in cutouts.COINS[::3] * 4:
        row, column = int((top + bottom) / 2 * high / 303), int((left + right) / 2 * wide / 384)
        shift = torch.randint(9, side - 9, (2,), generator=generator)  # where the coin's middle comes to lie
        y = int((row - shift[0]).clamp(0, high - side))
        x = int((column - shift[1]).clamp(0, wide - side))
        images.append(image[0, :, y : y + side, x : x + side])
        window = labels[None, y : y + side, x : x + side]
        masks.append(window == labels[row, column])
        numbers.append(window[0])
    shown = torch.stack(masks)
    named = torch.stack(numbers)
    return Clicked(torch.stack(images), first_click(shown, generator), shown, named[:, None] > 0, named)


def _click(values: Tensor, signs: Tensor) -> Tensor:
    """Row and column of the largest value of each map, and its sign: (B, 1, H, W), (B,) -> (B, 1, 3)."""
    best = values.flatten(1).argmax(1)
    wide = values.shape[-1]
    return torch.stack([best // wide, best % wide, signs], dim=-1).float()[:, None]


def main() -> None:
    drawn = batch(200, split="test", generator=torch.Generator().manual_seed(0))
    area = drawn.masks.float().mean()
    print(f"{tuple(drawn.images.shape)}, {area:.1%} of a picture is meant")
    shown = coins()
    print(f"coins {tuple(shown.images.shape)}, {shown.masks.float().sum((1, 2, 3)).tolist()} pixels each")


if __name__ == "__main__":
    main()
