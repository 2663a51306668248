"""Every digit has exactly one twin, and the label is the twin's colour."""

import pytest
import torch

from visual_attention.data import digits, twins


def drawn(count: int = 7, split: str = "test", seed: int = 0) -> twins.Twins:
    return twins.batch(count, split=split, generator=torch.Generator().manual_seed(seed))


def test_twins_are_pairs_of_one_class():
    batch = drawn()
    places = torch.arange(16).expand_as(batch.twins)
    assert (batch.twins != places).all()
    assert (batch.twins.gather(1, batch.twins) == places).all()  # my twin's twin is me
    assert (batch.digits.gather(1, batch.twins) == batch.digits).all()
    assert all(len(row.unique()) == 8 for row in batch.digits)


def test_the_label_is_the_twins_colour():
    batch = drawn()
    assert (batch.labels == batch.colours.gather(1, batch.twins)).all()


def test_what_is_said_of_a_place_is_what_is_painted_there():
    batch = drawn()
    bank, labels = digits.tight("test", twins.INK)
    known = {}
    for picture, label in zip(bank[:, 0], labels, strict=True):
        known[picture.numpy().tobytes()] = int(label)
    paint = torch.tensor(list(twins.COLOURS.values()))
    for image, colours, classes in zip(batch.images, batch.colours, batch.digits, strict=True):
        for place in range(16):
            row, column = divmod(place, 4)
            cell = image[:, 14 * row + 1 : 14 * row + 13, 14 * column + 1 : 14 * column + 13]
            colour = paint[colours[place]]
            brightest = int(colour.argmax())
            assert (
                known[cell[brightest].numpy().tobytes()] == classes[place]
            )  # that channel is painted with 1
            torch.testing.assert_close(cell, cell[brightest] * colour[:, None, None])


@pytest.mark.parametrize("name", list(twins.COLOURS))
def test_each_colour_has_one_full_channel(name):
    assert max(twins.COLOURS[name]) == 1.0  # so that the cell test above can read the digit


def test_a_seed_gives_the_same_pictures_and_the_splits_differ():
    assert all(torch.equal(a, b) for a, b in zip(drawn(), drawn(), strict=True))
    assert not torch.equal(drawn().images, drawn(split="train").images)


def test_only_the_classes_that_were_asked_for_occur_and_all_ten_are_the_default():
    wanted = [0, 2, 3, 4, 5, 6, 7, 9]
    generator = torch.Generator().manual_seed(0)
    few = twins.batch(20, split="test", classes=wanted, generator=generator)
    assert few.digits.unique().tolist() == wanted
    assert all(len(row.unique()) == 8 for row in few.digits)
    assert (few.digits.gather(1, few.twins) == few.digits).all()
    assert drawn(40).digits.unique().tolist() == list(range(10))


def test_distance_counts_steps_of_a_king():
    far = torch.zeros(1, 16, dtype=torch.long)
    far[0, 0], far[0, 5], far[0, 1], far[0, 8] = 15, 6, 13, 1
    steps = twins.distance(far)
    assert steps[0, [0, 5, 1, 8]].tolist() == [3, 1, 3, 2]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"count": 0}, "at least 1"), ({"split": "all"}, "split"), ({"classes": range(7)}, "at least 8")],
)
def test_impossible_wishes_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        twins.batch(**{"count": 7, "split": "test"} | options)
