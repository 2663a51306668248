"""Where exactly are the coins in the real photograph?

Nobody has drawn their outlines. A classical method does: a watershed that floods from what is surely dark and
what is surely bright and stops at the steepest slopes. What it draws is a good mask, not the truth: shadows
at the rims fall to one side or the other as the method has it.

Run: python -m visual_attention.chapters.segmentation.coin_masks
"""

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from visual_attention.data import cutouts, photographs

SURELY_DARK, SURELY_BRIGHT = 30, 150  # of 255
LEAST = 200  # pixels; what is smaller is no coin
SIZE = (76, 96)  # about a quarter of the photograph's: coins of 9 to 16 pixels
AROUND = 2  # pixels around a coin's box that are judged with it


@functools.cache
def masks() -> Tensor:
    """The coins by the watershed, (H, W) = (303, 384), bool."""
    from scipy import ndimage
    from skimage.filters import sobel
    from skimage.segmentation import watershed

    grey = 255 * photographs.load("coins").mean(dim=0).numpy()  # (303, 384)
    markers = np.zeros(grey.shape, dtype=int)
    markers[grey < SURELY_DARK] = 1
    markers[grey > SURELY_BRIGHT] = 2
    coins = ndimage.binary_fill_holes(watershed(sobel(grey), markers) == 2)
    labels, _ = ndimage.label(coins)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return torch.from_numpy(sizes[labels] >= LEAST)


def picture() -> tuple[Tensor, Tensor, Tensor]:
    """The photograph at the size of the course's small coins.

    Returns:
        The image (1, 3, 76, 96) in [0, 1]; the mask (1, 1, 76, 96), bool; and which pixels lie in or around
        the coins that training never shows, (1, 1, 76, 96), bool.
    """
    image = F.interpolate(photographs.load("coins")[None], SIZE, mode="area")
    mask = F.interpolate(masks()[None, None].float(), SIZE, mode="area") > 0.5
    unseen = torch.zeros_like(mask)
    for top, left, bottom, right in cutouts.COINS[::3]:
        rows, columns = (SIZE[0] / 303, SIZE[1] / 384)
        first = max(0, round(top * rows) - AROUND), max(0, round(left * columns) - AROUND)
        unseen[0, 0, first[0] : round(bottom * rows) + AROUND, first[1] : round(right * columns) + AROUND] = (
            True
        )
    return image, mask, unseen


def main() -> None:
    from scipy import ndimage

    image, mask, unseen = picture()
    print(f"{ndimage.label(masks().numpy())[1]} pieces for {len(cutouts.COINS)} coins")
    print(f"at {tuple(image.shape[2:])}: coins {mask.float().mean():.0%}, judged {unseen.float().mean():.0%}")


if __name__ == "__main__":
    main()
