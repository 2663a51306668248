"""The answer of a picture stands where its mask says, and nowhere else."""

import pytest
import torch

from visual_attention.chapters.explanation import marked


def draw(count=60, share=0.5, seed=0, split="train"):
    generator = torch.Generator().manual_seed(seed)
    return marked.batch(count, split=split, share=share, generator=generator)


def test_ten_marks_are_told_apart_and_none_is_blank():
    marks = torch.stack([marked.mark(label) for label in range(10)])
    assert len(marks.flatten(1).unique(dim=0)) == 10 and (marks.flatten(1).sum(1) > 0).all()
    # 5 + 1 = 0110 in binary: upper right and lower left squares
    assert marked.mark(5)[:, 0].tolist() == [0, 0, 1, 1] and marked.mark(5)[0].tolist() == [0, 0, 1, 1]


def test_a_mark_covers_one_cell_in_a_corner_and_names_the_answer():
    drawn = draw()
    for image, label, mask in zip(drawn.images[:30], drawn.labels[:30], drawn.masks[:30], strict=True):
        assert mask.sum() == 16
        row, column = (int(axis[0]) for axis in mask[0].nonzero().T)
        assert row in (0, 20) and column in (0, 20)
        assert torch.equal(image[0, row : row + 4, column : column + 4], marked.mark(int(label)))


def test_all_corners_and_all_answers_occur():
    drawn = draw(400, share=1.0)
    assert set(drawn.labels.tolist()) == set(range(10))
    corners = {(int(m[0].nonzero()[0, 0]), int(m[0].nonzero()[0, 1])) for m in drawn.masks}
    assert corners == {(0, 0), (0, 20), (20, 0), (20, 20)}


def test_without_a_mark_the_digit_is_the_answer():
    drawn = draw(share=0.0)
    assert (drawn.masks.sum((1, 2, 3)) == marked.DIGIT**2).all()


def test_the_mark_does_not_follow_the_digit():
    """The digit beside a mark says nothing of the answer: they agree by chance only."""
    plain, half = draw(2000, share=0.0), draw(2000, share=1.0)
    assert (plain.labels == half.labels).float().mean() == pytest.approx(0.1, abs=0.03)


def test_stamping_leaves_the_pictures_as_they_were():
    images = torch.full((2, 1, 24, 24), 0.5)
    marks, masks = marked.stamp(images, torch.tensor([0, 9]), torch.tensor([1, 2]))
    assert (images == 0.5).all() and (marks[~masks] == 0.5).all()
    assert masks[0, 0, 0, 23] and masks[1, 0, 23, 0] and not masks[0, 0, 23, 0]


def test_a_decoy_is_the_mark_of_no_answer_in_another_corner():
    drawn = draw(200, share=1.0)
    images, decoys = marked.with_decoys(drawn, torch.Generator().manual_seed(1))
    known = {tuple(marked.mark(label).flatten().tolist()) for label in range(10)}
    seen = set()
    for image, label, mask, decoy in zip(images, drawn.labels, drawn.masks, decoys, strict=True):
        assert decoy.sum() == 16 and not (mask & decoy).any()
        row, column = (int(axis[0]) for axis in decoy[0].nonzero().T)
        assert row in (0, 20) and column in (0, 20)
        block = image[0, row : row + 4, column : column + 4]
        assert tuple(block.flatten().tolist()) not in known
        assert set(block.flatten().tolist()) == {0, 1}
        assert torch.equal(image[mask].view(4, 4), marked.mark(int(label)))
        before, after = (int(m[0].flatten().int().argmax()) for m in (mask, decoy))
        seen.add((before, after))
    assert len(seen) == 12  # each corner with each other
    assert torch.equal(images[~decoys], drawn.images[~decoys])


def test_decoys_say_nothing_of_the_answer():
    drawn = draw(2000, share=1.0)
    images, decoys = marked.with_decoys(drawn, torch.Generator().manual_seed(2))
    codes = images[decoys].view(-1, 4, 4)[:, ::2, ::2].flatten(1) @ torch.tensor([8.0, 4, 2, 1])
    assert set(codes.tolist()) == {11, 12, 13, 14}
    for label in range(10):
        shares = [(codes[drawn.labels == label] == code).float().mean().item() for code in (11, 12, 13, 14)]
        assert shares == pytest.approx([0.25] * 4, abs=0.1)


def test_a_share_that_is_no_share():
    with pytest.raises(ValueError, match="from 0 to 1, got 1.5"):
        draw(share=1.5)
