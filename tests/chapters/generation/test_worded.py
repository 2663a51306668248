"""Pictures show their sentences, and are held to them part by part."""

import pytest
import torch

from visual_attention.chapters.generation import judge as judges
from visual_attention.chapters.generation import sentences, worded
from visual_attention.chapters.generation.sentences import encode, parse
from visual_attention.chapters.generation.worded import Reading


def of(*texts):
    return encode([parse(text) for text in texts])


def reading(digits, colours):
    """What is read of one picture: -1 where a cell is empty."""
    digits, colours = torch.tensor([digits]), torch.tensor([colours])
    return Reading(digits, colours, torch.where(digits >= 0, 0.4, 0.0))


def held(found, text):
    return [each.item() for each in worded.obeyed(found, of(text))]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a red 7 left of a blue 3", [(0, 1), (2, 3)]),
        ("a red 7 right of a blue 3", [(1, 0), (3, 2)]),
        ("a red 7 above a blue 3", [(0, 2), (1, 3)]),
        ("a red 7 below a blue 3", [(2, 0), (3, 1)]),
    ],
)
def test_things_lie_as_told(text, cells):
    first, second = worded.cells_of(of(text, text), torch.tensor([0, 1]))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == cells
    drawn = worded.batch(40, split="test", words=of(*[text] * 40), generator=torch.Generator().manual_seed(0))
    colours = worded.read(judges.load(), drawn.images).colours
    where = [((row == 0).nonzero().item(), (row == 2).nonzero().item()) for row in colours]
    assert set(where) == set(cells)


TEXT = "a red 7 left of a blue 3"


@pytest.mark.parametrize(
    ("digits", "colours", "wanted"),
    [
        ([7, 3, -1, -1], [0, 2, -1, -1], [1, 1, 1, 1]),
        ([-1, -1, 7, 3], [-1, -1, 0, 2], [1, 1, 1, 1]),
        ([3, 7, -1, -1], [2, 0, -1, -1], [1, 1, 0, 0]),  # exchanged
        ([7, -1, 3, -1], [0, -1, 2, -1], [1, 1, 0, 0]),  # one above the other
        ([7, -1, -1, 3], [0, -1, -1, 2], [1, 1, 0, 0]),  # at a slant
        ([-1, 7, 3, -1], [-1, 0, 2, -1], [1, 1, 0, 0]),  # at the other slant
        ([7, 8, -1, -1], [0, 2, -1, -1], [0.5, 1, 1, 0]),
        ([7, 3, -1, -1], [0, 1, -1, -1], [1, 0.5, 1, 0]),
        ([1, 4, -1, -1], [3, 1, -1, -1], [0, 0, 1, 0]),
        ([7, 3, 5, -1], [0, 2, 1, -1], [1, 1, 1, 0]),  # one thing too many
    ],
)
def test_obeying_by_hand(digits, colours, wanted):
    found = reading(digits, colours)
    if digits[2] == 5:
        found.light[0, 2] = 0.2  # the third thing is fainter
    assert held(found, TEXT) == wanted


def test_colours_that_are_exchanged_alone_count_as_wrong_colours():
    assert held(reading([7, 3, -1, -1], [2, 0, -1, -1]), TEXT) == [1, 0, 1, 0]


def test_the_other_way_round_is_the_same_picture():
    found = reading([7, 3, -1, -1], [0, 2, -1, -1])
    assert held(found, "a blue 3 right of a red 7") == [1, 1, 1, 1]
    assert held(found, "a blue 3 left of a red 7") == [1, 1, 0, 0]


def test_an_empty_cell_has_no_digit_and_a_pale_one_no_colour():
    images = torch.zeros(1, 3, 16, 16)
    images[:, :, :8, :8] = 0.8  # white is none of the four paints
    found = worded.read(judges.load(), images)
    assert found.digits[0, 1:].tolist() == [-1] * 3 and found.colours[0].tolist() == [-1] * 4
    assert found.digits[0, 0] >= 0


def test_splits_are_of_different_hands():
    words = of(*[TEXT] * 300)
    drawn = {
        split: worded.batch(300, split=split, words=words, generator=torch.Generator().manual_seed(0)).images
        for split in ("learning", "validation", "test")
    }
    cells = {split: {row.numpy().tobytes() for row in each.unique(dim=0)} for split, each in drawn.items()}
    assert not cells["learning"] & cells["test"] and not cells["learning"] & cells["validation"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="wanted 2 sentences of 5 words, got"):
        worded.batch(2, split="test", words=of(TEXT))
    with pytest.raises(ValueError, match="wanted pictures"):
        worded.split_cells(torch.zeros(1, 3, 8, 16))


def test_cells_are_row_by_row():
    images = torch.zeros(1, 3, 16, 16)
    images[0, 2, 3, 9] = 1.0
    cells = worded.split_cells(images)
    assert cells[0, 1, 2, 3, 1] == 1 and cells.sum() == 1


def test_random_sentences_are_those_of_the_training():
    drawn = worded.batch(100, split="train", generator=torch.Generator().manual_seed(0))
    assert not sentences.held_out(drawn.words).any()
