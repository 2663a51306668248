"""The masks of the real coins: one piece for each coin whose box was measured by hand, and nothing else."""

import torch
from scipy import ndimage

from visual_attention.chapters.segmentation import coin_masks
from visual_attention.data import cutouts


def test_each_piece_fits_the_box_of_one_coin():
    labels, count = ndimage.label(coin_masks.masks().numpy())
    assert count == len(cutouts.COINS) == 24
    boxes = [
        (rows.start, columns.start, rows.stop, columns.stop) for rows, columns in ndimage.find_objects(labels)
    ]

    def overlap(one, other):
        top, left = max(one[0], other[0]), max(one[1], other[1])
        bottom, right = min(one[2], other[2]), min(one[3], other[3])
        common = max(0, bottom - top) * max(0, right - left)
        return common / (sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)) - common)

    best = [max(overlap(coin, box) for box in boxes) for coin in cutouts.COINS]
    assert min(best) > 0.8 and sum(best) / 24 > 0.9


def test_the_small_picture_judges_the_coins_that_training_never_shows():
    image, mask, unseen = coin_masks.picture()
    assert image.shape == (1, 3, 76, 96) and mask.shape == unseen.shape == (1, 1, 76, 96)
    assert mask.dtype == unseen.dtype == torch.bool and 0 <= image.min() and image.max() <= 1
    _, count = ndimage.label((mask & unseen)[0, 0].numpy())
    assert count >= 8 and 0.2 < unseen.float().mean() < 0.4
    assert image[mask.expand_as(image)].mean() > 1.5 * image[~mask.expand_as(image)].mean()


def test_the_module_runs(capsys):
    coin_masks.main()
    assert "24 pieces for 24 coins" in capsys.readouterr().out
