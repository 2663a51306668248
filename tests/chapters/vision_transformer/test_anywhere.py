"""Digits that may lie anywhere: what moves, what stays, and which digits are drawn."""

import torch

from visual_attention.chapters.vision_transformer import anywhere
from visual_attention.data import digits


def drawn(count=40, split="test", seed=0, **how):
    return anywhere.batch(count, split=split, generator=torch.Generator().manual_seed(seed), **how)


def test_each_digit_lies_whole_at_its_place():
    shown, bank = drawn(), digits.tight("test", 12)[0]
    for image, (row, column) in zip(shown.images[:, 0], shown.places.tolist(), strict=True):
        inside = image[row : row + 12, column : column + 12]
        assert (bank[:, 0] - inside).abs().amax((1, 2)).min() == 0
        assert image.double().sum() == inside.double().sum()


def test_places_are_all_that_there_are_and_the_middle_is_one_of_them():
    places = drawn(2000).places
    assert places.unique(dim=0).shape == (25, 2) and places.min() == 0 and places.max() == 4
    assert (drawn(anywhere=False).places == 2).all()


def test_no_digit_comes_twice_before_all_have_come():
    bank = digits.tight("validation", 12)[0].flatten(1)
    shown = anywhere.moved(drawn(900, "validation"), torch.zeros(900, 2, dtype=torch.long))
    corner = shown.images[:, 0, :12, :12].flatten(1)
    apart = torch.cdist(corner, bank, compute_mode="donot_use_mm_for_euclid_dist")
    index = apart.argmin(1)
    assert apart.amin(1).max() == 0
    assert len(index[:400].unique()) == len(index[400:800].unique()) == len(bank) == 400


def test_a_digit_moves_without_loss_and_keeps_its_name():
    shown = drawn()
    places = torch.randint(5, shown.places.shape, generator=torch.Generator().manual_seed(1))
    there = anywhere.moved(shown, places)
    assert torch.equal(there.places, places) and torch.equal(there.labels, shown.labels)
    assert torch.equal(anywhere.moved(there, shown.places).images, shown.images)
    row, column = places[3].tolist()
    old = shown.places[3].tolist()
    inside = shown.images[3, 0, old[0] : old[0] + 12, old[1] : old[1] + 12]
    assert torch.equal(there.images[3, 0, row : row + 12, column : column + 12], inside)


def test_elsewhere_is_two_further_and_never_the_same_place():
    shown = drawn(200)
    there = anywhere.elsewhere(shown)
    assert torch.equal(there.places, (shown.places + 2) % 5)
    assert (there.places != shown.places).all()


def test_a_shift_by_hand():
    images = torch.arange(12.0).view(1, 1, 3, 4).repeat(2, 1, 1, 1)
    got = anywhere.roll(images, torch.tensor([[1, 0], [0, -1]]))
    assert torch.equal(got[0], images[0].roll(1, 1)) and torch.equal(got[1], images[1].roll(-1, 2))
    coloured = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    got = anywhere.roll(coloured, torch.tensor([[2, 3], [1, 6]]))
    assert torch.equal(got[1], coloured[1].roll((1, 6), (1, 2)))
