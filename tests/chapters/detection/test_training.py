"""Every model of a seed sees the same scenes, and a mirrored scene keeps its boxes right."""

import pytest
import torch
from torch import nn

from visual_attention.chapters.detection import training as detector_training
from visual_attention.chapters.detection.grid import GridDetector
from visual_attention.chapters.detection.training import (
    Watch,
    detect,
    drawn,
    mirror,
    ready,
    show,
    train,
)
from visual_attention.training import seeded


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


class Recorder(nn.Module):
    """Keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.zeros(())), []

    def loss(self, images, objects):
        self.seen.append((images, objects))
        return self.weight**2


def test_all_models_of_a_seed_see_the_same():
    pool = drawn(70, split="train", seed=3)
    one, other, third = Recorder(), Recorder(), Recorder()
    steps = []
    train(one, pool, seed=1, steps=3, batch=5, watch=steps.append)
    with seeded(99):
        torch.rand(3)
        train(other, pool, seed=1, steps=3, batch=5)
    train(third, pool, seed=2, steps=3, batch=5)
    assert steps == [0, 1, 2]
    for (a, x), (b, y) in zip(one.seen, other.seen, strict=True):
        assert torch.equal(a, b) and torch.equal(x.boxes, y.boxes)
    assert not torch.equal(one.seen[0][0], third.seen[0][0])


def test_colours_change_places_and_nothing_else():
    pool = drawn(70, split="train", seed=3)
    images, objects = show(pool, 40, torch.Generator().manual_seed(0))
    grey = ready(pool.images).mean(dim=1)
    for image, boxes in zip(images, objects.boxes, strict=True):
        same = (grey - image.mean(dim=0)).abs().amax(dim=(1, 2)) < 1e-5
        turned = (grey - image.mean(dim=0).flip(-1)).abs().amax(dim=(1, 2)) < 1e-5
        assert (same | turned).any() and boxes.shape == (5, 4)


def test_detecting_in_parts_is_the_same_and_the_mode_stays():
    scenes = drawn(70, split="train", seed=3)
    with seeded(0):
        model = GridDetector(3, channels=(4, 6, 8), depth=1).train()
    found = detect(model, scenes, batch=32)
    assert model.training and len(found) == 70
    again = detect(model, scenes, batch=70)
    torch.testing.assert_close(found[40].boxes, again[40].boxes)


def test_the_watch_counts_the_training_alone(monkeypatch):
    clock = iter([0.0, 10.0, 15.0, 18.0, 30.0])
    monkeypatch.setattr(detector_training.time, "process_time", lambda: next(clock))
    watch = Watch(lambda: 50.0, steps=10)
    for step in (0, 1, 2, 3):
        watch(step)  # step 2: 10 s of training, then 5 s of scoring
    watch(4)  # 3 more seconds
    assert (watch.steps, watch.seconds, watch.scores) == ([2, 4], [10.0, 13.0], [50.0, 50.0])


@pytest.mark.parametrize("steps", [10, 13, 400])
def test_the_watch_scores_as_often_as_it_is_told(steps):
    watch = Watch(lambda: 1.0, steps, checks=4)
    for step in range(steps + 1):
        watch(step)
    assert len(watch.scores) == 4 and watch.steps[0] == steps // 4
