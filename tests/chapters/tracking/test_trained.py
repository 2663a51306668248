"""The committed trackers still follow, and come out of their file as they went in."""

import pytest
import torch

from visual_attention.chapters.tracking import trained
from visual_attention.chapters.tracking.tracks import sequences
from visual_attention.chapters.tracking.trained import build, load, make, plain, success_area


@pytest.fixture(scope="module")
def films():
    return sequences(10, split="test", frames=6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("kind", "least"), [("attention", 0.3), ("correlation", 0.4)])
def test_each_still_reaches_its_number(films, kind, least):
    model = load(kind)
    assert not model.training and success_area(model, films) > least
    assert trained.FILE.stat().st_size < 60_000


def test_they_are_made_by_the_command(tmp_path):
    file = tmp_path / "made.safetensors"
    make(pairs=4, steps=1, file=file, progress=False)
    with pytest.raises(ValueError, match="wanted one of attention, correlation; got 'blind'"):
        build("blind")
    for kind in trained.KINDS:
        assert load(kind, file).state_dict().keys() == load(kind).state_dict().keys()
        assert not torch.equal(load(kind, file).key.weight, load(kind).key.weight)


def test_plain_numbers_are_all_of_them():
    model = load("attention")
    norms = [f"features.{layer}.1." for layer in range(3)]
    counted = sum(p.numel() for n, p in model.named_parameters() if not n.startswith(tuple(norms)))
    folded = sum(block[0].out_channels for block in model.features)
    numbers = plain(model)
    assert len(numbers) == counted + folded + 1  # a bias for each folded channel, and the temperature
    assert numbers[-1] == pytest.approx(0.1) and numbers[-3] == pytest.approx(model.sharpness.exp().item())
