"""Heads that learn a few labelled pictures are judged by all others, and by no picture that they learned."""

import pytest
import torch

from visual_attention.own import few_labels
from visual_attention.own.heads import ATTENTION, CLASS, MEAN

LABELS = torch.tensor([0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])


def tokens(found_at=None):
    """Classes that differ in one patch of seven, whose place changes; the class token knows nothing."""
    generator = torch.Generator().manual_seed(0)
    made = 0.3 * torch.randn(len(LABELS) * 5, 8, 4, generator=generator)
    labels = LABELS.repeat(5)
    place = 1 + torch.randint(7, (len(labels),), generator=generator)
    here = torch.arange(len(labels))
    made[here, place, 0] += 6
    made[here, place, 1] += 3.0 * (2 * labels - 1)
    return made, labels


def test_groups_have_as_many_of_each_and_share_nothing():
    groups = few_labels.groups(LABELS, each=3)
    assert groups.shape == (2, 12) and groups.sum(0).max() == 1
    for group in groups:
        assert torch.bincount(LABELS[group]).tolist() == [3, 3]


@pytest.mark.parametrize("each", [1, 4, 100])
def test_too_few_pictures_are_refused(each):
    with pytest.raises(ValueError, match="wanted from 2 to 3, for two groups, got"):
        few_labels.groups(LABELS, each=each)


def test_shares_count_only_those_who_did_not_learn():
    right = torch.tensor([[True, False, True], [True, True, False], [True, False, False]])
    learned = torch.tensor([[True, False, False], [False, True, False], [False, False, True]])
    torch.testing.assert_close(
        few_labels.shares(right, learned), torch.tensor([1.0, 0.0, 0.5], dtype=torch.float64)
    )


def test_attention_finds_the_patch_and_hangs_on_it():
    made, labels = tokens()
    ours = few_labels.judged(ATTENTION, made, labels, classes=2, each=10)
    blind = few_labels.judged(CLASS, made, labels, classes=2, each=10)
    assert ours.accuracy > 0.9 and abs(blind.accuracy - 0.5) < 0.25
    assert ours.right.shape == (60,) and len(ours.heads) == 3
    swapped = few_labels.with_weights_of_others(ours, made, labels)
    assert swapped.accuracy < ours.accuracy - 0.2 and swapped.pool == ATTENTION
    effect, low, high = few_labels.difference(ours, blind)
    assert effect == pytest.approx(ours.accuracy - blind.accuracy) and low < effect < high and low > 0


def test_weights_that_are_alike_everywhere_lose_nothing_when_they_change_places():
    made, labels = tokens()
    mean = few_labels.judged(MEAN, made, labels, classes=2, each=10)
    assert torch.equal(few_labels.with_weights_of_others(mean, made, labels).right, mean.right)
    assert few_labels.difference(mean, mean) == (0, 0, 0)
