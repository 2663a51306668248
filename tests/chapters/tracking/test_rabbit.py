"""The real film's features carry a mask as the chapter says, and the file is what it says it is."""

import pytest
import torch

from visual_attention.chapters.tracking import rabbit


@pytest.fixture(scope="module")
def film():
    return rabbit.film()


def overlaps(features, film, *, start=0, reach=rabbit.REACH):
    """Overlap with the outlines by hand, by index of the frame."""
    found = rabbit.masks(rabbit.carry(features[start:], film.masks[start], reach=reach))
    return {
        index: rabbit.overlap(found[index - start], mask)
        for index, mask in film.masks.items()
        if index >= start
    }


def test_the_film_is_whole(film):
    assert film.frames.shape == (22, 3, *rabbit.SHOWN) and film.features.shape == (22, 576, rabbit.KEPT)
    assert 0 <= film.frames.min() < 0.1 and 0.9 < film.frames.max() <= 1
    assert list(film.masks) == [0, 3, 7, 11, 18, 21]
    shares = [mask.float().mean().item() for mask in film.masks.values()]
    assert min(shares) == shares[0] > 0.02 and max(shares) < 0.2


def test_the_outlines_lie_on_the_rabbit(film):
    """It is grey, and the meadow about it is not."""
    for index, mask in film.masks.items():
        frame = film.frames[index]
        vivid = (frame.amax(0) - frame.amin(0)) / frame.amax(0).clamp(min=1e-3)
        around = torch.zeros_like(mask)
        around[60:, :190] = True
        assert vivid[mask].mean() < 0.45 < vivid[around & ~mask].mean()


@pytest.mark.slow
def test_where_a_patch_may_look_counts_more_than_what_it_sees(film):
    colours = rabbit.mean_colours(film.frames)
    said = {
        "features, anywhere": (
            overlaps(film.features, film, reach=None),
            [0.78, 0.50, 0.22, 0.09, 0.63, 0.13],
        ),
        "features, near": (overlaps(film.features, film), [0.78, 0.61, 0.68, 0.69, 0.82, 0.53]),
        "colours, anywhere": (overlaps(colours, film, reach=None), [0.78, 0.06, 0.0, 0.03, 0.0, 0.01]),
        "colours, near": (overlaps(colours, film), [0.78, 0.64, 0.72, 0.78, 0.82, 0.85]),
    }
    for name, (found, wanted) in said.items():
        assert list(found.values()) == pytest.approx(wanted, abs=0.02), name


def test_begun_where_the_rabbit_is_whole_the_mask_holds(film):
    found = overlaps(film.features, film, start=7)
    assert min(found[11], found[18]) > 0.87 and 0.65 < found[21] < 0.8


@pytest.mark.slow
def test_the_nearer_the_better_from_the_first_frame_on(film):
    by_reach = [overlaps(film.features, film, reach=reach)[11] for reach in (2, 4, 8, 12)]
    assert by_reach == sorted(by_reach, reverse=True) and by_reach[0] > 0.8 and by_reach[-1] < 0.15


def test_a_mask_is_carried_by_what_is_alike():
    """Four patches in a row; in the second frame they stand in reverse order."""
    first = torch.eye(4)[None]
    features = torch.cat([first, first.flip(1)])
    mask = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    shares = rabbit.carry(features, mask, reach=None, grid=(1, 4))
    assert shares.shape == (2, 1, 4) and shares[1, 0].argmax() == 3
    kept = rabbit.carry(features, mask, reach=1, grid=(1, 4))
    assert kept[1, 0, 3] < 1e-6 < kept[1, 0, 0]


def test_overlap_by_hand():
    one, other = torch.tensor([True, True, False, False]), torch.tensor([False, True, True, False])
    assert rabbit.overlap(one, other) == pytest.approx(1 / 3) and rabbit.overlap(one & other, one) == 0.5
    assert rabbit.overlap(one & ~one, other & ~other) == 1.0


def test_mean_colours_are_of_patches_and_centred():
    frames = torch.rand(2, 3, 36, 64, generator=torch.Generator().manual_seed(0))
    colours = rabbit.mean_colours(frames)
    assert colours.shape == (2, 576, 3) and colours.mean((0, 1)).abs().max() < 1e-6
    first = frames[0, :, :2, 2:4].mean((1, 2))  # row 0, column 1 of 18 x 32 patches of 2 pixels
    torch.testing.assert_close(colours[0, 1] - colours[0, 0], first - frames[0, :, :2, :2].mean((1, 2)))


def test_packed_features_are_the_features_but_for_a_rounding():
    drawn = torch.randn(3, 40, 96, generator=torch.Generator().manual_seed(1))
    drawn[..., :8] *= 6  # few directions that count, as in a network
    two, spread = rabbit.packed(drawn)
    whole = torch.stack([two // 16, two % 16], dim=-1).flatten(2).float() - rabbit.STEPS
    back = torch.nn.functional.normalize(whole * spread / 2, dim=-1)
    true = torch.nn.functional.normalize(drawn, dim=-1)
    cosines = (back @ back.mT) - (true @ true.mT)
    assert two.dtype == torch.uint8 and cosines.abs().mean() < 0.08
