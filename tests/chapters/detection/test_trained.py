"""The stored networks: small, whole, and as good as the chapter says."""

import pytest
import torch

from visual_attention.chapters.detection import backbone, claims, nothing, seen, trained
from visual_attention.chapters.detection.scenes import Objects
from visual_attention.chapters.detection.training import drawn
from visual_attention.training import seeded


def test_the_files_are_small():
    assert trained.FILE.stat().st_size + backbone.FILE.stat().st_size < 1_500_000


@pytest.mark.slow
@pytest.mark.parametrize("name", trained.STEPS)
def test_it_reaches_its_number(name):
    """AP50 on 200 other scenes of the test is near the end of its curve."""
    judged = seen.look(drawn(200, split="test", seed=10_000))
    with torch.no_grad():
        score = claims.precision(trained.load(name).answers(judged.features), judged)
    assert score > trained.curve(name)["AP50"][-1] - 8


@pytest.mark.slow
def test_training_repeats_itself(monkeypatch):
    monkeypatch.setitem(seen.POOLS, "train", 40)
    monkeypatch.setitem(seen.POOLS, "test", 40)
    monkeypatch.setattr(trained, "JUDGED", 30)
    seen.pool.cache_clear()
    try:
        (one, curve), (two, again) = (trained.make("set transformer", steps=16) for _ in range(2))
    finally:
        seen.pool.cache_clear()
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert curve == again and curve["steps"] == [16]


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match="wanted one of set transformer, .*; got 'yolo'"):
        trained.load("yolo")


def test_curves_double_their_steps():
    for name, steps in trained.STEPS.items():
        one = trained.curve(name)
        assert one["steps"][-1] == steps and one["steps"][0] == 16
        assert [b / a for a, b in zip(one["steps"], one["steps"][1:], strict=False)] == [2] * (
            len(one["steps"]) - 1
        )
        assert len(one["AP50"]) == len(one["steps"])


def test_the_curve_of_no_object_has_two_seeds_for_each_weight():
    curve = nothing.stored()
    assert tuple(curve["weight"]) == nothing.WEIGHTS
    assert all(len(values) == len(nothing.SEEDS) for values in curve["AP50"])


def test_painted_by_hand():
    """A box over the left half of a picture of 4 x 4 fine places; padding paints nothing."""
    there = Objects(
        torch.tensor([[[0.25, 0.5, 0.5, 1.0], [0.5, 0.5, 1.0, 1.0]]]),
        torch.tensor([[1, 0]]),
        torch.tensor([[True, False]]),
    )
    picture = backbone.painted(there, 4)
    assert picture.shape == (1, 3, 4, 4) and not picture[0, [0, 2]].any()
    assert picture[0, 1].tolist() == [[1.0, 1.0, 0.0, 0.0]] * 4


@pytest.mark.slow
def test_the_backbone_paints_after_a_few_steps_and_repeats_itself():
    one, two = (backbone.train(steps=3, pool=40, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    with seeded(0):
        images = torch.rand(2, 3, 64, 64)
    assert one(images).shape == (2, 3, 32, 32)
    assert not any(p.requires_grad for p in backbone.load().parameters())
