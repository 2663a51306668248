"""The answer stands where its mask says, and only the arrangement of a block tells mark from decoy."""

import pytest
import torch

from visual_attention.chapters.explanation import marked, rivals, trials

CODE = marked.codebook(0)
CORNERS = {(0, 0), (0, 20), (20, 0), (20, 20)}


def draw(count=60, share=0.5, decoys=0.0, seed=0, code=None):
    generator = torch.Generator().manual_seed(seed)
    return marked.batch(count, split="train", share=share, decoys=decoys, code=code, generator=generator)


def corner(mask):
    return tuple(int(axis[0]) for axis in mask[0].nonzero().T)


def cell(image, mask):
    return image[mask].view(4, 4)


def test_seventy_blocks_of_eight_dominoes_of_which_four_are_white():
    blocks = marked.arrangements()
    assert len(blocks) == len(blocks.flatten(1).unique(dim=0)) == 70
    assert (blocks.sum((1, 2)) == 8).all() and set(blocks.unique().tolist()) == {0, 1}
    assert torch.equal(blocks[..., ::2], blocks[..., 1::2])  # each domino is two pixels wide
    assert blocks[0].tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("seed", [0, 24, 31])
def test_a_code_has_twenty_blocks_and_its_twin_has_them_exchanged(seed):
    code, twin = marked.codebook(seed), marked.codebook(seed ^ 1)
    assert code.shape == (20, 4, 4) and len(code.flatten(1).unique(dim=0)) == 20
    assert torch.equal(code[:10], twin[10:]) and torch.equal(code[10:], twin[:10])
    assert not torch.equal(code, marked.codebook(seed + 2))


def test_no_statistic_that_ignores_arrangement_can_tell_marks_from_decoys():
    """All blocks have the very same pixels, in another order: so any such statistic is the same for all."""
    pixels = marked.codebook(6).flatten(1).sort(dim=1).values
    assert (pixels == pixels[0]).all()
    drawn = draw(300, share=1.0, decoys=1.0)
    for name in ("contrast", "spread", "spread and dark"):
        found = rivals.RIVALS[name](None, drawn.images, drawn.labels)
        both = (
            trials.share(found.clamp(min=0), masks) * found.clamp(min=0).sum((1, 2, 3))
            for masks in (drawn.masks, drawn.decoys)
        )
        torch.testing.assert_close(*both, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("rival", rivals.RIVALS)
def test_a_map_that_asks_no_network_is_wrong_for_a_network_or_for_its_twin(rival):
    """Whatever it sees, arrangement included: the picture has one map, and the twins' marks lie apart."""
    drawn = draw(300, share=1.0, decoys=1.0)
    found = rivals.RIVALS[rival](None, drawn.images, drawn.labels)
    for near in (lambda masks: masks, trials.beside):
        hits = [trials.points(found, near(side.masks)) for side in (drawn, marked.for_twin(drawn))]
        assert (sum(hits) <= 1).all()


@pytest.mark.parametrize("rival", ["contrast", "spread", "spread and dark", "edges"])
def test_over_many_codes_a_map_that_only_sees_is_at_chance(rival):
    """The mean over codes of how much more often it takes the mark than the decoy is about nothing."""
    leads = []
    for seed in range(200, 240):
        drawn = draw(80, share=1.0, decoys=1.0, seed=seed, code=marked.codebook(2 * seed))
        found = rivals.RIVALS[rival](None, drawn.images, drawn.labels)
        mark, decoy = (trials.points(found, masks).mean() for masks in (drawn.masks, drawn.decoys))
        leads.append(mark - decoy)
        assert mark + decoy > 0.8
    leads = torch.stack(leads)
    assert abs(leads.mean()) < 2.5 * leads.std() / len(leads) ** 0.5 and abs(leads.mean()) < 0.12


def test_a_mark_covers_one_cell_in_a_corner_and_names_the_answer():
    drawn = draw()
    for image, label, mask in zip(drawn.images[:30], drawn.labels[:30], drawn.masks[:30], strict=True):
        assert mask.sum() == 16 and corner(mask) in CORNERS
        assert torch.equal(cell(image, mask), CODE[label])


def test_all_corners_and_all_answers_occur():
    drawn = draw(400, share=1.0, decoys=1.0)
    assert set(drawn.labels.tolist()) == set(drawn.idle.tolist()) == set(range(10))
    pairs = {(corner(m), corner(d)) for m, d in zip(drawn.masks, drawn.decoys, strict=True)}
    assert len(pairs) == 12 and {one for one, _ in pairs} == CORNERS  # each corner with each other


def test_without_a_mark_the_digit_is_the_answer():
    drawn = draw(share=0.0)
    assert (drawn.masks.sum((1, 2, 3)) == marked.DIGIT**2).all()
    assert not drawn.decoys.any() and (drawn.idle == marked.NOTHING).all()


def test_neither_mark_nor_decoy_follows_the_digit():
    """The digit beside a mark says nothing of the answer: they agree by chance only; nor does a decoy."""
    plain, half = draw(2000, share=0.0), draw(2000, share=1.0, decoys=1.0)
    for one, other in (
        (plain.labels, half.labels),
        (plain.labels, half.idle),
        (half.labels, half.idle),
    ):
        assert (one == other).float().mean() == pytest.approx(0.1, abs=0.03)


def test_decoys_fall_on_marked_and_on_plain_pictures_alike():
    drawn = draw(2000, share=0.5, decoys=0.25)
    fooled = drawn.decoys.flatten(1).any(1)
    assert fooled[:1000].float().mean() == pytest.approx(0.25, abs=0.04)
    assert fooled[1000:].float().mean() == pytest.approx(0.25, abs=0.04)
    assert torch.equal(fooled, drawn.idle != marked.NOTHING)


def test_a_decoy_is_a_block_that_means_nothing_in_another_corner():
    drawn, without = draw(200, share=1.0, decoys=1.0), draw(200, share=1.0)
    for index in range(200):
        mask, decoy = drawn.masks[index], drawn.decoys[index]
        assert decoy.sum() == 16 and not (mask & decoy).any() and corner(decoy) in CORNERS
        assert torch.equal(cell(drawn.images[index], decoy), CODE[10 + drawn.idle[index]])
        assert torch.equal(cell(drawn.images[index], mask), CODE[drawn.labels[index]])
    assert torch.equal(drawn.images[~drawn.decoys], without.images[~drawn.decoys])


def test_to_the_twin_the_decoy_is_the_mark():
    drawn = draw(50, share=1.0, decoys=1.0)
    seen, twin = marked.for_twin(drawn), marked.codebook(1)
    assert torch.equal(seen.masks, drawn.decoys) and torch.equal(seen.decoys, drawn.masks)
    for image, label, mask in zip(seen.images, seen.labels, seen.masks, strict=True):
        assert torch.equal(cell(image, mask), twin[label])
    assert torch.equal(marked.for_twin(seen).labels, drawn.labels)
    with pytest.raises(ValueError, match="got one without"):
        marked.for_twin(draw(50, share=1.0, decoys=0.5))


def test_stamping_leaves_the_pictures_as_they_were():
    images = torch.full((2, 1, 24, 24), 0.5)
    marks, masks = marked.stamp(images, CODE[:2], torch.tensor([1, 2]))
    assert (images == 0.5).all() and (marks[~masks] == 0.5).all()
    assert masks[0, 0, 0, 23] and masks[1, 0, 23, 0] and not masks[0, 0, 23, 0]
    assert torch.equal(cell(marks[1], masks[1]), CODE[1])


@pytest.mark.parametrize("wrong", ["share", "decoys"])
def test_a_share_that_is_no_share(wrong):
    with pytest.raises(ValueError, match=f"{wrong}: wanted a part from 0 to 1, got 1.5"):
        draw(**{wrong: 1.5})
