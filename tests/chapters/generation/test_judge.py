"""The judge names real digits, repeats itself, and its features are of what is drawn."""

import torch

from visual_attention.chapters.generation import judge as judges
from visual_attention.chapters.generation import worded


def test_it_names_digits_and_knows_its_size():
    model = judges.load()
    assert judges.accuracy(model) > 0.98
    assert model(torch.rand(3, 1, 8, 8)).shape == (3, 10)


def test_features_are_the_means_that_its_last_map_has():
    model, cells = judges.load(), torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = model.features(cells)
        last = model.layers[-1](model.layers[-3](model.layers[:-3](cells)).flatten(1))
        torch.testing.assert_close(last, model(cells))
    assert found.shape == (4, 32) and (found >= 0).all() and found.std() > 0


def test_it_is_asked_about_the_two_brightest_cells():
    model = judges.load()
    drawn = worded.batch(5, split="test", generator=torch.Generator().manual_seed(0))
    seen = judges.seen(model, drawn.images)
    cells = worded.split_cells(drawn.images).amax(2, keepdim=True)
    filled = cells.flatten(0, 1)[(cells.mean((2, 3, 4)) > 0).flatten()]
    with torch.no_grad():
        wanted = model.features(filled)
    assert seen.shape == (10, 32)
    torch.testing.assert_close(seen.sum(0), wanted.sum(0), atol=1e-3, rtol=1e-4)


def test_training_repeats_itself():
    one, two = (judges.train(steps=2, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
