"""Every model of a seed sees the same scenes, and a mirrored scene keeps its boxes right."""

import pytest
import torch

from visual_attention.chapters.detection import training as detector_training
from visual_attention.chapters.detection.training import drawn, mirror, ready, show


@pytest.mark.slow
def test_scenes_are_kept_in_bytes_and_fixed_by_the_seed():
    pool = drawn(70, split="train", seed=3)
    assert pool.images.shape == (70, 3, 64, 64) and pool.images.dtype == torch.uint8
    assert len(pool.objects.boxes) == len(pool.hidden) == 70
    detector_training.drawn.cache_clear()
    assert torch.equal(drawn(70, split="train", seed=3).images, pool.images)
    assert not torch.equal(drawn(70, split="train", seed=4).images, pool.images)
    assert ready(pool.images).max() <= 1


def test_a_mirrored_scene_keeps_its_boxes_on_the_objects():
    pool = drawn(70, split="train", seed=3)
    images = ready(pool.images)
    which = torch.arange(70) % 2 == 0
    turned, objects = mirror(images, pool.objects, which)
    assert torch.equal(turned[1::2], images[1::2]) and torch.equal(turned[0::2], images[0::2].flip(-1))
    assert torch.equal(objects.boxes[..., 1:], pool.objects.boxes[..., 1:])
    there = pool.objects.present
    before, after = pool.objects.boxes[..., 0], objects.boxes[..., 0]
    torch.testing.assert_close(after[0::2][there[0::2]], 1 - before[0::2][there[0::2]])
    assert torch.equal(after[1::2], before[1::2]) and not objects.boxes[~there].any()
    again, same = mirror(turned, objects, which)
    torch.testing.assert_close(again, images)
    torch.testing.assert_close(same.boxes, pool.objects.boxes)


def test_colours_change_places_and_nothing_else():
    pool = drawn(70, split="train", seed=3)
    images, objects = show(pool, 40, torch.Generator().manual_seed(0))
    grey = ready(pool.images).mean(dim=1)
    for image, boxes in zip(images, objects.boxes, strict=True):
        same = (grey - image.mean(dim=0)).abs().amax(dim=(1, 2)) < 1e-5
        turned = (grey - image.mean(dim=0).flip(-1)).abs().amax(dim=(1, 2)) < 1e-5
        assert (same | turned).any() and boxes.shape == (5, 4)
