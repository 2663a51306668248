"""The reader's look in a small decoder: with attention it learns, without it does not."""

import pytest
import torch

from visual_attention.chapters.segmentation import written
from visual_attention.chapters.segmentation.look_mistakes import LOOKS, looks


@pytest.mark.slow
def test_with_attention_it_learns_and_hangs_on_the_look():
    model = written.learn(looks)
    assert written.score(model) > written.WANTED + 0.1
    assert written.score(model) - written.score(model, even=True) > written.LOST + 0.1


@pytest.mark.slow
def test_without_a_look_it_stays_below():
    blind = next(make for words, make in LOOKS.items() if words.startswith("All places weigh alike"))
    model = written.learn(blind)
    assert written.score(model) < written.WANTED
    assert abs(written.score(model) - written.score(model, even=True)) < 1e-6


def test_places_belong_to_their_pictures():
    shown = written.pictures("learning", 5)
    assert shown.places.shape == (5, 256, 32) and shown.clicks.shape == (5, 16)
    nearest = (shown.places[..., -16:] @ shown.clicks[:, :, None])[..., 0].argmax(1)
    assert (shown.cover[torch.arange(5), nearest] > 0).all()  # the click lies on the thing
