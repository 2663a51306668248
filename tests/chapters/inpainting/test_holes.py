"""Pictures with a hole: the truth lies under it, tiles repeat, and train and test share no pixel."""

import pytest
import torch

from visual_attention.chapters.inpainting import holes


def drawn(count=4, *, seed=0, **wanted):
    return holes.batch(count, generator=torch.Generator().manual_seed(seed), **{"split": "test"} | wanted)


@pytest.mark.parametrize("kind", [*holes.KINDS, None])
def test_shapes_types_and_ranges(kind):
    batch = drawn(3, kind=kind)
    assert batch.images.shape == (3, 3, 48, 48) and batch.images.dtype == torch.float32
    assert batch.images.min() >= 0 and batch.images.max() <= 1
    assert batch.masks.shape == (3, 1, 48, 48) and batch.masks.dtype == torch.bool
    assert batch.kinds.shape == (3,)
    if kind:
        assert (batch.kinds == holes.KINDS.index(kind)).all()


@pytest.mark.parametrize("hole", [1, 14, 36])
def test_each_hole_is_a_square_clear_of_the_border(hole):
    masks = drawn(20, kind="brick", hole=hole).masks
    assert (masks.sum(dim=(1, 2, 3)) == hole**2).all()
    assert ((masks.any(2).sum(2) == hole) & (masks.any(3).sum(2) == hole)).all()
    inner = masks[..., holes.MARGIN : -holes.MARGIN, holes.MARGIN : -holes.MARGIN]
    assert inner.sum() == masks.sum()


def test_the_hole_hides_nothing_in_the_images():
    """The truth is there; it is for the caller to look away."""
    batch = drawn(8, kind="tiles")
    assert batch.images[batch.masks.expand_as(batch.images)].std() > 0.05


def test_tiles_repeat_and_are_never_quite_the_same():
    for image in drawn(6, kind="tiles").images:
        least = min(
            (image[:, :, period:] - image[:, :, :-period]).abs().mean().item() for period in range(7, 13)
        )
        assert 0.5 * holes.NOISE < least < 2 * holes.NOISE


def test_a_seed_gives_the_same_pictures_again():
    first, again, other = drawn(5), drawn(5), drawn(5, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.images, other.images)


def test_the_splits_share_no_photograph_and_no_half():
    assert not set(holes.PHOTOGRAPHS["train"]) & set(holes.PHOTOGRAPHS["test"])
    for name in holes.TEXTURES:
        left, right = holes._source(name, "train"), holes._source(name, "test")
        assert left.shape[2] + right.shape[2] == holes.TEXTURE_SIDE
        assert not torch.equal(left, right)


def test_all_kinds_come_up():
    assert set(drawn(60).kinds.tolist()) == set(range(len(holes.KINDS)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"count": 0}, "at least 1 picture, got 0"),
        ({"kind": "clouds"}, "wanted one of tiles, .*got 'clouds'"),
        ({"split": "all"}, "split"),
        ({"hole": 0}, "from 1 to 36 pixels, got 0"),
        ({"hole": 37}, "from 1 to 36 pixels, got 37"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        holes.batch(**{"count": 2, "split": "train"} | wrong)


def test_the_module_runs(capsys):
    holes.main()
    assert "photographs" in capsys.readouterr().out
