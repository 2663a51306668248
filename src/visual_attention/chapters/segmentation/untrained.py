"""What does a pretrained transformer cut out, if nobody trains it to segment?

One number for each patch, and one threshold: Otsu's, which splits the numbers into the two groups that vary
least within themselves. The side that holds less of the picture's border is taken for the thing.

Paper: Nobuyuki Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Transactions on Systems,
    Man, and Cybernetics, 1979.
Chapter: notebooks/applications/segmentation.ipynb
Run: python -m visual_attention.chapters.segmentation.untrained
"""

import torch
from torch import Tensor

from visual_attention.chapters.segmentation import coin_masks
from visual_attention.chapters.segmentation.scores import dice
from visual_attention.data import packs, photographs


def cut_out(values: Tensor, *, upper: bool = False) -> Tensor:
    """The side of Otsu's threshold that lies less along the border of the picture.

    Args:
        values: A number for each place.
        upper: Take the upper side, wherever it lies, for numbers that are known to be high on the thing.

    Shape:
        (H, W), any real numbers -> (1, 1, H, W), bool; empty if all numbers are equal.

    Raises:
        ValueError: if the values are no finite map.
    """
    from skimage.filters import threshold_otsu

    if values.ndim != 2 or not values.isfinite().all():
        raise ValueError(f"wanted a map (H, W) of finite numbers, got shape {tuple(values.shape)}")
    if values.min() == values.max():
        return torch.zeros(1, 1, *values.shape, dtype=torch.bool)
    mask = values > float(threshold_otsu(values.numpy()))
    rim = torch.ones_like(mask)
    rim[1:-1, 1:-1] = False
    side = ~mask if not upper and mask[rim].float().mean() > 0.5 else mask
    return side[None, None]


def coins_at(side: int) -> Tensor:
    """The watershed's masks of the coins on the square that a pack shows, (1, 1, side, side), bool."""
    masks = coin_masks.masks().float().expand(3, -1, -1)
    return photographs.fitted(masks, side)[None, :1] > 0.5


def main() -> None:
    """Cut out the coins by features, by attention and by brightness."""
    pack = packs.load("coins")
    by = {"features": pack.features_pca[..., 0], "attention": pack.class_attention[-1].mean(dim=0)}
    by["brightness"] = photographs.load("coins", 32).mean(dim=0)
    for name, values in by.items():
        mask = cut_out(values, upper=name != "features")
        print(f"{name:10} Dice {dice(mask, coins_at(len(values))).item():.3f}")


if __name__ == "__main__":
    main()
