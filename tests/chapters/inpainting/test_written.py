"""What the reader's layer is put into, and that it learns only with a layer that chooses."""

import pytest
import torch

from visual_attention.chapters.inpainting import wallpaper, written
from visual_attention.chapters.inpainting.checks import BETTER
from visual_attention.chapters.inpainting.contextual import ContextualAttention
from visual_attention.chapters.inpainting.copying_mistakes import copy_step
from visual_attention.chapters.inpainting.scores import MeanFill


def test_the_layer_is_the_contests_of_single_places():
    torch.manual_seed(0)
    x, values = torch.randn(2, 5, 7, 11), torch.randn(2, 3, 7, 11)
    mask = torch.zeros(2, 1, 7, 11, dtype=torch.bool)
    mask[0, :, 1:4, 2:7], mask[1, :, 3:5, 1:3] = True, True
    wanted = ContextualAttention(patch=1, scale=written.SCALE)(x, mask, values)
    torch.testing.assert_close(written._Written(copy_step)(x, mask, values), wanted)


@pytest.mark.slow
def test_a_network_learns_with_it_and_not_without_a_choice():
    def alike(features, values, known, scale):
        return copy_step(features, values, known, 0.0)

    flat = written.decibels(MeanFill())
    assert written.decibels(written.learn(copy_step)[0]) > flat + BETTER + 1.5
    model, losses = written.learn(alike)
    assert written.decibels(model) < flat + BETTER - 0.5 and len(losses) == written.STEPS


def test_the_error_counts_missing_pixels_only():
    drawn = wallpaper.batch(3, split="train", world="wallpaper", generator=torch.Generator().manual_seed(0))
    error = written.error(lambda x, m: x + torch.where(m, 0.25, 9.0), drawn)
    assert error.item() == pytest.approx(0.25)
