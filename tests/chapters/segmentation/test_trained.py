"""The checkpoint: small, as good as the chapter says, and its answers follow the digit."""

import pytest
import torch

from visual_attention.chapters.segmentation import lookalikes
from visual_attention.chapters.segmentation.trained import FILE, load, loss, score, train


def test_the_file_is_small():
    assert FILE.stat().st_size <= 100_000


def test_it_reaches_its_number():
    assert score(load(), count=150) > 0.93


def test_its_answers_turn_with_the_digit():
    """Only the digit's tint differs, and nearly every coin's label turns."""
    model = load()
    one, other = lookalikes.pair(60, split="test", generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        both = [model(drawn.images) > 0 for drawn in (one, other)]
    marked = [2 * (mask & one.things).sum((2, 3)) > one.things.sum((2, 3)) for mask in both]
    assert (marked[0] != marked[1]).float().mean() > 0.9


def test_a_loss_of_no_picture_is_refused():
    drawn = lookalikes.batch(2, split="train", generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="at least one picture to take the mean loss of, got none"):
        loss(load(), type(drawn)(*(part[:0] for part in drawn)))


def test_training_repeats_itself():
    one, two = train(steps=2, progress=False), train(steps=2, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
