"""The tests of methods give, by hand, what they should."""

import pytest
import torch

from tests.chapters.explanation.worlds import Straight, pictures
from visual_attention.chapters.explanation import fillings, trials


def cells(*numbers):
    return torch.tensor(numbers, dtype=torch.float32).view(1, 1, 2, 3)


def test_the_highest_cells_of_equals_the_first():
    found = cells(1, 3, -2, 3, 0, 1)
    assert trials.highest(found, 3).flatten().tolist() == [True, True, False, True, False, False]
    assert not trials.highest(found, 0).any()


def test_pointing_hits_the_cell_that_the_mask_covers_also_where_all_numbers_are_negative():
    mask = torch.zeros(1, 1, 4, 6, dtype=torch.bool)
    mask[..., 2:4, 2:4] = True  # the cell in row 1, column 1
    assert trials.points(cells(-5, -4, -3, -9, -1, -2), mask).tolist() == [1]
    assert trials.points(cells(1, 0, 0, 0, 0.9, 0), mask).tolist() == [0]
    assert trials.share(cells(1, -7, 0, 0, 3, 0), mask).item() == pytest.approx(0.75)


def test_beside_what_decides_are_the_cells_around_it():
    mask = torch.zeros(1, 1, 24, 24, dtype=torch.bool)
    mask[..., :4, 20:] = True
    wide = trials.beside(mask)
    assert wide[..., :8, 16:].all() and wide.sum() == 64
    found = torch.zeros(1, 1, 6, 6)
    found[..., 1, 4] = 1
    assert trials.points(found, wide).item() == 1 and trials.points(found, mask).item() == 0


class TestCurve:
    def setup_method(self):
        self.model, (self.images, self.answers) = Straight(), pictures()
        self.found = torch.randn(3, 1, 6, 6, generator=torch.Generator().manual_seed(1))
        self.filling = fillings.grey(self.images)

    def of(self, **options):
        return trials.curve(self.model, self.images, self.answers, self.found, self.filling, **options)

    def probability(self, images):
        return self.model(images).softmax(1).gather(1, self.answers[:, None])[:, 0]

    def test_deletion_begins_with_the_picture_and_ends_with_the_filling(self):
        falls = self.of(counts=(0, 36))
        torch.testing.assert_close(falls[:, 0], self.probability(self.images))
        torch.testing.assert_close(falls[:, 1], self.probability(self.filling))
        assert torch.equal(self.of(counts=(0, 36), insert=True), falls.flip(1))

    def test_one_cell_by_hand(self):
        top = self.found[2].argmax().item()
        row, column = 4 * (top // 6), 4 * (top % 6)
        changed = self.images.clone()
        changed[2, 0, row : row + 4, column : column + 4] = self.filling[2, 0, 0, 0]
        assert self.of(counts=(1,))[2, 0].item() == pytest.approx(
            self.probability(changed)[2].item(), rel=1e-5
        )

    def test_what_is_deleted_is_what_insertion_puts_in(self):
        """k cells into the filling is the rest of the cells out of the picture, by the opposite map."""
        inserted = self.of(counts=(5,), insert=True)
        self.found = -self.found
        torch.testing.assert_close(inserted, self.of(counts=(31,)))


def test_alike_is_spearman_s_correlation():
    one = torch.tensor([1.0, 2, 3, 4]).view(1, 1, 2, 2)
    assert trials.alike(one, one.exp()).item() == pytest.approx(1)
    assert trials.alike(one, -one).item() == pytest.approx(-1)
    assert trials.alike(one, torch.ones_like(one)).item() == 0
    assert trials.alike(one, torch.tensor([1.0, 3, 2, 4]).view(1, 1, 2, 2)).item() == pytest.approx(0.8)


def test_fillings_differ_and_each_says_what_it_is():
    images, _ = pictures()
    assert (fillings.grey(images) == images.mean((1, 2, 3), keepdim=True)).all()
    assert torch.equal(fillings.another(images)[0], images[1])
    assert torch.equal(fillings.another(images)[2], images[0])
    assert fillings.blur(images).std() < 0.7 * images.std()
    assert fillings.blur(images).mean().item() == pytest.approx(images.mean().item(), abs=0.05)
    flat = torch.full((1, 1, 24, 24), 0.3)
    torch.testing.assert_close(fillings.blur(flat), flat)
    with pytest.raises(ValueError, match="at least two pictures"):
        fillings.another(images[:1])


def test_right_gives_the_first_that_are_answered_rightly():
    images, _ = pictures(6)
    answers = Straight()(images).argmax(1)
    labels = answers.clone()
    labels[[0, 3]] = (labels[[0, 3]] + 1) % 10
    assert trials.right(Straight(), images, labels, 3).tolist() == [1, 2, 4]
