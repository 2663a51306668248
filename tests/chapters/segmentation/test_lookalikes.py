"""Look-alikes: what is meant follows from the picture alone, re-derived; the splits share nothing."""

import pytest
import torch

from visual_attention.chapters.segmentation import lookalikes
from visual_attention.chapters.segmentation.lookalikes import CANVAS, COINS, KINDS, TINTS, batch, pair
from visual_attention.data import cutouts
from visual_attention.data.crops import BACKGROUNDS


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def many():
    return batch(150, split="test", generator=seeded(0))


def nearest_tint(image: torch.Tensor, place: torch.Tensor) -> int:
    """Which tint the mean colour at a place is nearest to, by direction: (3, H, W), (H, W) -> index."""
    colour = image[:, place].mean(dim=1)
    return int((torch.nn.functional.normalize(TINTS, dim=1) @ colour).argmax())


def test_shapes_ranges_and_repetition(many):
    assert many.images.shape == (150, 3, CANVAS, CANVAS) and many.images.dtype == torch.float32
    assert many.images.min() >= 0 and many.images.max() <= 1
    assert many.masks.shape == many.digits.shape == (150, 1, CANVAS, CANVAS)
    assert many.things.shape == (150, COINS, CANVAS, CANVAS) and many.things.dtype == torch.bool
    again = batch(150, split="test", generator=seeded(0))
    assert all(torch.equal(a, b) for a, b in zip(many, again, strict=True))


def test_what_is_meant_can_be_read_off_the_picture(many):
    """A second way to the answer: compare mean colours of coins and digit."""
    right = 0
    for image, things, digit, meant in zip(many.images, many.things, many.digits, many.meant, strict=True):
        told = nearest_tint(image, digit[0])
        right += sum(
            (nearest_tint(image, thing) == told) == bool(m) for thing, m in zip(things, meant, strict=True)
        )
    assert right / (150 * COINS) > 0.99


def test_masks_are_those_of_what_is_meant_and_nothing_overlaps(many):
    joined = (many.things & many.meant[..., None, None]).any(1, keepdim=True)
    assert torch.equal(joined, many.masks)
    layers = torch.cat([many.things, many.digits], dim=1).sum(1)
    assert layers.max() == 1
    assert (many.things.sum((2, 3)) > 30).all() and (many.digits.sum((2, 3)) > 0).all()


def test_one_to_three_coins_are_meant_and_the_other_tint_would_mean_the_others(many):
    counts = many.meant.sum(1)
    assert set(counts.tolist()) == {1, 2, 3}
    one, other = pair(60, split="train", generator=seeded(1))
    assert torch.equal(one.things, other.things) and torch.equal(one.digits, other.digits)
    assert torch.equal(one.meant, ~other.meant)
    differ = (one.images != other.images).any(1, keepdim=True)
    ink = torch.nn.functional.max_pool2d(one.digits.float(), 7, stride=1, padding=3) > 0
    assert differ.flatten(1).any(1).all() and (differ & ~ink).float().mean() < 1e-3  # faint ink lies outside
    assert not (differ & one.things.any(1, keepdim=True)).any()


@pytest.mark.slow
def test_nothing_but_the_digit_says_how_many_are_meant():
    """The number meant is symmetric: by the coins alone, both tints are as likely."""
    counts = batch(3000, split="train", generator=seeded(2)).meant.sum(1).bincount()[1:].double()
    assert (counts / 3000 - 1 / 3).abs().max() < 0.04


def test_distances_are_those_between_the_middles(many):
    steps = torch.arange(CANVAS) + 0.5
    thing = many.things[3, 1]
    x, y = (thing.sum(0) * steps).sum() / thing.sum(), (thing.sum(1) * steps).sum() / thing.sum()
    ink = many.digits[3, 0].nonzero().float() + 0.5
    middle = (ink.amin(0) + ink.amax(0)) / 2  # y, x; the digit touches two edges of its square
    assert many.distances[3, 1].item() == pytest.approx(
        torch.stack([y, x]).sub(middle).norm().item(), abs=1.5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind):
    drawn = batch(40, split="train", kind=kind, generator=seeded(3))
    diameter = 2 * (drawn.things.sum((2, 3)) / torch.pi) ** 0.5
    low, high = lookalikes.SIZES[kind]
    assert (diameter > 0.75 * low).all() and (diameter < high + 1).all()
    if kind == "every":
        assert drawn.meant.all()
    if kind == "small":
        assert drawn.meant[:, 0].all() and not drawn.meant[:, 1:].any()


@pytest.mark.slow
def test_the_splits_share_no_coin_no_digit_and_no_photograph():
    assert not set(BACKGROUNDS["train"]) & set(BACKGROUNDS["test"])
    for kind in ("coin", "digit"):
        train, test = (cutouts.load(split)[kind].flatten(1) for split in ("train", "test"))
        assert not any((train == one).all(1).any() for one in test[:50])


def test_each_split_is_drawn_from_its_own_pictures(monkeypatch):
    asked, load = [], cutouts.load
    lookalikes.stamps.cache_clear()
    monkeypatch.setattr(cutouts, "load", lambda split: asked.append(split) or load(split))
    batch(2, split="test", kind="small", generator=seeded(0))
    assert set(asked) == {"test"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"count": 0, "split": "train"}, "at least 1 picture"),
        ({"count": 1, "split": "both"}, "split"),
        ({"count": 1, "split": "train", "kind": "large"}, "told, every, small; got 'large'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        batch(**arguments)


@pytest.mark.slow
def test_the_module_runs(capsys):
    lookalikes.main()
    assert "told" in capsys.readouterr().out
