"""The checkpoint: small, whole, and as good as the chapter says."""

import pytest
import torch

from visual_attention.chapters.generation import mirrored
from visual_attention.chapters.generation.cutting import cut, same_row, same_side, switch
from visual_attention.chapters.generation.flow_matching import sample
from visual_attention.chapters.generation.trained import (
    FILE,
    NAMES,
    formation,
    load,
    network,
    share,
    train,
)
from visual_attention.chapters.generation.transformer import as_pictures


def test_the_file_is_small():
    assert FILE.stat().st_size < 700_000


@pytest.mark.slow
def test_it_reaches_its_numbers():
    assert share(load("attention"), count=150) > 0.96
    assert share(load("neighbours"), count=150) < 0.08
    assert share(load("wide convolution"), count=150) > 0.98


@pytest.mark.slow
@torch.no_grad()
def test_the_chapter_says_what_a_cut_does():
    whole, noise = load("attention"), torch.randn(100, 3, 16, 24, generator=torch.Generator().manual_seed(5))
    sides, rows = (cut(whole, allowed((4, 6))) for allowed in (same_side, same_row))
    middle = switch(whole, switch(sides, whole, at=0.75), at=0.25)
    ways = (rows, switch(sides, whole, at=0.25), switch(whole, sides, at=0.75), middle, sides)
    ends = [mirrored.agreement(as_pictures(sample(way, noise))).both.float().mean().item() for way in ways]
    rows, first, last, middle, all_along = ends
    assert rows > 0.97 and first > 0.95 and last > 0.87
    assert 0.35 < middle < 0.6 and all_along < 0.02


@pytest.mark.slow
def test_one_head_looks_at_the_counterpart_at_all_times():
    noise = torch.randn(40, 3, 16, 24, generator=torch.Generator().manual_seed(5))
    _, _, shown, weights = formation(load("attention"), noise)
    asked = weights[:, :, :, torch.arange(24), mirrored.counterparts((4, 6))].unflatten(3, (4, 6))
    asked = asked[..., [0, 1, 4, 5]].mean(dim=(0, 3, 4))  # (T, L * h)
    assert (asked[:, 0] > 0.88).all() and asked[:, 1:].mean() < 0.15
    kinds = [mirrored.kinds_of(shown[:, step]) for step in (3, -1)]  # at time 0.25, and at the end
    assert (kinds[0] == kinds[1]).float().mean() > 0.85


@pytest.mark.parametrize("name", NAMES)
def test_training_repeats_itself(name):
    one, two = train(name, steps=2, progress=False), train(name, steps=2, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_the_networks_are_of_one_size():
    sizes = [sum(p.numel() for p in network(name).parameters()) for name in NAMES]
    assert max(sizes) < 1.05 * min(sizes)


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="wanted one of attention, neighbours, wide convolution; got 'both'"):
        network("both")


def test_formation_is_the_path_of_the_sampler():
    model = network("attention").eval()
    torch.nn.init.normal_(model.layers[0].steer.weight)
    noise = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    times, states, shown, weights = formation(model, noise, steps=6, every=2)
    assert times.tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert states.shape == shown.shape == (2, 3, 3, 16, 24) and weights.shape == (2, 3, 8, 24, 24)
    assert torch.equal(states[:, 0], as_pictures(noise))
    with torch.no_grad():
        torch.testing.assert_close(shown[:, 0], as_pictures(model.foresee(noise, torch.zeros(2))))
        x = noise
        for step in range(2):  # the first two of six steps
            x = x + model(x, torch.full((2,), step / 6)) / 6
        want = torch.cat(model.weights(x, torch.full((2,), 1 / 3)), dim=1)
    torch.testing.assert_close(states[:, 1], as_pictures(x), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(weights[:, 1], want, atol=1e-4, rtol=1e-3)
