"""The contests' two worlds: what repeats, what does not, and that no split sees another's photographs."""

import pytest
import torch

from visual_attention.chapters.inpainting import wallpaper
from visual_attention.chapters.inpainting.wallpaper import MARGIN, NAMES, SIZE, batch


def drawn(count=6, seed=0, **given):
    given = {"split": "test", "world": "wallpaper", **given}
    return batch(count, generator=torch.Generator().manual_seed(seed), **given)


@pytest.mark.parametrize("world", wallpaper.WORLDS)
def test_shapes_ranges_and_what_is_seen(world):
    made = drawn(world=world)
    assert made.images.shape == (6, 3, SIZE, SIZE) and made.masks.shape == (6, 1, SIZE, SIZE)
    assert made.images.min() >= 0 and made.images.max() <= 1
    assert torch.equal(made.seen[:, :3], made.images.masked_fill(made.masks, 0))
    assert torch.equal(made.seen[:, 3:], made.masks.float())
    assert made.masks.sum(dim=(1, 2, 3)).tolist() == [64] * 6


@pytest.mark.parametrize("hole", [4, 12])
def test_holes_keep_clear_of_the_border_and_move(hole):
    masks = drawn(40, hole=hole).masks
    assert masks.sum(dim=(1, 2, 3)).tolist() == [hole**2] * 40
    inside = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    inside[MARGIN:-MARGIN, MARGIN:-MARGIN] = True
    assert not (masks & ~inside).any() and len({tuple(m.nonzero()[0].tolist()) for m in masks}) > 8


def test_without_light_and_noise_wallpaper_repeats_exactly():
    images = drawn(30, light=0.0, noise=0.0).images
    for image in images:
        assert any(torch.equal(image[:, p:], image[:, :-p]) for p in range(4, 8)) and any(
            torch.equal(image[..., p:], image[..., :-p]) for p in range(4, 8)
        )


def test_light_makes_the_repetitions_unlike_and_falls_from_one_side():
    flat, lit = (drawn(200, light=light, noise=0.0).images for light in (0.0, 0.8))
    shade = (lit / flat.clamp_min(0.05)).where(flat > 0.1, torch.ones(())).mean(1)
    assert shade.max() <= 1.001 and shade.amin((1, 2)).min() < 0.35 and shade.amin((1, 2)).max() > 0.9
    bent = (shade[:, 2:] - 2 * shade[:, 1:-1] + shade[:, :-2]).abs()  # a slope is straight
    assert bent.quantile(0.9) < 0.01
    assert (drawn(light=0.0).images - drawn(light=0.0, noise=0.0).images).std() == pytest.approx(
        0.02, abs=0.003
    )


def test_no_two_splits_share_a_photograph_and_a_seed_repeats_itself():
    names = [set(some) for some in NAMES.values()]
    assert sum(map(len, names)) == len(set.union(*names)) == 10
    assert torch.equal(drawn().images, drawn().images) and not torch.equal(
        drawn().images, drawn(seed=1).images
    )


@pytest.mark.slow
def test_photographs_are_windows_of_them_sometimes_mirrored():
    from visual_attention.data import crops

    bank = crops.bank(NAMES["test"], wallpaper.SIDES["photographs"])
    windows = bank.unfold(2, SIZE, 1).unfold(3, SIZE, 1)  # (P, 3, r, c, S, S)
    mirrored = []
    for image in drawn(8, world="photographs").images:
        found = [
            ((windows - way[None, :, None, None]).abs().amax((1, 4, 5)) == 0).any()
            for way in (image, image.flip(2))
        ]
        assert any(found)
        mirrored.append(bool(found[1]))
    assert len(set(mirrored)) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"split": "learning"}, "wanted one of train, validation, test; got 'learning'"),
        ({"world": "tiles"}, "wanted one of wallpaper, photographs; got 'tiles'"),
        ({"hole": 17}, "wanted from 1 to 16 pixels, got 17"),
    ],
)
def test_what_is_not_there_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        drawn(**given)


def test_the_module_runs(capsys):
    wallpaper.main()
    assert "photographs" in capsys.readouterr().out
